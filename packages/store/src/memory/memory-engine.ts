import type { Clock, Counter, CounterTable, StoreChange, StoreLease, Version } from "@tenantry/core";
import type {
  Engine,
  EntrySelection,
  PageRequest,
  Rows,
  StoredEntry,
  StoredRow,
  Target,
  Write,
} from "../engine.ts";
import { changedMeanwhile, closed, leaseEnded } from "../failure.ts";
import type { KeyTexts, Selection } from "../key.ts";
import { compareTexts } from "../text.ts";
import type { SliceShape } from "../slice-shape.ts";
import { Watchers } from "../watchers.ts";
import { MemoryAudit } from "./memory-audit.ts";
import { memoryCounters } from "./memory-counters.ts";
import { MemoryLeases } from "./memory-leases.ts";
import { MemoryTable, type Room } from "./memory-table.ts";
import { pageOf } from "./page-of.ts";

/** Keeps rows in maps. Every method runs to its end without a pause, which makes it a transaction. */
export class MemoryEngine implements Engine {
  readonly #clock: Clock;
  readonly #leases: MemoryLeases;
  readonly #counters: CounterTable;
  readonly #tables = new Map<string, MemoryTable>();
  readonly #watchers = new Watchers();
  readonly #room: Room;
  readonly #audit: MemoryAudit;
  #closing: Promise<void> | undefined;

  constructor(clock: Clock, maxLength: number) {
    this.#clock = clock;
    this.#room = { left: maxLength };
    this.#audit = new MemoryAudit(maxLength / 4);
    this.#leases = new MemoryLeases(clock);
    this.#counters = memoryCounters(clock);
  }

  async get(shape: SliceShape, key: KeyTexts): Promise<StoredRow | undefined> {
    return this.#table(shape).live(key, this.#clock.now());
  }

  async put(
    shape: SliceShape,
    key: KeyTexts,
    { ifVersion, lease, urgent: _always, ...row }: Write,
  ): Promise<void> {
    const table = this.#table(shape);
    if (lease && !this.#leases.isHeld(lease)) throw leaseEnded();
    const current = table.live(key, this.#clock.now());
    if ((current?.version ?? null) !== ifVersion) throw changedMeanwhile(ifVersion);
    table.sweep(this.#clock.now());
    table.set({ key, ...row });
    this.#watchers.tell([{ shape, key }]);
  }

  async delete(shape: SliceShape, key: KeyTexts, ifVersion: Version | undefined): Promise<void> {
    const table = this.#table(shape);
    const current = table.live(key, this.#clock.now());
    if (current === undefined) return;
    if (ifVersion !== undefined && current.version !== ifVersion) throw changedMeanwhile(ifVersion);
    table.delete(key);
    this.#watchers.tell([{ shape, key }]);
  }

  async page(
    shape: SliceShape,
    selection: Selection,
    request: PageRequest<KeyTexts>,
  ): Promise<Rows<StoredRow>> {
    const { after } = request;
    const rows = this.#table(shape)
      .select(selection, this.#clock.now())
      .filter(({ key }) => after === undefined || compareTexts(key, after) > 0)
      .sort((one, other) => compareTexts(one.key, other.key));
    return pageOf(rows, request.limit, ({ value }) => value.length);
  }

  async clear(targets: readonly Target[]): Promise<number> {
    const changes = targets.flatMap(({ shape, selection }) => {
      const table = this.#table(shape);
      const rows = table.select(selection, this.#clock.now());
      for (const { key } of rows) table.delete(key);
      return rows.map(({ key }) => ({ shape, key }));
    });
    this.#watchers.tell(changes);
    return changes.length;
  }

  async acquire(name: string, ttlMs: number): Promise<StoreLease | undefined> {
    this.#checkOpen();
    return this.#leases.acquire(name, ttlMs);
  }

  async renew(lease: StoreLease, ttlMs: number): Promise<StoreLease> {
    this.#checkOpen();
    return this.#leases.renew(lease, ttlMs);
  }

  async release(lease: StoreLease): Promise<void> {
    this.#checkOpen();
    this.#leases.release(lease);
  }

  async add(name: string, points: number, ttlMs: number): Promise<Counter> {
    this.#checkOpen();
    return this.#counters.add(name, points, ttlMs);
  }

  async counter(name: string): Promise<Counter | undefined> {
    this.#checkOpen();
    return this.#counters.get(name);
  }

  async resetCounter(name: string): Promise<void> {
    this.#checkOpen();
    this.#counters.reset(name);
  }

  async append(entry: StoredEntry["entry"], detail: string): Promise<void> {
    this.#checkOpen();
    this.#audit.append(entry, detail);
  }

  async entries(selection: EntrySelection, request: PageRequest<number>): Promise<Rows<StoredEntry>> {
    this.#checkOpen();
    return this.#audit.page(selection, request);
  }

  watch(listener: (change: StoreChange) => void): Disposable {
    this.#checkOpen();
    return this.#watchers.add(listener);
  }

  close(): Promise<void> {
    this.#tables.clear();
    this.#watchers.clear();
    return (this.#closing ??= Promise.resolve());
  }

  #table(shape: SliceShape): MemoryTable {
    this.#checkOpen();
    const known = this.#tables.get(shape.name);
    if (known) return known;
    const table = new MemoryTable(this.#room);
    this.#tables.set(shape.name, table);
    return table;
  }

  #checkOpen(): void {
    if (this.#closing) throw closed();
  }
}
