import { closeSync, existsSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { Clock, StoreChange } from "@tenantry/core";
import { Kysely, sql, type RawBuilder } from "kysely";
import { unavailable, unreadable } from "../failure.ts";
import type { Backend, Db, Failure } from "../sql/backend.ts";
import { Watchers, type ChangedRow } from "../watchers.ts";
import { SqliteFileDialect } from "./dialect.ts";
import { failureOf, isBusy } from "./failure.ts";

/** "TNTY", which says in the file's header whose it is. */
const applicationId = 0x544e5459;
/** The longest pause before a locked database is tried again, in milliseconds. */
const longestPauseMs = 50;

interface SqliteBackendOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly busyTimeoutMs: number;
}

/** Keeps rows in one file. */
export class SqliteBackend implements Backend {
  readonly clock: Clock;
  readonly text = sql`text`;
  readonly integer = sql`integer`;
  readonly serial = sql`integer primary key autoincrement`;
  // There is one writer at a time, and a reader sees the database as it was when it began.
  readonly skipLocked = sql``;
  readonly shareLock = sql``;
  readonly #options: SqliteBackendOptions;
  readonly #watchers = new Watchers();

  constructor(options: SqliteBackendOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  now(): RawBuilder<number> {
    return sql`${Math.floor(this.clock.now())}`;
  }

  async open(): Promise<Kysely<unknown>> {
    await prepareFile(this.#options.path);
    // A wait of SQLite's own would stop the whole process.
    const database = new DatabaseSync(this.#options.path, { timeout: 0 });
    try {
      checkOwner(database);
      if (pragma(database, "journal_mode = wal") !== "wal") {
        throw unavailable(
          "The file system of the store cannot share memory between processes; use a local one.",
          {
            retryable: false,
          },
        );
      }
      // An acknowledged write survives a loss of power too.
      database.exec("pragma synchronous = full");
      return new Kysely<unknown>({ dialect: new SqliteFileDialect(database) });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Every transaction is the only writer from its start, so that there is nothing to wait for here. */
  async lockSchema(db: Db): Promise<void> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from sqlite_master`.execute(db);
    if (rows[0]?.count === 0) await sql`pragma application_id = ${sql.lit(applicationId)}`.execute(db);
    else await this.#checkOwner(db);
  }

  async publish(): Promise<void> {}

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this;
    const { busyTimeoutMs } = this.#options;
    // The pauses are added up: the clock may be set meanwhile.
    for (let waitedMs = 0, pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        return await work();
      } catch (error) {
        if (!isBusy(error) || waitedMs >= busyTimeoutMs) throw error;
      }
      const jitteredMs = pauseMs * (0.5 + Math.random() / 2);
      await new Promise<void>((resume) => clock.after(jitteredMs, resume, { keepAlive: true }));
      waitedMs += jitteredMs;
    }
  }

  failureOf(error: unknown): Failure {
    return failureOf(error);
  }

  watch(listener: (change: StoreChange) => void): Disposable {
    return this.#watchers.add(listener);
  }

  tell(changes: readonly ChangedRow[] | "resync"): void {
    this.#watchers.tell(changes);
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  async #checkOwner(db: Db): Promise<void> {
    const { rows } = await sql<{ application_id: number }>`pragma application_id`.execute(db);
    if (rows[0]?.application_id !== applicationId) throw foreign();
  }
}

/** SQLite would create it for everybody to read, and so its log beside it; and it would take one byte for none. */
async function prepareFile(path: string): Promise<void> {
  if (createFile(path)) return;
  // Only looked at: whoever closes a descriptor of a file gives up every lock that the process has on it.
  const { size } = await stat(path);
  // Pages are multiples of 512 bytes. What a crash left half-written is completed from the log.
  if (size % 512 !== 0 && !existsSync(`${path}-wal`)) {
    throw unreadable("The end of the store's file is missing; restore it from a backup.");
  }
}

/** Creates the file where there is none, in one go, so that nobody locks it before it is closed; says whether it did. */
function createFile(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}

/** Before anything is changed. An empty file is a new store. */
function checkOwner(database: DatabaseSync): void {
  const isEmpty = database.prepare("select 1 from sqlite_master limit 1").get() === undefined;
  if (!isEmpty && pragma(database, "application_id") !== applicationId) throw foreign();
}

function pragma(database: DatabaseSync, text: string): unknown {
  return Object.values(database.prepare(`pragma ${text}`).get() ?? {})[0];
}

function foreign(): Error {
  return unreadable("The file is a database of another program; give the store a file of its own.");
}
