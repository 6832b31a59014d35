import type { Rows } from "../engine.ts";
import { maxPageLength } from "../page.ts";

/** The first rows, as many as a page may have and about as much text; one at least, if there is one. */
export function pageOf<R>(rows: readonly R[], limit: number, lengthOf: (row: R) => number): Rows<R> {
  let count = 0;
  for (let length = 0; count < Math.min(limit, rows.length) && length < maxPageLength; count++) {
    length += lengthOf(rows[count] as R);
  }
  return { rows: rows.slice(0, count), more: count < rows.length };
}
