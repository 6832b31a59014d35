import { fillLimits, systemClock, type Clock, type Store } from "@tenantry/core";
import { SqlEngine } from "../sql/sql-engine.ts";
import { storeOf } from "../store.ts";
import { connectOptions, type PostgresConnection } from "./connect-options.ts";
import { PostgresBackend } from "./postgres-backend.ts";

/** What a store in Postgres may use. */
export interface PostgresStoreLimits {
  /** How many connections the store has at most, besides the one that listens where there are watchers; defaults to 4. */
  readonly maxConnections: number;
  /** How long a call waits for a connection, in milliseconds; defaults to 10,000. */
  readonly connectTimeoutMs: number;
  /** How long a statement may take, in milliseconds; defaults to 10,000. */
  readonly statementTimeoutMs: number;
}

/** How a store in Postgres is created. */
export interface PostgresStoreOptions {
  /** What its pauses are measured with; when rows and leases end, the database's own clock decides. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<PostgresStoreLimits> | undefined;
}

const defaults: PostgresStoreLimits = Object.freeze({
  maxConnections: 4,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
});

/**
 * Creates a store in a Postgres database with the encoding UTF8, for any number of machines. Its tables have names that
 * begin with `tenantry_`. The first call connects. `watch()` tells of the writes of all processes; it needs a connection
 * that is not shared between transactions, so that a pooler in front has to pool sessions. Throws `CONFIG_INVALID`.
 */
export function postgresStore(
  connection: string | PostgresConnection,
  options: PostgresStoreOptions = {},
): Store {
  const { clock = systemClock, limits } = options;
  const backend = new PostgresBackend({
    connection: connectOptions(connection),
    clock,
    limits: fillLimits(limits, defaults),
  });
  return storeOf(new SqlEngine(backend));
}
