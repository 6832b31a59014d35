import {
  TenantryError,
  type AbortableOptions,
  type Cursor,
  type KeyedRow,
  type Sealer,
  type Slice,
} from "@tenantry/core";
import { despiteConflicts } from "../conflicts.ts";
import { isSealedRow, sealedFor } from "./sealed-row.ts";

/** How rows are sealed anew. */
export interface ResealOptions<K> extends AbortableOptions {
  /** Where an earlier run has stopped, as its last progress said. */
  readonly after?: Cursor | undefined;
  /** Is told after every page, and awaited; what it is told last is where to go on. */
  readonly onPage?: (progress: ResealProgress) => void | Promise<void>;
  /** Is told of every row that does not open, or holds no JSON; such a row is left as it is. */
  readonly onBroken?: (key: K) => void;
  /** How many rows are read at once; defaults to 100, and 1,000 are the most. */
  readonly pageSize?: number | undefined;
}

/** How far a run has come. */
export interface ResealProgress {
  /** Rows that were sealed with another key and are now sealed with the current one. */
  readonly resealed: number;
  /** Rows that have nothing to be sealed anew. */
  readonly kept: number;
  /** Rows that do not open, or hold no JSON. */
  readonly broken: number;
  /** Where to go on; absent: that was all. */
  readonly next?: Cursor;
}

/**
 * Seals every row of a slice with the sealer's current key, page by page, and gives the counts of this run. A row that is
 * written meanwhile is never overwritten with what it held before. An abort rejects with its reason between two rows; a
 * run that was ended goes on with `after`, or from the start, where what is done is passed over.
 */
export async function reseal<K extends object>(
  slice: Pick<Slice<K>, "scan" | "get" | "put">,
  sealer: Sealer,
  { after, onPage, onBroken, pageSize, signal }: ResealOptions<K> = {},
): Promise<ResealProgress> {
  const counts = { resealed: 0, kept: 0, broken: 0 };
  let cursor = after;
  do {
    signal?.throwIfAborted();
    const { rows, broken = [], next } = await slice.scan({ after: cursor, limit: pageSize });
    for (const row of rows) {
      signal?.throwIfAborted();
      const outcome = await resealRow(slice, sealer, row);
      counts[outcome]++;
      if (outcome === "broken") onBroken?.(row.key);
    }
    counts.broken += broken.length;
    for (const key of broken) onBroken?.(key);
    await onPage?.(Object.freeze({ ...counts, ...(next !== undefined && { next }) }));
    cursor = next;
  } while (cursor !== undefined);
  return Object.freeze(counts);
}

async function resealRow<K extends object>(
  slice: Pick<Slice<K>, "get" | "put">,
  sealer: Sealer,
  { key, ...first }: KeyedRow<K>,
): Promise<"resealed" | "kept" | "broken"> {
  try {
    return await despiteConflicts(async (number) => {
      const row = number === 1 ? first : await slice.get(key);
      if (row === undefined || !isSealedRow(row.value) || !sealer.isStale(row.value.sealed)) return "kept";
      const owner = sealedFor(row.value.kind, key);
      const sealed = await sealer.seal(await sealer.open(row.value.sealed, owner), owner);
      await slice.put(key, { ...row.value, sealed }, { ifVersion: row.version, expiresAt: row.expiresAt });
      return "resealed";
    });
  } catch (failure) {
    const code = failure instanceof TenantryError ? failure.code : undefined;
    if (code === "SEAL_BROKEN" || code === "STORE_INVALID") return "broken";
    throw failure;
  }
}
