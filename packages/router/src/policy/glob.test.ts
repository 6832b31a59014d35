import fc from "fast-check";
import { expect, it } from "vitest";
import { compileGlob } from "./glob.ts";

it.each([
  ["*", "", true],
  ["**", "anything", true],
  ["get_*", "get_", true],
  ["get_*", "Get_x", false],
  ["*_secret", "read_secret", true],
  ["*_secret", "read_secrets", false],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
  ["*aa*aa*", "aaa", false],
  ["a.b", "axb", false],
  ["file:///*", "file:///a?b", true],
  ["", "", true],
  ["", "a", false],
])("%j matches %j: %j", (glob, text, expected) => {
  expect(compileGlob(glob)(text)).toBe(expected);
});

it("matches what a regular expression of it would", () => {
  const some = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
  fc.assert(
    fc.property(some, text, (glob, given) => {
      const pattern = glob.replaceAll(".", String.raw`\.`).replaceAll("*", ".*");
      expect(compileGlob(glob)(given)).toBe(new RegExp(`^${pattern}$`, "u").test(given));
    }),
    { numRuns: 2_000 },
  );
});

it("takes no time that grows faster than its text, whatever the text", () => {
  const matches = compileGlob(`${"*a".repeat(200)}*b*`);
  const text = "a".repeat(100_000);
  const begun = performance.now();
  expect(matches(text)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(1_000);
});
