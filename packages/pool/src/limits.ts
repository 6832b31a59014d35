import { fillLimits } from "@tenantry/core";

/** What a pool may hold and how long it waits. */
export interface PoolLimits {
  /** Connections in all, those being opened and drained included. Defaults to 10,000. */
  readonly maxConnections: number;
  /** Connections of one user of one workspace, whatever the session or server. Defaults to 64. */
  readonly maxConnectionsPerUser: number;
  /** How long a connection stays open after its last lease, in milliseconds. Defaults to 300,000. */
  readonly idleTimeoutMs: number;
  /** How long opening one connection may take, in milliseconds. Defaults to 30,000. */
  readonly connectTimeoutMs: number;
  /** How long a caller waits for room under a cap, in milliseconds. Defaults to 30,000. */
  readonly acquireTimeoutMs: number;
  /** Callers of one user that wait for room, and connections that wait at the cap of all. Defaults to 1,000 each. */
  readonly maxWaiting: number;
  /** How long `close()` leaves leased connections to their users, in milliseconds. Defaults to 5,000. */
  readonly drainTimeoutMs: number;
}

/** The defaults of {@link PoolLimits}. */
export const defaultPoolLimits: PoolLimits = Object.freeze({
  maxConnections: 10_000,
  maxConnectionsPerUser: 64,
  idleTimeoutMs: 300_000,
  connectTimeoutMs: 30_000,
  acquireTimeoutMs: 30_000,
  maxWaiting: 1_000,
  drainTimeoutMs: 5_000,
});

/** Fills in the defaults; throws `CONFIG_INVALID`, naming the limit that there is not or that is out of its range. */
export function checkLimits(given?: Partial<PoolLimits>): PoolLimits {
  // Nothing is kept idle, nobody waits, nobody is waited for.
  return fillLimits(given, defaultPoolLimits, {
    mayBeZero: ["idleTimeoutMs", "maxWaiting", "drainTimeoutMs"],
  });
}
