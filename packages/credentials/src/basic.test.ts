import fc from "fast-check";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { clock, dependencies, failure, request, resolve, sent, thrown } from "../test/fixture.ts";
import { basic, combine, bearer, fromContext, fromFunction, fromStatic } from "./index.ts";

test("sends the name and the password as RFC 7617 has them", async () => {
  const { authorization } = await sent(await resolve(basic("Aladdin", fromStatic("open sesame"))));
  expect(authorization).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  expect(await sent(await resolve(basic("test", fromStatic("123£"))))).toEqual({
    authorization: "Basic dGVzdDoxMjPCow==",
  });
});

test("decodes to what was given, whatever that is", async () => {
  const text = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((one) => one.trim() !== "");
  const name = text.filter((one) => !one.includes(":"));
  await fc.assert(
    fc.asyncProperty(name, text, async (user, password) => {
      fc.pre(!/\p{Cc}/u.test(user + password));
      const { authorization = "" } = await sent(await resolve(basic(user, fromStatic(password))));
      expect(Buffer.from(authorization.slice(6), "base64").toString()).toBe(`${user}:${password}`);
    }),
  );
});

test("takes each half from a source of its own, at once where both are at hand", async () => {
  const both = basic(fromContext("user"), fromContext("password"));
  const context = { user: "ada", password: "p:w" };
  expect(await sent(await resolve(both, { context }))).toEqual({
    authorization: `Basic ${btoa("ada:p:w")}`,
  });
  expect(both.bind(dependencies).resolve(request({ context }))).not.toBeInstanceOf(Promise);
  const later = basic(
    "ada",
    fromFunction(async () => "pw"),
  );
  expect(await sent(await resolve(later))).toEqual({ authorization: `Basic ${btoa("ada:pw")}` });
  expect(clock.waiting).toBe(0);
});

test("has no value where one of the halves has none", async () => {
  const both = basic(fromContext("user"), fromContext("password"));
  for (const context of [{ user: "ada" }, { password: "pw" }, { user: " ", password: "pw" }])
    expect(await failure(resolve(both, { context }))).toMatchObject({
      code: "CREDENTIAL_MISSING",
      message: expect.stringContaining('"user" in the context of the asking user, and "password"') as string,
    });
});

test.for([
  ["a:b", "pw"],
  ["ada", "p\nw"],
  ["a\u0000da", "pw"],
  ["ada", "half \ud800"],
])("refuses what cannot be sent, without showing it (%#)", async ([user = "", password = ""]) => {
  const error = await failure(resolve(basic(user, fromStatic(password))));
  expect(error).toMatchObject({ code: "CREDENTIAL_INVALID" });
  expect((error as Error).message).not.toContain(password);
  expect(inspect(basic(user, fromStatic("s3cret")), { depth: null, showHidden: true })).not.toContain(
    "s3cret",
  );
});

test("sets the header that bearer() sets, and takes no value for a source", () => {
  expect(thrown(() => combine([basic("a", fromStatic("b")), bearer(fromStatic("t"))]))).toMatchObject({
    code: "CREDENTIAL_INVALID",
  });
  expect(thrown(() => basic("ada", "s3cret" as never))).toMatchObject({ code: "CREDENTIAL_INVALID" });
});
