import { isObject } from "../message.ts";
import type { Judge, RuleContext } from "./schema-rule.ts";
import { between, every, verdictOf, type Verdict } from "./schema-verdict.ts";

/** The value is of the type, or of one of the types. */
export const type: Judge = (value, wanted, { nullable }) => {
  const names: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  if (names.length === 0 || !names.every(isTypeName)) return "unusable";
  if (names.some((name) => isOfType[name](value))) return "holds";
  // OpenAPI's word, which JSON Schema does not know and many validators do.
  return value === null && nullable === true ? "unknown" : "breaks";
};

/** The value is one of those. */
export const enumeration: Judge = (value, wanted, _, context) => {
  if (!Array.isArray(wanted) || wanted.length === 0) return "unusable";
  return between(wanted, 1, wanted.length, (one) => equal(one, value, context));
};

/** The value is that one. */
export const constant: Judge = (value, wanted, _, context) => equal(wanted, value, context);

/** Compares a number with the one wanted. */
export function ofNumber(fits: (number: number, wanted: number) => boolean): Judge {
  return (value, wanted) => {
    if (typeof wanted !== "number") return "unusable";
    return verdictOf(typeof value !== "number" || fits(value, wanted));
  };
}

/** Compares the size of a value with the one wanted; a value that has no such size fits. */
export function ofSize(sizeOf: SizeOf, fits: (size: number, wanted: number) => boolean): Judge {
  return (value, wanted, _, context) => {
    if (typeof wanted !== "number") return "unusable";
    const size = sizeOf(value, context);
    return verdictOf(size === undefined || fits(size, wanted));
  };
}

/** Gives the size of a value, where it has one. */
type SizeOf = (value: unknown, context: RuleContext) => number | undefined;

/** How many items an array has. */
export const itemCount: SizeOf = (value) => (Array.isArray(value) ? value.length : undefined);

/** How many members an object has. */
export const memberCount: SizeOf = (value, context) =>
  isObject(value) ? context.namesOf(value).length : undefined;

/** How many Unicode characters a text has (RFC 8259). */
export const characterCount: SizeOf = (value, context) => {
  if (typeof value !== "string") return undefined;
  context.spend(value.length >> 3);
  let count = 0;
  for (const _ of value) count++;
  return count;
};

function equal(wanted: unknown, value: unknown, context: RuleContext): Verdict {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(value) || value.length !== wanted.length) return "breaks";
    return every(wanted, (one, index) => equal(one, value[index], context));
  }
  if (!isObject(wanted)) return verdictOf(wanted === value);
  if (!isObject(value)) return "breaks";
  if (context.isExhausted) return "unknown";
  const names = Object.keys(wanted);
  if (context.namesOf(value).length !== names.length) return "breaks";
  return every(names, (name) =>
    Object.hasOwn(value, name) ? equal(wanted[name], value[name], context) : "breaks",
  );
}

type TypeName = keyof typeof isOfType;

function isTypeName(name: unknown): name is TypeName {
  return typeof name === "string" && Object.hasOwn(isOfType, name);
}

const isOfType = Object.freeze({
  array: (value: unknown) => Array.isArray(value),
  boolean: (value: unknown) => typeof value === "boolean",
  integer: (value: unknown) => Number.isInteger(value),
  null: (value: unknown) => value === null,
  number: (value: unknown) => typeof value === "number",
  object: isObject,
  string: (value: unknown) => typeof value === "string",
});
