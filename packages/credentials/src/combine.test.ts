import {
  originOf,
  secret,
  type Credential,
  type CredentialRequest,
  type CredentialSource,
} from "@tenantry/core";
import fc from "fast-check";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { dependencies, failure, hosted, resolve, sent, thrown } from "../test/fixture.ts";
import { bearer, combine, env, fromContext, fromFunction, fromStatic, header } from "./index.ts";

const ask = { method: "POST", url: new URL("https://api.example.com/mcp") };
const key = header("x-api-key", fromContext("key"));
const token = bearer(fromContext("token"));
const both = combine([token, key]);
const context = { token: "t-ada", key: "k-ada" };

/** A source of somebody else's, such as one that signs each request. */
function foreign(
  parts: Partial<Credential>,
  onResolve?: (request: CredentialRequest) => void,
): CredentialSource {
  const credential = {
    subject: "s",
    generation: "g",
    origins: [originOf("https://api.example.com")],
    ...parts,
  };
  return { bind: () => ({ resolve: async (request) => (onResolve?.(request), credential) }) };
}

describe("combine", () => {
  test("sends the headers of all, and the variables of all", async () => {
    expect(await sent(await resolve(both, { context }))).toEqual({
      authorization: "Bearer t-ada",
      "x-api-key": "k-ada",
    });
    const variables = combine([env("A", fromStatic("1")), env("B", fromStatic("2"))]);
    expect(await sent(await resolve(variables, { server: hosted }))).toEqual({ A: "1", B: "2" });
  });

  test("gives frozen records and shows no secret", async () => {
    const credential = await resolve(both, { context });
    const headers = await credential?.headers?.(ask);
    for (const each of [credential, credential?.origins, headers]) expect(Object.isFrozen(each)).toBe(true);
    const shown = [both, both.bind(dependencies), credential, headers].map(
      (each) => inspect(each, { depth: null, showHidden: true }) + JSON.stringify(each),
    );
    expect(shown.join("\n")).not.toMatch(/t-ada|k-ada/u);
  });

  test("is the one source of a list of one, and nothing for a list of none", async () => {
    expect(combine([token])).toBe(token);
    expect(await resolve(combine([]))).toBeUndefined();
  });

  test("gives nothing where every part is optional and absent, and the rest where some are", async () => {
    const optional = combine([
      bearer(fromContext("token"), { required: false }),
      header("x-api-key", fromContext("key"), { required: false }),
    ]);
    expect(await resolve(optional)).toBeUndefined();
    expect(await sent(await resolve(optional, { context: { key: "k" } }))).toEqual({ "x-api-key": "k" });
  });

  test("fails with its first failing part and ends the others", async () => {
    let ended: unknown;
    const slow = fromFunction(({ signal }) => {
      signal.addEventListener("abort", () => (ended = signal.reason));
      return new Promise<string>(() => {});
    });
    const error = await failure(resolve(combine([bearer(slow), key])));
    expect(error).toMatchObject({ code: "CREDENTIAL_MISSING", slot: "x-api-key" });
    expect(ended).toBe(error);
  });

  test("passes the caller's abort through", async () => {
    const caller = new AbortController();
    const slow = bearer(fromFunction(() => new Promise<string>(() => {})));
    const resolving = failure(resolve(combine([slow, key]), { context, signal: caller.signal }));
    caller.abort("gone");
    expect(await resolving).toBe("gone");
  });

  test("refuses two shapes of one header or one variable where the list is written", () => {
    const pairs = [
      [token, header("Authorization", fromStatic("x"))],
      [key, header("X-API-KEY", fromStatic("x"))],
      [env("A", fromStatic("1")), env("A", fromStatic("2"))],
    ];
    for (const pair of pairs)
      expect(thrown(() => combine(pair))).toMatchObject({ code: "CREDENTIAL_INVALID" });
    expect(thrown(() => combine(["s3cret" as never]))).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });

  test("refuses one header or one variable twice from sources that tell it late", async () => {
    const record = { authorization: { value: secret("late"), replaces: false } };
    const late = await resolve(combine([token, foreign({ headers: async () => record })]), { context });
    const error = await failure(Promise.resolve(late?.headers?.(ask)));
    expect(error).toMatchObject({ code: "CREDENTIAL_INVALID", server: "github" });
    const variables = combine([env("A", fromStatic("1")), foreign({ env: { A: secret("2") } })]);
    expect(await failure(resolve(variables, { server: hosted }))).toMatchObject({
      code: "CREDENTIAL_INVALID",
    });
  });

  test("asks a source that signs requests for its headers each time", async () => {
    const seen: string[] = [];
    const signer = foreign({
      headers: async ({ method, url }) => {
        seen.push(`${method} ${url.pathname}`);
        return { dpop: { value: secret("proof"), replaces: true } };
      },
    });
    const credential = await resolve(combine([token, signer]), { context });
    expect(await credential?.headers?.(ask)).toHaveProperty("dpop.replaces", true);
    await credential?.headers?.({ method: "GET", url: new URL("https://api.example.com/other") });
    expect(seen).toEqual(["POST /mcp", "GET /other"]);
  });

  test("refuses parts that are bound to different origins, and takes the same ones in any order", async () => {
    const [a, b] = ["https://a.example", "https://b.example"] as const;
    const make = (one: readonly string[], two: readonly string[]) =>
      combine([bearer(fromStatic("t"), { origins: one }), header("x-k", fromStatic("k"), { origins: two })]);
    expect(await failure(resolve(make([a], [a, b])))).toMatchObject({
      code: "CREDENTIAL_INVALID",
      server: "github",
      message: expect.stringContaining("different origins") as string,
    });
    expect((await resolve(make([a, b], [b, a])))?.origins).toEqual([a, b]);
  });

  test("ends when the first of its parts ends", async () => {
    const parts = [foreign({ expiresAt: 50 }), foreign({ expiresAt: 20 }), foreign({})];
    expect((await resolve(combine(parts)))?.expiresAt).toBe(20);
    expect(await resolve(both, { context })).not.toHaveProperty("expiresAt");
  });

  test("has another subject where any part has, where parts change places, and where one is absent", async () => {
    const subjects = fc.array(fc.option(fc.string({ unit: fc.constantFrom(...'a,"[]') })), {
      minLength: 2,
      maxLength: 4,
    });
    const absent: CredentialSource = { bind: () => ({ resolve: async () => undefined }) };
    const resolved = (list: readonly (string | null)[]) =>
      resolve(combine(list.map((subject) => (subject === null ? absent : foreign({ subject })))));
    await fc.assert(
      fc.asyncProperty(subjects, subjects, async (one, two) => {
        const [a, b] = [await resolved(one), await resolved(two)];
        const none = one.every((each) => each === null) && two.every((each) => each === null);
        expect(a?.subject === b?.subject).toBe(none || JSON.stringify(one) === JSON.stringify(two));
      }),
      // An absent part is not a part with an empty subject.
      {
        examples: [
          [
            [null, "a"],
            ["", "a"],
          ],
        ],
      },
    );
  });

  test("tells each part which generation of its own was refused", async () => {
    const told: unknown[] = [];
    const part = (generation: string) => foreign({ generation }, ({ rejected }) => told.push(rejected));
    const source = combine([part("g,1"), bearer(fromContext("none"), { required: false }), part("g2")]);
    const challenge = { scheme: "bearer", parameters: {} };
    const generation = (await resolve(source))?.generation ?? "";
    await resolve(source, { rejected: { generation, challenge } });
    await resolve(source, { rejected: { generation: "somebody else's" } });
    expect(told).toEqual([
      ...[undefined, undefined],
      ...[
        { generation: "g,1", challenge },
        { generation: "g2", challenge },
      ],
      ...[undefined, undefined],
    ]);
  });

  test("tells every part of a refusal that was met without any credential", async () => {
    const told: unknown[] = [];
    const part = foreign({ generation: "g" }, ({ rejected }) => told.push(rejected));
    const rejected = { challenge: { scheme: "bearer", parameters: {} } };
    await resolve(combine([part, part]), { rejected });
    expect(told).toEqual([rejected, rejected]);
  });
});
