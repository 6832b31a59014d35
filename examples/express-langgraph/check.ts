import { deepStrictEqual } from "node:assert";

/** Prints a fact and holds it against what it has to be; a false one ends the program with an error. */
export function check(what: string, actual: unknown, expected: unknown): void {
  const shown = JSON.stringify(actual);
  deepStrictEqual(actual, expected, `${what}: expected ${JSON.stringify(expected)}, got ${shown}`);
  console.log(`  ✓ ${what}: ${typeof actual === "string" ? actual : shown}`);
}

/** Prints a heading. */
export function heading(text: string): void {
  console.log(`\n${text}`);
}
