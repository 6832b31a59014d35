import {
  systemClock,
  type AcquireOptions,
  type Clock,
  type ConnectionPool,
  type Connector,
  type Poolable,
  type Target,
} from "@tenantry/core";
import { KeyedPool } from "./keyed-pool.ts";
import { checkLimits, type PoolLimits } from "./limits.ts";
import type { Selection } from "./selection.ts";
import type { PoolStats } from "./stats.ts";
import { steadyClock } from "./steady-clock.ts";

/** What a pool is made of. */
export interface PoolOptions<C extends Poolable<P>, P> {
  /** Opens the connections. */
  readonly connector: Connector<C, P>;
  /** Bounds that differ from the defaults of {@link PoolLimits}. */
  readonly limits?: Partial<PoolLimits>;
  /** Where time comes from; defaults to the system's clock. It may be set back and forward. */
  readonly clock?: Clock;
  /** Where chance comes from, as a number from 0 to less than 1; defaults to `Math.random`. */
  readonly random?: () => number;
}

/** Lends connections to many users and never one user's to another. */
export interface Pool<C> extends ConnectionPool<C>, AsyncDisposable {
  /**
   * Ends the selected connections at once, whoever uses them, and forgets their sessions; a credential that is being
   * resolved meanwhile is resolved again. A user's calls that wait for their turn on a connection that others share end
   * too; those in flight there go on, for the connection is not the user's: abort them by their signal. Resolves when nothing is left of them; it looks at every connection. Throws
   * `ARGUMENT_INVALID` for a selection that names nothing or something that there is not.
   */
  revoke(selection: Selection): Promise<void>;
  /**
   * Lends the selected connections to nobody new, and ends each with its last lease or after `drainTimeoutMs`. Resolves
   * when nothing is left of them; it looks at every connection. Throws `ARGUMENT_INVALID` as {@link revoke} does.
   */
  drain(selection: Selection): Promise<void>;
  /**
   * Lends the selected connections to nobody new, and ends each with its last lease, however long that takes. Resolves when
   * nothing is left of them; it looks at every connection. Throws `ARGUMENT_INVALID` as {@link revoke} does.
   */
  retire(selection: Selection): Promise<void>;
  /** Tells what the pool holds; it looks at every connection. */
  stats(): PoolStats;
  /**
   * Refuses new work with `CLOSED`, lets leased connections finish for `drainTimeoutMs` and closes everything, parked
   * sessions and what is left of a stopped opening included, for which it waits 30 s more at most. What had been ending for
   * so long before is given up already.
   * Gives the same promise every time; rejects when an endpoint cannot be given back, after all else is closed.
   */
  close(): Promise<void>;
}

/** Creates a pool. It opens nothing before it is asked; throws `CONFIG_INVALID` for a limit out of its range. */
export function createPool<C extends Poolable<P>, P>(options: PoolOptions<C, P>): Pool<C> {
  const { connector, clock = systemClock, random = Math.random } = options;
  const limits = checkLimits(options.limits);
  return poolOf(new KeyedPool({ connector, clock: steadyClock(clock), random, limits }));
}

/** What a host may see of a pool. */
export function poolOf<C extends Poolable<P>, P>(pool: KeyedPool<C, P>): Pool<C> {
  return Object.freeze({
    run: pool.run.bind(pool) as Pool<C>["run"],
    acquire: (target: Target, options: AcquireOptions) => pool.acquire(target, options),
    revoke: (selection: Selection) => pool.revoke(selection),
    drain: (selection: Selection) => pool.drain(selection),
    retire: (selection: Selection) => pool.retire(selection),
    stats: () => pool.stats(),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  });
}
