import { TenantryError, type AbortableOptions, type Clock } from "@tenantry/core";
import { Bound, type BoundOptions } from "./bound.ts";
import { turnKey, type Counted } from "./keys.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { Tally } from "./tally.ts";

/** What permits are given by. */
export interface PermitsOptions {
  readonly clock: Clock;
  /** How many of one user may wait; those of a scope without a user are counted by connection. */
  readonly maxWaiting: number;
  /** The bounds of what one user does on one connection, none before one that lies within it. */
  readonly boundsOf: (
    target: Counted,
    connection: string,
    user: string | undefined,
  ) => readonly BoundOptions[];
}

/** How one permit is waited for. */
export interface PermitWaitOptions extends AbortableOptions {
  /** How long to wait, in milliseconds; without it, until the signal aborts. */
  readonly timeoutMs?: number;
}

/** Somebody who waits for a permit. */
export interface PermitWaiter {
  admitted(): void;
}

/** What one connection needs permits for: made once by {@link Permits.lane}, used for every permit. */
export type PermitLane = Lane<PermitWaiter>;

/** Lets so many do something at a time, under several bounds at once; users come in turns at each of them. */
export class Permits {
  readonly #options: PermitsOptions;
  readonly #lanes = new Lanes<PermitWaiter, Bound>({
    admit: (waiter) => waiter.admitted(),
    makeBound: (options) => new Bound(options),
  });
  readonly #waiting = new Tally();

  constructor(options: PermitsOptions) {
    this.#options = options;
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
    const user = turn ?? turnKey(target.scope);
    const party = turn ?? (target.scope.share === "user" ? user : connection);
    const key = turn === undefined ? connection : JSON.stringify([connection, turn]);
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
   * Waits for a permit; {@link leave} gives it back. Rejects with the signal's reason, or with `POOL_EXHAUSTED` at once
   * where as many of the user wait as may, and when the time is over.
   */
  wait(lane: PermitLane, { signal, timeoutMs }: PermitWaitOptions = {}): Promise<void> {
    const { clock, maxWaiting } = this.#options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (lane.enter()) return resolve();
      if (this.#waiting.of(lane.party) >= maxWaiting) throw tooManyWaiting(maxWaiting);
      const giveUp = (reason: unknown) => {
        end();
        lane.withdraw(place);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
        reject(reason);
      };
      const abort = () => giveUp(signal?.reason);
      const expire = () => giveUp(waitedTooLong(lane, timeoutMs));
      const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, expire);
      signal?.addEventListener("abort", abort, { once: true });
      const end = () => {
        timer?.cancel();
        signal?.removeEventListener("abort", abort);
        this.#waiting.add(lane.party, -1);
      };
      const admitted = () => {
        end();
        resolve();
      };
      this.#waiting.add(lane.party, 1);
      const place = lane.wait({ admitted });
    });
  }
}

function tooManyWaiting(maxWaiting: number): TenantryError {
  const why = `${maxWaiting} of this user wait for others to end already; try again later.`;
  return new TenantryError("POOL_EXHAUSTED", why, { retryable: true });
}

function waitedTooLong({ waitsFor }: PermitLane, timeoutMs: number | undefined): TenantryError {
  const limit = `limits.${waitsFor?.limit} (${waitsFor?.max})`;
  const why = `There was no room under ${limit} for ${timeoutMs} ms; try again later, or raise it.`;
  return new TenantryError("POOL_EXHAUSTED", why, { retryable: true });
}
