import { deepStrictEqual } from "node:assert";

/** Prints a fact and holds it against what it has to be; a false one ends the program with an error. */
export function check(what: string, actual: unknown, expected: unknown): void {
  deepStrictEqual(
    actual,
    expected,
    `${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  );
  console.log(`  ✓ ${what}: ${show(actual)}`);
}

/** Prints a heading. */
export function heading(text: string): void {
  console.log(`\n${text}`);
}

/** Prints rows of a table, and holds each against what it has to be. */
export function checkTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  expected: readonly (readonly string[])[],
): void {
  const widths = columns.map((name, column) =>
    Math.max(...[columns, ...rows].map((row) => (row[column] ?? name).length)),
  );
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`;
  console.log(line(columns));
  console.log(line(widths.map((width) => "-".repeat(width))));
  for (const row of rows) console.log(line(row));
  deepStrictEqual(rows, expected);
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
