import type { Clock } from "@tenantry/core";
import { boundsUnder, connectLimits, type CapacityLimits } from "./connection-bounds.ts";
import { keyOf, principalKey, type Counted } from "../keys.ts";
import { restTimeoutMs } from "../limits.ts";
import { Lanes } from "./lanes.ts";
import { LinkedList } from "./linked-list.ts";
import {
  ConnectionBound,
  listIdle,
  makeRoom,
  startEnding,
  stopEnding,
  unlistIdle,
  type Slot,
  type SlotHolder,
} from "./slot.ts";
import { StaleList } from "./stale-list.ts";
import { Tally } from "./tally.ts";

/**
 * Keeps the caps on connections. Whoever wants a slot gets it when no bound is full of busy ones, and only then are idle
 * ones closed: the least recently used beneath each bound that is full, so that none is closed in vain.
 */
export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #boundsOf: ReturnType<typeof boundsUnder>;
  readonly #lanes: Lanes<Slot, ConnectionBound>;
  readonly #callers = new Tally();
  /** The idle of all, in the order in which their time is over. */
  readonly #idle: StaleList<Slot>;
  /** What is being cleaned up; whatever takes longer than it ever should counts no more. */
  readonly #ending: StaleList<Slot>;

  constructor(limits: CapacityLimits, clock: Clock) {
    const expire = (slot: Slot) => slot.holder.evict("idle");
    const idle = new StaleList<Slot>({ clock, timeoutMs: limits.idleTimeoutMs, expire });
    this.#idle = idle;
    this.#ending = new StaleList({
      clock,
      timeoutMs: restTimeoutMs,
      expire: (slot) => this.release(slot),
    });
    this.#limits = limits;
    this.#boundsOf = boundsUnder(limits);
    this.#lanes = new Lanes({
      admit: (slot) => this.#grant(slot),
      makeBound: (options) =>
        new ConnectionBound(options, options.limit === "maxConnections" ? idle : new LinkedList()),
    });
  }

  /** How many lanes and bounds are kept; 0 when every slot was released. */
  get size(): number {
    return this.#lanes.size;
  }

  /** How many are being cleaned up. */
  get ending(): number {
    return this.#ending.size;
  }

  /** Makes a slot that is not asked for yet; it ends with {@link end} and then {@link release}. */
  slot(target: Counted, holder: SlotHolder): Slot {
    const { scope, server } = target;
    const user = principalKey(scope);
    const key = keyOf(user, server.id, server.digest);
    const party = scope.share === "user" ? user : key;
    const lane = this.#lanes.hold({
      key,
      user,
      party,
      bounds: this.#boundsOf(target),
      passing: connectLimits,
    });
    return {
      holder,
      lane,
      state: "new",
      callers: 0,
      waits: undefined,
      idles: undefined,
      ends: undefined,
      dueAt: 0,
    };
  }

  /** Asks for the slot, which is granted at once where there is room or an idle connection makes room; or else it waits. */
  request(slot: Slot): void {
    if (slot.lane.enter()) return this.#grant(slot);
    slot.state = "waiting";
    slot.waits = slot.lane.wait(slot);
  }

  /**
   * Counts one more caller behind a waiting slot; `false` where its party has as many as may wait, or where it would be
   * the first behind its slot and as many users as may wait are in the same line. A line counts users: were it callers
   * or slots, the many of one user would keep everybody else out.
   */
  join(slot: Slot, party: string): boolean {
    const { state, callers, lane } = slot;
    const { maxWaiting } = this.#limits;
    if (state !== "waiting" || this.#callers.of(party) >= maxWaiting) return false;
    if (callers === 0 && (lane.waitsFor?.usersInLine ?? 0) > maxWaiting) return false;
    this.#count(slot, party, 1);
    return true;
  }

  /** Takes back one {@link join}, whatever has become of the slot. */
  leave(slot: Slot, party: string): void {
    this.#count(slot, party, -1);
  }

  /** Marks the holder's connection as open: it counts no longer among those that are being opened. */
  opened(slot: Slot): void {
    slot.state = "busy";
    slot.lane.passed();
  }

  /** Marks the holder as idle; it is evicted at once where its slot lets somebody in who waits. */
  idle(slot: Slot): void {
    slot.state = "idle";
    listIdle(slot);
    slot.lane.leave();
  }

  /** Marks the idle holder as in use; it is not evicted. */
  busy(slot: Slot): void {
    slot.state = "busy";
    unlistIdle(slot);
    slot.lane.reenter();
  }

  /** Gives up the slot, or its place in line, and serves those who wait; it is still counted until {@link release}. Called once. */
  end(slot: Slot): void {
    const { state, lane, waits } = slot;
    if (state === "waiting" || state === "new") {
      slot.state = "released";
      if (waits) lane.withdraw(waits);
      return this.#drop(lane);
    }
    if (state === "idle") unlistIdle(slot);
    startEnding(slot, this.#ending.append(slot));
    slot.state = "ending";
    if (state === "opening" || state === "busy") lane.leave(state === "busy");
  }

  /** Nothing is left of what had the slot; serves those who waited for that. A second call does nothing. */
  release(slot: Slot): void {
    const { state, lane, ends } = slot;
    if (state !== "ending" || ends === undefined) return;
    slot.state = "released";
    this.#ending.remove(ends.place);
    stopEnding(slot);
    this.#drop(lane);
  }

  #drop(lane: Slot["lane"]): void {
    this.#lanes.drop(lane);
    if (this.#lanes.size === 0) this.#idle.rest();
  }

  #grant(slot: Slot): void {
    slot.state = "opening";
    slot.waits = undefined;
    makeRoom(slot.lane.lasting);
    slot.holder.granted();
  }

  #count(slot: Slot, party: string, callers: number): void {
    slot.callers += callers;
    this.#callers.add(party, callers);
  }
}
