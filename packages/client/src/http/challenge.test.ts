import { test as it, expect } from "vitest";
import { parseChallenge } from "./challenge.ts";

it.for([
  ["Bearer", { scheme: "Bearer", parameters: {} }],
  ["Bearer realm=x", { scheme: "Bearer", parameters: { realm: "x" } }],
  [
    'Bearer realm="a, b=\\"c\\"", Scope = "x y"',
    { scheme: "Bearer", parameters: { realm: 'a, b="c"', scope: "x y" } },
  ],
  [
    'Basic realm="files", Bearer error="invalid_token"',
    { scheme: "Bearer", parameters: { error: "invalid_token" } },
  ],
  ["Negotiate YWJj==, DPoP algs=ES256", { scheme: "DPoP", parameters: { algs: "ES256" } }],
  ['Basic realm="a", Digest nonce="b"', { scheme: "Basic", parameters: { realm: "a" } }],
  ["Bearer scope=first, scope=second", { scheme: "Bearer", parameters: { scope: "first" } }],
  [", ,Bearer  a=1 , , b=2", { scheme: "Bearer", parameters: { a: "1", b: "2" } }],
  ['Bearer realm="never ends', { scheme: "Bearer", parameters: {} }],
  ["", undefined],
  ["=", undefined],
  [undefined, undefined],
] as const)("reads %s", ([header, expected]) => {
  expect(parseChallenge(header)).toEqual(expected);
});

it("is not slowed down by a long one", () => {
  const started = performance.now();
  for (const piece of [" ", "a", ",", '"', "\\", "a=", 'a="', "Bearer a=b,"])
    parseChallenge(`Bearer ${piece.repeat(50_000)}`);
  expect(performance.now() - started).toBeLessThan(1_000);
});
