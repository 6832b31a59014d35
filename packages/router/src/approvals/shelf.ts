import type { ApprovalKey, Clock, Cursor, ServerId, Store, WorkspaceId } from "@tenantry/core";
import { recordOf, type ApprovalRecord } from "./record.ts";

/** How long what was read is used without a look at the store, in milliseconds … */
const freshMs = 30_000;
/** … and how long while such a look is under way: a store may not tell of what another process has revoked. */
const usableMs = 60_000;
/** From how many changed rows on all are read again. */
const readOneByOne = 8;

/** What is known of a row without its definitions. */
export interface Entry {
  readonly approved?: string | undefined;
  readonly pending?: { readonly hash: string; readonly at: number } | undefined;
}

/** Which server's rows are on a shelf. */
export interface ShelfOptions {
  readonly store: Pick<Store, "approvals">;
  readonly clock: Clock;
  readonly workspace: WorkspaceId;
  readonly server: ServerId;
}

/** What is approved of one server in one workspace, as far as it has been read; it is never written through. */
export class Shelf {
  readonly #options: ShelfOptions;
  /** What has changed since it was read, each with how often. */
  readonly #stale = new Map<string, number>();
  #rows: Map<string, Entry> | undefined;
  #readAt = 0;
  #reading: Promise<void> | undefined;
  #resyncs = 0;
  /** Which lists are approved as a whole, as long as nothing is read anew or changes. */
  #approved = new WeakSet<object>();

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** The entry, `null` where there is none, and `undefined` where it has to be {@link entry read}. */
  peek(id: string): Entry | null | undefined {
    if (!this.#isUsable() || this.#stale.has(id)) return undefined;
    return this.#rows?.get(id) ?? null;
  }

  /** Reads the entry where it is not known; rejects as the store does. */
  async entry(id: string, key: ApprovalKey): Promise<Entry | null> {
    const known = this.peek(id);
    if (known !== undefined) return known;
    if (!this.#stale.has(id) || this.#stale.size > readOneByOne) await this.#read();
    // It may have changed while all were read.
    return this.peek(id) ?? (await this.#readOne(id, key));
  }

  /** Whether everything of a list that changes no more was found to be approved, and still is. */
  holds(list: object): boolean {
    return this.#approved.has(list) && this.#isUsable();
  }

  /** Notes that everything of a list is approved; what was settled for it before is told by `since`. */
  hold(list: object, since: unknown): void {
    if (this.#isUsable() && since === this.#approved) this.#approved.add(list);
  }

  /** Something else once anything was read anew or has changed. */
  get state(): unknown {
    return this.#approved;
  }

  /** Says that a row has changed, or is about to. */
  changed(id: string): void {
    this.#approved = new WeakSet();
    this.#stale.set(id, (this.#stale.get(id) ?? 0) + 1);
  }

  /** Says that anything may have changed. */
  resync(): void {
    this.#rows = undefined;
    this.#approved = new WeakSet();
    this.#resyncs++;
  }

  /** Whether what was read is young enough; what is not so young is read anew meanwhile. */
  #isUsable(): boolean {
    const age = this.#options.clock.now() - this.#readAt;
    if (this.#rows === undefined || age < 0 || age >= usableMs) return false;
    // Whoever needs what was read after all hears of the failure then.
    if (age >= freshMs) this.#read().catch(() => {});
    return true;
  }

  async #readOne(id: string, key: ApprovalKey): Promise<Entry | null> {
    const changes = this.#stale.get(id);
    const row = await this.#options.store.approvals.get(key);
    const entry = row === undefined ? null : entryOf(recordOf(row.value));
    if (this.#rows !== undefined && this.#stale.get(id) === changes) {
      this.#stale.delete(id);
      if (entry === null) this.#rows.delete(id);
      else this.#rows.set(id, entry);
    }
    return entry;
  }

  #read(): Promise<void> {
    return (this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined)));
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const { clock, workspace, server, store } = this.#options;
      const resyncs = this.#resyncs;
      const stale = new Map(this.#stale);
      const readAt = clock.now();
      const rows = new Map<string, Entry>();
      for (let after: Cursor | undefined, more = true; more; more = after !== undefined) {
        const page = await store.approvals.list({ workspace, server }, { after, limit: 1_000 });
        for (const { key, value } of page.rows) rows.set(idOf(key), entryOf(recordOf(value)));
        // A row that cannot be read is there, and approves nothing.
        for (const key of page.broken ?? []) rows.set(idOf(key), {});
        after = page.next;
      }
      if (resyncs !== this.#resyncs) continue;
      for (const [id, changes] of stale) if (this.#stale.get(id) === changes) this.#stale.delete(id);
      this.#rows = rows;
      this.#approved = new WeakSet();
      this.#readAt = readAt;
      return;
    }
  }
}

/** What tells the rows of one server apart. */
export function idOf({ kind, name }: Pick<ApprovalKey, "kind" | "name">): string {
  return `${kind}:${name}`;
}

function entryOf({ approved, pending }: ApprovalRecord): Entry {
  return { approved: approved?.hash, pending: pending && { hash: pending.hash, at: pending.at } };
}
