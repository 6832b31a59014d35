import {
  TenantryError,
  type Counter,
  type StoreChange,
  type StoreLease,
  type UrgentOptions,
  type Version,
} from "@tenantry/core";
import { sql, type Transaction } from "kysely";
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
import { changedMeanwhile, leaseEnded } from "../failure.ts";
import type { KeyTexts, Selection } from "../key.ts";
import type { SliceShape } from "../slice-shape.ts";
import type { ChangedRow } from "../watchers.ts";
import { insertEntry, selectEntries } from "./audit-queries.ts";
import type { Backend } from "./backend.ts";
import { Connection } from "./connection.ts";
import { addPoints, deleteCounter, selectCounter } from "./counter-queries.ts";
import { endLease, extendLease, insertLease, isHeld } from "./lease-queries.ts";
import { selectPage } from "./page-query.ts";
import {
  deleteRow,
  deleteSome,
  insertRow,
  keyColumns,
  live,
  matching,
  selectRow,
  storedRow,
  updateRow,
  type RowColumns,
} from "./row-queries.ts";
import { Sweeper } from "./sweeper.ts";

/** How many rows one statement deletes at most. */
const deletedAtOnce = 1_000;
/** How many changes of one write are told one by one. */
const toldOneByOne = 100;

/** Keeps rows in a SQL database. */
export class SqlEngine implements Engine {
  readonly #backend: Backend;
  readonly #connection: Connection;
  readonly #sweeper: Sweeper;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#connection = new Connection(backend);
    this.#sweeper = new Sweeper(this.#connection, backend);
  }

  get(shape: SliceShape, key: KeyTexts, options?: UrgentOptions): Promise<StoredRow | undefined> {
    return this.#connection.read((db) => selectRow(db, shape, key, this.#backend.now()), options);
  }

  async put(shape: SliceShape, key: KeyTexts, write: Write): Promise<void> {
    const { ifVersion, lease } = write;
    await this.#change(async (tx) => {
      if (lease && !(await isHeld(tx, lease, this.#backend))) throw leaseEnded();
      const writes = ifVersion === null ? insertRow : updateRow;
      if (!(await writes(tx, shape, key, write, this.#backend.now()))) throw changedMeanwhile(ifVersion);
      return [{ shape, key }];
    }, write);
    await this.#sweeper.afterWrite();
  }

  async delete(shape: SliceShape, key: KeyTexts, ifVersion: Version | undefined): Promise<void> {
    await this.#change(async (tx) => {
      if (await deleteRow(tx, shape, key, ifVersion)) return [{ shape, key }];
      const isThere = ifVersion !== undefined && (await selectRow(tx, shape, key, this.#backend.now()));
      if (isThere) throw changedMeanwhile(ifVersion);
      return [];
    });
  }

  async page(
    shape: SliceShape,
    selection: Selection,
    request: PageRequest<KeyTexts>,
  ): Promise<Rows<StoredRow>> {
    const { after, limit } = request;
    const columns = keyColumns(shape);
    const further = after === undefined ? sql`true` : sql`(${columns}) > (${sql.join(after)})`;
    const { rows, more } = await this.#connection.read((db) =>
      selectPage<RowColumns>(db, {
        table: shape.table,
        columns: sql`${columns}, value, version, expires_at`,
        order: columns,
        text: "value",
        where: sql`${matching(shape, selection)} and ${live(this.#backend.now())} and ${further}`,
        limit,
      }),
    );
    return { rows: rows.map((row) => storedRow(shape, row)), more };
  }

  async clear(targets: readonly Target[]): Promise<number> {
    let count = 0;
    await this.#change(async (tx) => {
      const told: ChangedRow[] = [];
      count = 0;
      for (const { shape, selection } of targets) {
        for (let deleted = deletedAtOnce; deleted === deletedAtOnce;) {
          const where = matching(shape, selection);
          const rows = await deleteSome(tx, shape, where, deletedAtOnce, this.#backend.now());
          const alive = rows.filter(({ isLive }) => isLive);
          deleted = rows.length;
          count += alive.length;
          if (count <= toldOneByOne) told.push(...alive.map(({ key }) => ({ shape, key })));
        }
      }
      return count <= toldOneByOne ? told : "resync";
    });
    return count;
  }

  acquire(name: string, ttlMs: number): Promise<StoreLease | undefined> {
    return this.#connection.write((tx) => insertLease(tx, name, ttlMs, this.#backend.now()));
  }

  async renew(lease: StoreLease, ttlMs: number): Promise<StoreLease> {
    const renewed = await this.#connection.write((tx) => extendLease(tx, lease, ttlMs, this.#backend.now()));
    if (renewed === undefined) throw leaseEnded();
    return renewed;
  }

  release(lease: StoreLease): Promise<void> {
    return this.#connection.write((tx) => endLease(tx, lease), { urgent: true });
  }

  async add(name: string, points: number, ttlMs: number): Promise<Counter> {
    const addition = { name, points, ttlMs };
    const counter = await this.#connection.write((tx) => addPoints(tx, addition, this.#backend.now()));
    await this.#sweeper.afterWrite();
    return counter;
  }

  counter(name: string): Promise<Counter | undefined> {
    return this.#connection.read((db) => selectCounter(db, name, this.#backend.now()));
  }

  resetCounter(name: string): Promise<void> {
    return this.#connection.write((tx) => deleteCounter(tx, name));
  }

  append(entry: StoredEntry["entry"], detail: string): Promise<void> {
    return this.#connection.write((tx) => insertEntry(tx, entry, detail));
  }

  entries(selection: EntrySelection, request: PageRequest<number>): Promise<Rows<StoredEntry>> {
    return this.#connection.read((db) => selectEntries(db, selection, request));
  }

  watch(listener: (change: StoreChange) => void): Disposable {
    this.#connection.checkOpen();
    return this.#backend.watch(listener);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Does a write and tells of what it changed: other processes with the write, this one after it. */
  async #change(
    work: (tx: Transaction<unknown>) => Promise<readonly ChangedRow[] | "resync">,
    options?: UrgentOptions,
  ): Promise<void> {
    const write = async (tx: Transaction<unknown>) => {
      const changes = await work(tx);
      if (changes === "resync" || changes.length > 0) await this.#backend.publish(tx, changes);
      return changes;
    };
    try {
      this.#backend.tell(await this.#connection.write(write, options));
    } catch (failure) {
      // It may have been done. Others hear of it from the database then, and those in this process from nobody.
      if (failure instanceof TenantryError && failure.delivery === "unknown") this.#backend.tell("resync");
      throw failure;
    }
  }
}
