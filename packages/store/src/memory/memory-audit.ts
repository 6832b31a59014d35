import type { EntrySelection, PageRequest, Rows, StoredEntry } from "../engine.ts";
import { pageOf } from "./page-of.ts";

/** The newest audit entries, up to a total length of their details; an entry counts for at least this much. */
const leastLength = 256;

/** Entries in the order in which they came. The oldest make room for new ones. */
export class MemoryAudit {
  readonly #maxLength: number;
  #entries: StoredEntry[] = [];
  #length = 0;
  #dropped = 0;
  #next = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  append(entry: StoredEntry["entry"], detail: string): void {
    this.#entries.push({ place: this.#next++, entry, detail });
    this.#length += lengthOf(detail);
    while (this.#length > this.#maxLength)
      this.#length -= lengthOf(this.#entries[this.#dropped++]?.detail ?? "");
    // Not each time, because what is left is moved.
    if (this.#dropped * 2 <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#dropped);
    this.#dropped = 0;
  }

  page({ workspace, user }: EntrySelection, { after = -1, limit }: PageRequest<number>): Rows<StoredEntry> {
    const selected = this.#entries.filter(
      ({ place, entry }, index) =>
        index >= this.#dropped &&
        place > after &&
        entry.workspace === workspace &&
        (user === undefined || entry.user === user),
    );
    return pageOf(selected, limit, ({ detail }) => detail.length);
  }
}

function lengthOf(detail: string): number {
  return leastLength + detail.length;
}
