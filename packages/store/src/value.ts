import { isPlainObject, TenantryError, type Json } from "@tenantry/core";
import { invalid, unreadable } from "./failure.ts";

/** How deep a value may nest. */
const maxDepth = 64;

/**
 * The JSON text of a value; throws `ARGUMENT_INVALID` where JSON cannot hold it as it is, where it nests deeper than 64
 * levels, or where it takes more than `maxBytes`, 1 MiB by default.
 */
export function encodeValue(value: unknown, maxBytes = 1_048_576): string {
  const text = textOf(value, maxBytes);
  // A unit of text takes three bytes at most, and most values are far from the bound.
  if (text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes)
    throw tooLarge(maxBytes);
  return text;
}

/** Code of the value's own may run meanwhile, and fail or give another value each time; what it throws is not told. */
function textOf(value: unknown, maxBytes: number): string {
  try {
    check(value, 0, { left: maxBytes, maxBytes });
    const text: unknown = JSON.stringify(value);
    if (typeof text === "string") return text;
  } catch (failure) {
    if (failure instanceof TenantryError) throw failure;
  }
  throw notJson("getters or a toJSON()");
}

/** The value of a JSON text that was stored; throws `STORE_INVALID`. */
export function decodeValue(text: unknown): Json {
  try {
    if (typeof text === "string") return JSON.parse(text) as Json;
  } catch {
    // What the parser says quotes the text, which may hold a secret.
  }
  throw unreadable("A row of the store does not hold JSON; restore it from a backup or delete it.");
}

interface Budget {
  left: number;
  readonly maxBytes: number;
}

/** What is counted off on the way ends the walk of a value that holds itself, or one part very often. */
function check(value: unknown, depth: number, budget: Budget): void {
  budget.left -= typeof value === "string" ? value.length + 2 : 1;
  if (budget.left < 0) throw tooLarge(budget.maxBytes);
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return;
    throw notJson(String(value));
  }
  if (typeof value !== "object") throw notJson(typeof value);
  if (depth === maxDepth) throw invalid(`The value nests deeper than ${maxDepth} levels; flatten it.`);
  if (Array.isArray(value)) {
    // By index, so that a hole is seen.
    for (let at = 0; at < value.length; at++) check(value[at], depth + 1, budget);
    return;
  }
  checkPlain(value);
  for (const [key, part] of Object.entries(value)) {
    check(key, depth, budget);
    check(part, depth + 1, budget);
  }
}

function checkPlain(value: object): void {
  if (!isPlainObject(value)) throw notJson("an instance of a class");
  if (Object.getOwnPropertySymbols(value).length > 0) throw notJson("a symbol as a key");
}

function notJson(what: string): Error {
  return invalid(`The value holds ${what}, which JSON cannot; leave it out or convert it.`);
}

function tooLarge(maxBytes: number): Error {
  return invalid(`The value takes more than ${maxBytes} bytes; split it.`);
}
