import type { StoredRow } from "../engine.ts";
import { unavailable } from "../failure.ts";
import type { KeyTexts, Selection } from "../key.ts";

/** How many rows a write looks at for expired ones: more than it adds, so that they cannot pile up. */
const sweptAtOnce = 8;

/** How much more text fits into all tables together, in characters. */
export interface Room {
  left: number;
}

/** The rows of one slice. */
export class MemoryTable {
  readonly #rows = new Map<string, StoredRow>();
  readonly #room: Room;
  #sweep: IterableIterator<[string, StoredRow]> | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** The row, unless it has expired. */
  live(key: KeyTexts, now: number): StoredRow | undefined {
    const row = this.#rows.get(idOf(key));
    return row && isLive(row, now) ? row : undefined;
  }

  /** The rows that have these parts in their keys, in no particular order. */
  select(selection: Selection, now: number): StoredRow[] {
    const matches = ({ key }: StoredRow) =>
      selection.every((text, index) => text === undefined || key[index] === text);
    return [...this.#rows.values()].filter((row) => isLive(row, now) && matches(row));
  }

  /** Throws `STORE_UNAVAILABLE` where the memory that the store may take is full. */
  set(row: StoredRow): void {
    const id = idOf(row.key);
    const needed = lengthOf(id, row) - this.#lengthOf(id);
    if (needed > this.#room.left) {
      throw unavailable("The store in memory is full; delete rows, or use one on disk.", {
        retryable: false,
      });
    }
    this.#room.left -= needed;
    this.#rows.set(id, row);
  }

  delete(key: KeyTexts): void {
    this.#remove(idOf(key));
  }

  /** Goes on through the rows from where the last sweep stopped. */
  sweep(now: number): void {
    for (let looks = 0; looks < sweptAtOnce; looks++) {
      this.#sweep ??= this.#rows.entries();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      const [id, row] = next.value;
      if (!isLive(row, now)) this.#remove(id);
    }
  }

  #remove(id: string): void {
    this.#room.left += this.#lengthOf(id);
    this.#rows.delete(id);
  }

  #lengthOf(id: string): number {
    const row = this.#rows.get(id);
    return row ? lengthOf(id, row) : 0;
  }
}

/** With about what a row takes beside its text. */
function lengthOf(id: string, { value }: StoredRow): number {
  return 256 + id.length + value.length;
}

function idOf(key: KeyTexts): string {
  return JSON.stringify(key);
}

function isLive({ expiresAt }: StoredRow, now: number): boolean {
  return expiresAt === null || expiresAt > now;
}
