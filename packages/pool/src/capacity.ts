import type { Clock } from "@tenantry/core";
import { IdleQueue } from "./idle-queue.ts";
import type { PoolLimits } from "./limits.ts";
import type { UserKey } from "./pool-key.ts";
import { Queue } from "./queue.ts";

/** Who wants a slot, or has one. */
export interface SlotHolder {
  /** Is called once, when the slot is there; within {@link Capacity.request} where there is room. */
  granted(): void;
  /** Is called on an idle holder whose slot is needed or whose time is over; it releases its slot at once. */
  evict(): void;
}

/** What one user has: slots held or next in line for the cap of all, and those that wait for the user's own cap. */
interface UserShare {
  readonly key: UserKey;
  readonly idle: Queue<Slot>;
  readonly line: Queue<Slot>;
  claimed: number;
  slots: number;
  /** Callers behind its waiting slots, in whichever line. */
  callers: number;
}

/** One connection's share of the caps. */
export interface Slot {
  readonly holder: SlotHolder;
  readonly share: UserShare | undefined;
  /** Where it waits; `undefined` before it was asked for, while it is held and after its release. */
  line: Queue<Slot> | undefined;
  /** Callers behind it while it waits. */
  callers: number;
  held: boolean;
}

/**
 * Keeps the two caps. A slot is first claimed from its user's cap, then from the cap of all; it waits at the one
 * that is full, first come first served, so that those who wait for their own cap stand in nobody else's way.
 * Whoever is idle makes room for whoever waits: where somebody waits at a cap, nobody beneath it is idle.
 */
export class Capacity {
  readonly #limits: PoolLimits;
  readonly #users = new Map<UserKey, UserShare>();
  readonly #line = new Queue<Slot>();
  readonly #idle: IdleQueue<Slot>;
  #held = 0;

  constructor(limits: PoolLimits, clock: Clock) {
    this.#limits = limits;
    this.#idle = new IdleQueue({
      clock,
      timeoutMs: limits.idleTimeoutMs,
      expire: (slot) => slot.holder.evict(),
    });
  }

  /** Makes a slot that is not asked for yet; it ends with {@link release}. */
  slot(user: UserKey | undefined, holder: SlotHolder): Slot {
    const share = user === undefined ? undefined : this.#shareOf(user);
    if (share) share.slots++;
    return { holder, share, line: undefined, callers: 0, held: false };
  }

  /** Asks for the slot: closes the longest idle connection beneath a full cap, or waits in line where all are busy. */
  request(slot: Slot): void {
    const { share } = slot;
    if (share && !makeRoom(() => this.#userIsFull(share), share.idle)) return enter(share.line, slot);
    if (share) share.claimed++;
    if (!makeRoom(() => this.#isFull(), this.#idle)) return enter(this.#line, slot);
    this.#grant(slot);
  }

  /**
   * Counts one more caller behind a waiting slot; `false` where its user has as many as may wait, or where it would be
   * the first behind its slot and the line of all is full. That line counts slots: were it callers, the many behind one
   * user's slot would keep everybody else out.
   */
  join(slot: Slot): boolean {
    const { share, line } = slot;
    const { maxWaiting } = this.#limits;
    if (line === undefined || (share ?? slot).callers >= maxWaiting) return false;
    if (line === this.#line && slot.callers === 0 && line.size > maxWaiting) return false;
    count(slot, 1);
    return true;
  }

  /** Takes back one {@link join}; does nothing once the slot is held. */
  leave(slot: Slot): void {
    if (slot.line !== undefined) count(slot, -1);
  }

  /** Marks the holder as idle; it is evicted at once where somebody waits for its slot. */
  idle(slot: Slot): void {
    const wanted = this.#line.size > 0 || (slot.share?.line.size ?? 0) > 0;
    if (wanted) return slot.holder.evict();
    slot.share?.idle.add(slot);
    this.#idle.add(slot);
  }

  /** Marks the holder as in use; it is not evicted. */
  busy(slot: Slot): void {
    slot.share?.idle.delete(slot);
    this.#idle.delete(slot);
  }

  /** Gives the slot back, or up its place in line, and serves those who wait. Called once. */
  release(slot: Slot): void {
    const { share } = slot;
    this.busy(slot);
    const claimed = slot.held || slot.line === this.#line;
    if (slot.held) this.#held--;
    slot.held = false;
    exit(slot);
    if (share) {
      if (claimed) share.claimed--;
      this.#promote(share);
      if (--share.slots === 0) this.#users.delete(share.key);
    }
    this.#serve();
  }

  #shareOf(key: UserKey): UserShare {
    let share = this.#users.get(key);
    if (share === undefined) {
      share = { key, idle: new Queue(), line: new Queue(), claimed: 0, slots: 0, callers: 0 };
      this.#users.set(key, share);
    }
    return share;
  }

  /** Whoever now fits beneath the user's cap goes on to wait for the cap of all. */
  #promote(share: UserShare): void {
    while (!this.#userIsFull(share) && share.line.first) {
      const slot = share.line.first;
      exit(slot);
      share.claimed++;
      enter(this.#line, slot);
    }
  }

  #serve(): void {
    while (!this.#isFull() && this.#line.first) {
      const slot = this.#line.first;
      exit(slot);
      this.#grant(slot);
    }
  }

  #grant(slot: Slot): void {
    this.#held++;
    slot.held = true;
    count(slot, -slot.callers);
    slot.holder.granted();
  }

  #isFull(): boolean {
    return this.#held >= this.#limits.maxConnections;
  }

  #userIsFull(share: UserShare): boolean {
    return share.claimed >= this.#limits.maxConnectionsPerUser;
  }
}

function count(slot: Slot, callers: number): void {
  slot.callers += callers;
  if (slot.share) slot.share.callers += callers;
}

function enter(line: Queue<Slot>, slot: Slot): void {
  line.add(slot);
  slot.line = line;
}

function exit(slot: Slot): void {
  slot.line?.delete(slot);
  slot.line = undefined;
}

/** Evicts the longest idle until there is room; `false` where nobody is idle. */
function makeRoom(isFull: () => boolean, idle: { readonly first: Slot | undefined }): boolean {
  while (isFull()) {
    if (idle.first === undefined) return false;
    idle.first.holder.evict();
  }
  return true;
}
