import type { Clock, Connector, Poolable } from "@tenantry/core";
import type { Capacity } from "./caps/capacity.ts";
import type { Permits } from "./caps/permits.ts";
import type { Entry } from "./entry.ts";
import type { PoolLimits } from "./limits.ts";
import type { Parked } from "./parking/parked.ts";
import type { Troubles } from "./trouble/troubles.ts";

/** What an entry needs of its pool. */
export interface EntryHost<C extends Poolable<P>, P> {
  readonly connector: Connector<C, P>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly capacity: Capacity;
  /** Who may call. */
  readonly calls: Permits;
  readonly troubles: Troubles;
  /** Whether the pool takes no new work. */
  readonly isClosed: boolean;
  /** The entry is lent to nobody new. */
  retired(entry: Entry<C, P>): void;
  /** The entry has ended; `ending` settles when nothing is left of it. */
  ended(entry: Entry<C, P>, ending: Promise<void>): void;
  /** A session is left at rest. */
  parked(parked: Parked<P>): void;
  /** A session is left that nobody goes on with; settles when it is ended. */
  dropped(parked: Parked<P>): Promise<void>;
  /** An opening was stopped; `rest` settles when nothing is left of it. */
  stopped(rest: Promise<void>): void;
}
