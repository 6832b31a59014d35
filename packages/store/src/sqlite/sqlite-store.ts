import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fillLimits, systemClock, TenantryError, type Clock, type Store } from "@tenantry/core";
import { SqlEngine } from "../sql/sql-engine.ts";
import { storeOf } from "../store.ts";
import { SqliteBackend } from "./sqlite-backend.ts";

/** What a store in a SQLite file may use. */
export interface SqliteStoreLimits {
  /** How long a call waits for another process that writes, in milliseconds; defaults to 5,000, and 0 is not at all. */
  readonly busyTimeoutMs: number;
}

/** How a store in a SQLite file is created. */
export interface SqliteStoreOptions {
  /** What decides when rows and leases end; defaults to the system's clock, which all processes on the file share. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<SqliteStoreLimits> | undefined;
}

const defaults: SqliteStoreLimits = Object.freeze({ busyTimeoutMs: 5_000 });

/**
 * Creates a store in one SQLite file, for any number of processes on one machine. The first call opens the file, or
 * creates it for its owner alone; a file of another program is `STORE_INVALID` and is left as it is. `watch()` tells of
 * this store's own writes. Throws `CONFIG_INVALID`.
 */
export function sqliteStore(path: string | URL, options: SqliteStoreOptions = {}): Store {
  const { clock = systemClock, limits } = options;
  const { busyTimeoutMs } = fillLimits(limits, defaults, { mayBeZero: ["busyTimeoutMs"] });
  return storeOf(new SqlEngine(new SqliteBackend({ path: pathOf(path), clock, busyTimeoutMs })));
}

/** Made absolute now, because the first call may come after the process has changed its directory. */
function pathOf(path: unknown): string {
  if (path instanceof URL && path.protocol === "file:") return fileURLToPath(path);
  // These are names that SQLite does not take for a file.
  const isFile = typeof path === "string" && path !== "" && path !== ":memory:" && !/^file:|\0/u.test(path);
  if (isFile) return resolve(path);
  throw new TenantryError(
    "CONFIG_INVALID",
    "A SQLite store is given the path of a file, or its URL; for one in memory use memoryStore().",
  );
}
