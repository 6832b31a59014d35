import fc from "fast-check";
import { expect, test } from "vitest";
import { createFingerprint } from "./fingerprint.ts";

test("gives the same for the same text, another for any other, and tells nothing of it", () => {
  const fingerprint = createFingerprint();
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(fingerprint(one) === fingerprint(other)).toBe(one === other);
      expect(fingerprint(one)).toMatch(/^[\w-]{43}$/u);
    }),
  );
});

test("is another one each time it is drawn", () => {
  expect(createFingerprint()("token")).not.toBe(createFingerprint()("token"));
});
