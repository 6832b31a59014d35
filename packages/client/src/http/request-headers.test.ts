import { secret, type Origin } from "@tenantry/core";
import { test as it, expect } from "vitest";
import { redact, spokenSecrets } from "./request-headers.ts";

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
