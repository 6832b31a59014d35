import { fillLimits } from "@tenantry/core";
import { defaultTroubleLimits, type TroubleLimits } from "./trouble/limits.ts";

/** What a pool may hold and how long it waits. */
export interface PoolLimits extends TroubleLimits {
  /** Connections in all, those being opened and drained included; parked sessions are none, and as many again may be ending. Defaults to 10,000. */
  readonly maxConnections: number;
  /** Connections of one workspace, shared ones included. Defaults to `Infinity`. */
  readonly maxConnectionsPerWorkspace: number;
  /** Connections of one user of one workspace, whatever the session or server. Defaults to 64. */
  readonly maxConnectionsPerUser: number;
  /** Connections of one workspace to one server, or to one that everyone shares. Defaults to `Infinity`. */
  readonly maxConnectionsPerServer: number;
  /** Connections that are being opened to one origin at the same time. Defaults to 64. */
  readonly maxConnectsPerOrigin: number;
  /** Those of them that are for one user of one workspace. Defaults to 16. */
  readonly maxConnectsPerUser: number;
  /** Calls in flight of one user of one workspace. Defaults to 256. */
  readonly maxCallsPerUser: number;
  /** Calls in flight on one connection. Defaults to 128. */
  readonly maxCallsPerConnection: number;
  /**
   * Calls in flight of one user on a connection that several share, so that one user's hung calls leave the others
   * theirs; never more than half of `maxCallsPerConnection`. Defaults to 32.
   */
  readonly maxSharedCallsPerUser: number;
  /** Calls in flight to one origin, or of one workspace to a server without one. Defaults to 1,024. */
  readonly maxCallsPerServer: number;
  /** Callers of one user that wait for room, those that wait for their turn, and users in one line. Defaults to 1,000 each. */
  readonly maxWaiting: number;
  /** How long a connection stays open after its last lease, in milliseconds; it is parked then, or closed where it cannot be. Defaults to 300,000. */
  readonly idleTimeoutMs: number;
  /** How long a session stays parked, in milliseconds; it is ended at its server then. Defaults to 3,600,000. */
  readonly parkedTimeoutMs: number;
  /** Parked sessions; the longest parked is ended for another. Defaults to 100,000. */
  readonly maxParked: number;
  /** Parked sessions of one user of one workspace, whatever the server or credential, or of those who share a scope; one more is ended instead. Defaults to 64. */
  readonly maxParkedPerUser: number;
  /** How old a connection is lent, or its session gone on with, in milliseconds. Defaults to 86,400,000. */
  readonly maxLifetimeMs: number;
  /** How long opening one connection may take, in milliseconds. Defaults to 30,000. */
  readonly connectTimeoutMs: number;
  /** How long a caller waits for room under a cap or for its turn, and a provider may take to answer, in milliseconds. Defaults to 30,000. */
  readonly acquireTimeoutMs: number;
  /** How long `drain()` and `close()` leave leased connections to their users, in milliseconds. Defaults to 5,000. */
  readonly drainTimeoutMs: number;
}

/** The defaults of {@link PoolLimits}. */
export const defaultPoolLimits: PoolLimits = Object.freeze({
  ...defaultTroubleLimits,
  maxConnections: 10_000,
  maxConnectionsPerWorkspace: Number.POSITIVE_INFINITY,
  maxConnectionsPerUser: 64,
  maxConnectionsPerServer: Number.POSITIVE_INFINITY,
  maxConnectsPerOrigin: 64,
  maxConnectsPerUser: 16,
  maxCallsPerUser: 256,
  maxCallsPerConnection: 128,
  maxSharedCallsPerUser: 32,
  maxCallsPerServer: 1_024,
  maxWaiting: 1_000,
  idleTimeoutMs: 300_000,
  parkedTimeoutMs: 3_600_000,
  maxParked: 100_000,
  maxParkedPerUser: 64,
  maxLifetimeMs: 86_400_000,
  connectTimeoutMs: 30_000,
  acquireTimeoutMs: 30_000,
  drainTimeoutMs: 5_000,
});

/** How long what has ended is waited for, and counts, in milliseconds; connectors of ours need a few seconds. */
export const restTimeoutMs = 30_000;

/** Which limits may be 0: nothing is kept, nobody waits, nobody is waited for. */
export const poolLimitsFromZero = [
  "maxWaiting",
  "idleTimeoutMs",
  "parkedTimeoutMs",
  "maxParked",
  "maxParkedPerUser",
  "drainTimeoutMs",
] as const satisfies readonly (keyof PoolLimits)[];

/** Which limits may be `Infinity`. */
export const poolLimitsToInfinity = [
  "maxConnectionsPerWorkspace",
  "maxConnectionsPerServer",
] as const satisfies readonly (keyof PoolLimits)[];

/** Fills in the defaults; throws `CONFIG_INVALID`, naming the limit that there is not or that is out of its range. */
export function checkLimits(given?: Partial<PoolLimits>): PoolLimits {
  return fillLimits(given, defaultPoolLimits, {
    mayBeZero: poolLimitsFromZero,
    mayBeInfinite: poolLimitsToInfinity,
  });
}
