import type { Clock } from "@tenantry/core";
import { StaleList } from "../caps/stale-list.ts";
import { UserTally } from "../caps/user-tally.ts";
import type { PoolKey } from "../keys.ts";
import { announceEvict, type EvictReason } from "../notices.ts";
import type { Parked } from "./parked.ts";

/** How much is parked, how long, and what becomes of it then. */
export interface ParkingOptions<P> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly max: number;
  /** For those of one user, or of those who share a scope: conversations and changing subjects are as many as they like. */
  readonly maxPerUser: number;
  /** Takes what is dropped, whose session is to be ended at its server. */
  readonly dropped: (parked: Parked<P>) => void;
}

/** The sessions at rest, by the key of the connection that each may go on in; the longest parked is dropped first. */
export class Parking<P> implements Iterable<Parked<P>> {
  readonly #options: ParkingOptions<P>;
  readonly #sessions = new Map<PoolKey, Parked<P>>();
  readonly #rest: StaleList<Parked<P>>;
  readonly #users = new UserTally();

  constructor(options: ParkingOptions<P>) {
    this.#options = options;
    const { clock, timeoutMs } = options;
    this.#rest = new StaleList({ clock, timeoutMs, expire: ({ key }) => this.drop(key, "idle") });
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<Parked<P>> {
    return this.#sessions.values();
  }

  /** Keeps a session, and drops the longest parked one where there are too many. One of the same key is dropped. */
  put(parked: Parked<P>): void {
    this.drop(parked.key);
    const { scope } = parked.target;
    if (this.#users.of(scope) >= this.#options.maxPerUser) return this.#options.dropped(parked);
    this.#users.add(scope, 1);
    this.#sessions.set(parked.key, parked);
    this.#rest.rejoin(parked);
    const oldest = this.size > this.#options.max ? this.#rest.first : undefined;
    if (oldest !== undefined) this.drop(oldest.key, "room");
  }

  /** Gives the session that goes on in the connection of this key, and keeps it no longer. */
  take(key: PoolKey): Parked<P> | undefined {
    const parked = this.#sessions.get(key);
    if (parked === undefined) return undefined;
    this.#sessions.delete(key);
    this.#rest.remove(parked);
    this.#users.add(parked.target.scope, -1);
    return parked;
  }

  /** Ends the session of this key; `reason` is told where it is more than the wish of the host. */
  drop(key: PoolKey, reason?: EvictReason): void {
    const parked = this.take(key);
    if (parked === undefined) return;
    if (reason !== undefined) announceEvict(parked.target, reason);
    this.#options.dropped(parked);
  }
}
