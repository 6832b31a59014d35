import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";

/** Lets SQLite look at its whole file: every page, every index, every row. */
export function checkIntegrity(path: string): void {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    assert.deepEqual(
      database
        .prepare("pragma integrity_check")
        .all()
        .map((row) => Object.values(row)),
      [["ok"]],
    );
  } finally {
    database.close();
  }
}
