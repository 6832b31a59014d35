/** How a pool deals with servers in trouble. */
export interface TroubleLimits {
  /** Failures in a row before calls are refused. Defaults to 5. */
  readonly breakerThreshold: number;
  /** The longest delay before the first trial of a server that is left alone, in milliseconds. Defaults to 1,000. */
  readonly breakerBaseMs: number;
  /** The longest delay between two trials, in milliseconds; it doubles up to here. Defaults to 32,000. */
  readonly breakerMaxMs: number;
  /** How long without a failure until delays begin anew and trouble is forgotten, in milliseconds. Defaults to 60,000. */
  readonly breakerStableMs: number;
  /** How long a server's `Retry-After` holds calls back at most, in milliseconds. Defaults to 300,000. */
  readonly maxHoldMs: number;
  /** Troubles that are remembered without a connection; the oldest is forgotten for another. Defaults to 10,000. */
  readonly maxTroubles: number;
  /** Those of one user of one workspace, or of those who share a scope. Defaults to 256. */
  readonly maxTroublesPerUser: number;
}

/** The defaults of {@link TroubleLimits}. */
export const defaultTroubleLimits: TroubleLimits = Object.freeze({
  breakerThreshold: 5,
  breakerBaseMs: 1_000,
  breakerMaxMs: 32_000,
  breakerStableMs: 60_000,
  maxHoldMs: 300_000,
  maxTroubles: 10_000,
  maxTroublesPerUser: 256,
});
