/** The time for which one holder has a name to itself. */
export interface StoreLease {
  readonly name: string;
  /** Higher for every later holder of the name, so that a write of an earlier one can be told apart. */
  readonly fence: number;
  /** When it ends unless it is renewed, by the store's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Names that one holder at a time has, in all processes that use the store. The store's own clock decides; where it is
 * set back by more than ten seconds, the younger ones of the leases have ended.
 */
export interface Leases {
  /** Gives the lease, or `undefined` while somebody holds it; `ttlMs` is at most a day. */
  acquire(name: string, options: { readonly ttlMs: number }): Promise<StoreLease | undefined>;
  /** Makes the lease last from now, with the same fence; rejects with `STORE_CONFLICT` where it has ended. */
  renew(lease: StoreLease, options: { readonly ttlMs: number }): Promise<StoreLease>;
  /** Ends the lease early; does nothing where it has ended. */
  release(lease: StoreLease): Promise<void>;
}

/** How often something has happened in a time that began with the first of it. */
export interface Counter {
  readonly points: number;
  /** When it ends and the next one begins at nothing, by the store's clock, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/**
 * Numbers that all processes that use the store add to, for as long as each lasts. The store's own clock decides; where it
 * is set back by more than ten seconds, the younger ones have ended. Nobody is told of changes.
 */
export interface Counters {
  /**
   * Adds `points`, a whole number from 1 to 1,000,000, at once for everybody, and gives what they come to. Where there is
   * no counter or it has ended, one begins that lasts `ttlMs`, which is at most a day.
   */
  add(name: string, points: number, options: { readonly ttlMs: number }): Promise<Counter>;
  get(name: string): Promise<Counter | undefined>;
  /** Ends the counter; does nothing where there is none. */
  reset(name: string): Promise<void>;
}
