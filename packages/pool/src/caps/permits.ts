import { TenantryError, type AbortableOptions, type Clock, type Principal } from "@tenantry/core";
import { keyOf, principalKey, type Counted } from "../keys.ts";
import { Bound, type BoundOptions } from "./bound.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { PermitWait, type WaitBook } from "./permit-wait.ts";
import { StaleList } from "./stale-list.ts";
import { Tally } from "./tally.ts";

/** What permits are given by. */
export interface PermitsOptions {
  readonly clock: Clock;
  /** How many of one user may wait; those of a scope without a user are counted by connection. */
  readonly maxWaiting: number;
  /** How long one waits, in milliseconds; without it, until its signal aborts. */
  readonly timeoutMs?: number;
  /** The bounds of what one user does on one connection, none before one that lies within it. */
  readonly boundsOf: (
    target: Counted,
    connection: string,
    user: string | undefined,
  ) => readonly BoundOptions[];
}

/** How one permit is waited for. */
export interface PermitWaitOptions extends AbortableOptions {
  /** Holds the wait meanwhile, for whoever ends what the permit is for. */
  readonly others?: Set<PermitWait>;
  /** Who waits, where those of several wait for one connection. */
  readonly principal?: Principal | undefined;
}

/** What one connection needs permits for: made once by {@link Permits.lane}, used for every permit. */
export type PermitLane = Lane<PermitWait>;

/** Lets so many do something at a time, under several bounds at once; users come in turns at each of them. */
export class Permits {
  readonly #options: PermitsOptions;
  readonly #lanes = new Lanes<PermitWait, Bound>({
    admit: (wait) => wait.admitted(),
    makeBound: (options) => new Bound(options),
  });
  readonly #book: WaitBook;

  constructor(options: PermitsOptions) {
    const { clock, timeoutMs } = options;
    const expire = (wait: PermitWait) => wait.expired(timeoutMs ?? 0);
    const times = timeoutMs === undefined ? undefined : new StaleList({ clock, timeoutMs, expire });
    this.#options = options;
    this.#book = { waiting: new Tally(), times };
  }

  /** How many lanes and bounds are kept; 0 when every lane was dropped. */
  get size(): number {
    return this.#lanes.size;
  }

  /**
   * Gives the lane of one connection, the same one for the same `connection`; it ends with {@link drop}. Those who share a
   * connection come in turns of their own where `turn` tells them apart: each has a lane beside the connection's.
   */
  lane(target: Counted, connection: string, turn?: string): PermitLane {
    const user = turn ?? principalKey(target.scope);
    const party = turn ?? (target.scope.share === "user" ? user : connection);
    const key = turn === undefined ? connection : keyOf(connection, turn);
    const isUser = turn !== undefined || target.scope.share === "user";
    const bounds = this.#options.boundsOf(target, connection, isUser ? user : undefined);
    return this.#lanes.hold({ key, user, party, bounds });
  }

  /** Takes back one {@link lane}, after the last {@link leave} and the last {@link wait}. */
  drop(lane: PermitLane): void {
    this.#lanes.drop(lane);
  }

  /** Takes a permit where there is room and nobody waits for it; tells whether it did. {@link leave} gives it back. */
  enter(lane: PermitLane): boolean {
    return lane.enter();
  }

  /** Gives a permit back, and lets those in who wait for it. */
  leave(lane: PermitLane): void {
    lane.leave();
  }

  /**
   * Waits for a permit, which {@link leave} gives back; resolves to `false` where what it is for ends before. Rejects with
   * the signal's reason, or with `POOL_EXHAUSTED` at once where as many of the user wait as may, and when the time is over.
   */
  wait(lane: PermitLane, { signal, others, principal }: PermitWaitOptions = {}): Promise<boolean> {
    const { maxWaiting } = this.#options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (lane.enter()) return resolve(true);
      if (this.#book.waiting.of(lane.party) >= maxWaiting) throw tooManyWaiting(maxWaiting);
      new PermitWait(this.#book, { lane, signal, others, principal, resolve, reject });
    });
  }
}

function tooManyWaiting(maxWaiting: number): TenantryError {
  const why = `${maxWaiting} of this user wait for others to end already; try again later.`;
  return new TenantryError("POOL_EXHAUSTED", why, { retryable: true });
}
