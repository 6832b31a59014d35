import { runInNewContext } from "node:vm";
import { secret, type Credential, type HttpEndpoint, type Origin } from "@tenantry/core";
import { describe, test as it, expect } from "vitest";
import { boundHeaders, redact, spokenSecrets } from "./request-headers.ts";

it("leaves no end of a secret of which another is the beginning", () => {
  expect(redact("a s3cret-key-longer b", ["s3cret-key", "s3cret-key-longer"])).toBe("a [redacted] b");
});

it("hides whole values, their parts and a Basic password, but no word that is too short to be one", () => {
  const headers = { authorization: secret(`Basic ${btoa("ada:pass:word")}`), "x-key": secret("short") };
  const spoken = spokenSecrets(
    { origins: ["https://a.example" as Origin], headers },
    new URL("https://a.example"),
  );
  expect(spoken).toEqual([
    `Basic ${btoa("ada:pass:word")}`,
    btoa("ada:pass:word"),
    btoa("ada:pass:word").replaceAll("=", ""),
    "pass:word",
    "short",
  ]);
  expect(redact("Basic ada pass:word short", spoken)).toBe("Basic ada [redacted] [redacted]");
});

it.for([
  ["Bearer abcdef123456", "Bearer token abcdef123456", "Bearer token [redacted]"],
  ["Token token=abcdef123456", "Token abcdef123456", "Token [redacted]"],
  ["session=abcdef123456; a=b", "no abcdef123456, a b", "no [redacted], a b"],
  ['k="abcdef"', "no abcdef", "no [redacted]"],
  ["user:abcdef\tghijkl,mnopqr", "abcdef ghijkl mnopqr", "[redacted] [redacted] [redacted]"],
  ["x1", "no x1", "no [redacted]"],
  ["", "all of it", "all of it"],
] as const)("hides the parts of the header %j in %j", ([header, said, shown]) => {
  const bound = { origins: [], headers: { "x-any": secret(header) } };
  expect(redact(said, spokenSecrets(bound, new URL("https://a.example/mcp")))).toBe(shown);
});

it("hides the values in the query of the url, as they are written and as they are meant", () => {
  const url = new URL("https://a.example/mcp?key=abc%2Fdef-ghi&v=1&b4r3-key");
  const spoken = spokenSecrets({ origins: [], headers: {} }, url);
  expect(redact("abc%2Fdef-ghi abc/def-ghi b4r3-key 1", spoken)).toBe("[redacted] [redacted] [redacted] 1");
});

it("hides all of two secrets that overlap", () => {
  expect(redact("xabcdefghy", ["abcdef", "efgh"])).toBe("x[redacted]y");
  expect(redact("aXaXa red", ["aXa", "red"])).toBe("[redacted] [redacted]");
});

describe("the headers that a credential gives", () => {
  const url = new URL("https://a.example/mcp");
  const endpoint: HttpEndpoint = { kind: "http", url, provenance: "code", headers: {} };
  /** What is bound to a request where the credential gives this. */
  const bound = async (given: unknown) => {
    const headers = () => given as ReturnType<NonNullable<Credential["headers"]>>;
    const origins = [url.origin as Origin];
    return boundHeaders(endpoint, { subject: "ada", generation: "1", origins, headers }, "POST");
  };
  const own = { authorization: { value: secret("Bearer abcdef"), replaces: false } };
  const foreign = runInNewContext(
    "({ promise: (value) => Promise.resolve(value), object: (value) => ({ ...value }) })",
  ) as {
    promise(value: unknown): unknown;
    object(value: unknown): unknown;
  };

  it.for([
    ["an object", own],
    ["an object without a prototype", Object.assign(Object.create(null) as object, own)],
    ["an object of another realm", foreign.object(own)],
    ["a promise", Promise.resolve(own)],
    ["a promise of another realm", foreign.promise(own)],
    ["a thenable", { then: (take: (value: unknown) => void) => take(own) }],
    ["a thenable function", Object.assign(() => {}, { then: (take: (value: unknown) => void) => take(own) })],
  ] as const)("are sent where they come as %s", async ([, given]) => {
    expect((await bound(given)).headers).toEqual({ authorization: own.authorization.value });
  });

  const wrong: readonly (readonly [string, unknown])[] = [
    ["nothing", undefined],
    ["null", null],
    ["a text", "Bearer abcdef"],
    ["a function", () => own],
    ["a list", [own]],
    ["Headers", new Headers({ authorization: "Bearer abcdef" })],
    ["a map", new Map(Object.entries(own))],
    ["plain texts", { authorization: "Bearer abcdef" }],
    ["a value that is no secret", { authorization: { value: "Bearer abcdef", replaces: false } }],
    ["a secret without its entry", { authorization: own.authorization.value }],
    ["an empty entry", { authorization: undefined }],
    ["a secret of no text", { authorization: { value: { reveal: () => 1 }, replaces: false } }],
  ];

  it.for(wrong)("are refused where they are %s, at once or later", async ([, given]) => {
    const refusal = expect.objectContaining({ code: "CREDENTIAL_INVALID" }) as unknown;
    for (const one of [given, Promise.resolve(given), foreign.promise(given)]) {
      const failure: unknown = await bound(one).catch((reason: unknown) => reason);
      expect(failure).toEqual(refusal);
      expect(String(failure)).not.toContain("abcdef");
    }
  });

  const failing: readonly (readonly [string, () => unknown])[] = [
    ["a promise", () => Promise.reject(new Error("No key"))],
    ["a promise of another realm", () => runInNewContext("Promise.reject(new Error('No key'))")],
    ["a thenable", () => ({ then: (_: unknown, fail: (cause: Error) => void) => fail(new Error("No key")) })],
  ];

  it.for(failing)("fail with their cause where %s fails", async ([, give]) => {
    await expect(bound(give())).rejects.toMatchObject({
      code: "CREDENTIAL_FAILED",
      cause: { message: "No key" },
    });
  });
});
