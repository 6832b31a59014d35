import { secret } from "@tenantry/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ada, failure, resolve, sent, thrown } from "../test/fixture.ts";
import { bearer, fromContext, fromEnv, fromStatic } from "./index.ts";

const nothing = ["", "   ", "\t\n", undefined, null, 7, true, {}, ["t"], Symbol("t"), () => "t"];

describe("fromStatic", () => {
  test("gives its text, or its secret, to every user", async () => {
    expect(await sent(await resolve(bearer(fromStatic("t-1"))))).toEqual({ authorization: "Bearer t-1" });
    expect(await sent(await resolve(bearer(fromStatic(secret("t-2")))))).toEqual({
      authorization: "Bearer t-2",
    });
  });

  test.for(nothing)("counts %o as no value", async (value) => {
    const error = await failure(resolve(bearer(fromStatic(value as string))));
    expect(error).toMatchObject({ code: "CREDENTIAL_MISSING" });
  });
});

describe("fromEnv", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("reads the variable anew each time, and not before", async () => {
    const source = bearer(fromEnv("TENANTRY_TEST_TOKEN"));
    vi.stubEnv("TENANTRY_TEST_TOKEN", "first");
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer first" });
    vi.stubEnv("TENANTRY_TEST_TOKEN", "second");
    expect(await sent(await resolve(source))).toEqual({ authorization: "Bearer second" });
  });

  test("gives nothing for a variable that is not set, empty or only inherited", async () => {
    vi.stubEnv("TENANTRY_TEST_TOKEN", "");
    for (const name of ["TENANTRY_TEST_TOKEN", "TENANTRY_TEST_UNSET", "constructor", "__proto__"]) {
      const error = await failure(resolve(bearer(fromEnv(name))));
      expect(error).toMatchObject({
        code: "CREDENTIAL_MISSING",
        message: expect.stringContaining(`the environment variable "${name}"`) as string,
      });
    }
  });

  test("gives nothing where there is no process", async () => {
    vi.stubGlobal("process", undefined);
    try {
      const error = await failure(resolve(bearer(fromEnv("PATH"))));
      expect(error).toMatchObject({ code: "CREDENTIAL_MISSING" });
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("fromContext", () => {
  const source = bearer(fromContext("githubToken"));

  test("reads the asking request's own entry, as text or as a secret", async () => {
    const text = await resolve(source, { context: { githubToken: "t-ada" } });
    const wrapped = await resolve(source, { context: { githubToken: secret("t-bob") } });
    expect(await sent(text)).toEqual({ authorization: "Bearer t-ada" });
    expect(await sent(wrapped)).toEqual({ authorization: "Bearer t-bob" });
    expect(text?.subject).not.toBe(wrapped?.subject);
  });

  test("keeps nothing from one request to the next", async () => {
    await resolve(source, { context: { githubToken: "t-ada" } });
    expect(await failure(resolve(source))).toMatchObject({ code: "CREDENTIAL_MISSING" });
  });

  test("works with a deeply frozen context and leaves it as it is", async () => {
    const context = Object.freeze({
      githubToken: "t-ada",
      more: Object.freeze({ list: Object.freeze([1]) }),
    });
    await resolve(source, { context });
    expect(context).toEqual({ githubToken: "t-ada", more: { list: [1] } });
  });

  test.for(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "gives nothing for %s, which every object inherits",
    async (name) => {
      const context = Object.create({ [name]: "inherited" }) as Record<string, unknown>;
      const error = await failure(resolve(bearer(fromContext(name)), { context }));
      expect(error).toMatchObject({ code: "CREDENTIAL_MISSING" });
    },
  );

  test.for(nothing)("counts %o as no value", async (githubToken) => {
    const error = await failure(resolve(source, { context: { githubToken } }));
    expect(error).toMatchObject({ code: "CREDENTIAL_MISSING" });
  });

  test("says which entry is missing", async () => {
    const error = await failure(resolve(source));
    expect(error).toMatchObject({
      code: "CREDENTIAL_MISSING",
      server: "github",
      slot: "authorization",
      delivery: "unsent",
      retryable: false,
      message:
        '[CREDENTIAL_MISSING] The credential "authorization" of the server "github" has no value; provide "githubToken" in the context of the asking user.',
    });
  });

  test("fails where the context has an entry that throws", async () => {
    const cause = new Error("no session");
    const context = {
      get githubToken(): string {
        throw cause;
      },
    };
    expect(await failure(resolve(source, { context }))).toMatchObject({ code: "CREDENTIAL_FAILED", cause });
  });

  test.for([
    [{ share: "workspace", workspace: ada.workspace }, 'share: "workspace"'],
    [{ share: "everyone" }, 'share: "everyone"'],
    [{ share: "discovery", workspace: ada.workspace }, "discovery happens before there is a user"],
  ] as const)("never gives a user's value to the scope %o, and says why", async ([scope, why]) => {
    const error = await failure(resolve(source, { scope, context: { githubToken: "t-ada" } }));
    expect(error).toMatchObject({
      code: "CREDENTIAL_MISSING",
      message: expect.stringContaining(why) as string,
    });
  });
});

test("a source without a name is refused where it is made", () => {
  for (const make of [fromEnv, fromContext]) {
    for (const name of ["", "  ", undefined as never, 3 as never]) {
      expect(thrown(() => make(name))).toMatchObject({ code: "CREDENTIAL_INVALID" });
    }
  }
});
