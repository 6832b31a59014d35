import fc from "fast-check";
import { expect, it } from "vitest";
import { compareText, decodeText, encodeText } from "./text.ts";

/** Mostly the characters that are spelled in another way, and those around the surrogates. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\0", "\u0001", "\u0002", "a", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

it("spells every text without U+0000, and back", () => {
  fc.assert(
    fc.property(text, (original) => {
      const encoded = encodeText(original);
      expect(encoded).not.toContain("\0");
      expect(decodeText(encoded)).toBe(original);
    }),
  );
});

it("orders texts as the bytes of UTF-8 are ordered, spelled or not", () => {
  const byBytes = (one: string, other: string) =>
    Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(Math.sign(compareText(one, other))).toBe(byBytes(one, other));
      expect(Math.sign(compareText(encodeText(one), encodeText(other)))).toBe(byBytes(one, other));
    }),
    { numRuns: 1_000 },
  );
});
