import { invalid } from "./failure.ts";

/** Checks that a value is text that every backend can keep; throws `ARGUMENT_INVALID`. */
export function checkText(value: unknown, what: string): string {
  if (typeof value !== "string") throw invalid(`Give ${what} as text; it is of type ${typeof value}.`);
  if (!value.isWellFormed()) throw invalid(`Repair ${what}: it is not well-formed Unicode.`);
  return value;
}

/** Spells text without U+0000, which Postgres cannot hold, so that the order of code points stays as it was. */
export function encodeText(text: string): string {
  return text.replace(/[\0\u0001]/gu, (character) => (character === "\0" ? "\u0001\u0001" : "\u0001\u0002"));
}

/** Text as it was before {@link encodeText}. */
export function decodeText(text: string): string {
  return text.replace(/\u0001[\u0001\u0002]/gu, (pair) => (pair === "\u0001\u0001" ? "\0" : "\u0001"));
}

/** Orders texts by code point, as databases do; JavaScript's own order differs beyond U+FFFF. */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const unit = one.charCodeAt(at);
    const otherUnit = other.charCodeAt(at);
    if (unit === otherUnit) continue;
    // A surrogate stands for a code point above all that take one unit.
    if (isSurrogate(unit) !== isSurrogate(otherUnit)) return isSurrogate(unit) ? 1 : -1;
    return unit - otherUnit;
  }
  return one.length - other.length;
}

/** Orders lists of texts by the first that differs. */
export function compareTexts(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < one.length; at++) {
    const order = compareText(one[at] ?? "", other[at] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
