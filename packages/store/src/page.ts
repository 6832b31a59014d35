import type { Cursor, PageOptions } from "@tenantry/core";
import { invalid } from "./failure.ts";

/** About how much JSON text one page holds, in characters; the row that goes beyond it is its last. */
export const maxPageLength = 8 * 1_048_576;

/** How many rows a page may have; throws `ARGUMENT_INVALID`. */
export function limitOf({ limit = 100 }: PageOptions): number {
  if (!Number.isInteger(limit) || limit < 1) throw invalid("A page's limit is a whole number from 1.");
  return Math.min(limit, 1000);
}

/** Where a list goes on. `list` tells it from every other list, so that a cursor of another one is not taken for one of it. */
export function cursorOf(list: readonly unknown[], place: readonly (string | number)[]): Cursor {
  return encodeURIComponent(JSON.stringify([list, place]));
}

/** The place that a cursor names, if there is a cursor; throws `ARGUMENT_INVALID` where it is not one of this list. */
export function placeOf<P extends readonly (string | number)[]>(
  list: readonly unknown[],
  cursor: unknown,
  isPlace: (place: readonly unknown[]) => boolean,
): P | undefined {
  if (cursor === undefined) return undefined;
  const place = parse(list, cursor);
  if (place === undefined || !isPlace(place)) {
    throw invalid(
      "That cursor is not from this list; begin without one, or give the `next` of its last page.",
    );
  }
  return place as P;
}

function parse(list: readonly unknown[], cursor: unknown): readonly unknown[] | undefined {
  if (typeof cursor !== "string" || cursor.length > longestCursor) return undefined;
  try {
    const parsed: unknown = JSON.parse(decodeURIComponent(cursor));
    if (!Array.isArray(parsed) || parsed.length !== 2 || !Array.isArray(parsed[1])) return undefined;
    const isOfList = JSON.stringify(parsed[0]) === JSON.stringify(list);
    return isOfList ? (parsed[1] as readonly unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Two keys of the longest kind, with each byte escaped twice over. */
const longestCursor = 2 * 2_600 * 9;
