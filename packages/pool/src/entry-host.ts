import type { Poolable } from "@tenantry/core";
import type { Accounts } from "./account.ts";
import type { Callers } from "./caps/callers.ts";
import type { Capacity } from "./caps/capacity.ts";
import type { Entry } from "./entry.ts";
import type { PoolLimits } from "./limits.ts";
import type { OpeningHost } from "./opening.ts";
import type { PoolKey } from "./keys.ts";
import type { Parked } from "./parking/parked.ts";
import type { Resolved } from "./resolver.ts";
import type { Admitted } from "./standing.ts";
import type { CheckedTarget } from "./targets.ts";

/** What an entry begins with. */
export interface EntryParts<P> extends Admitted {
  readonly key: PoolKey;
  /** Tells it from others of its key. */
  readonly id: string;
  readonly target: CheckedTarget;
  readonly resolved: Resolved;
  /** The session that goes on in it. */
  readonly parked: Parked<P> | undefined;
}

/** What an entry needs of its pool. */
export interface EntryHost<C extends Poolable<P>, P> extends OpeningHost<C, P>, Accounts {
  readonly limits: PoolLimits;
  readonly capacity: Capacity;
  readonly callers: Callers;
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
}
