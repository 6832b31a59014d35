import type { Clock } from "@tenantry/core";
import { Bound, type BoundOptions } from "./bound.ts";
import { originKey, serverKey, turnKey, workspaceOf, type Counted } from "./keys.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LinkedList, type Place } from "./linked-list.ts";
import { StaleList } from "./stale-list.ts";
import { Tally } from "./tally.ts";

/** How many connections there may be, and who waits for one. */
export interface CapacityLimits {
  /** Connections in all, those being opened and drained included. */
  readonly maxConnections: number;
  /** Connections of one workspace; those of a server that everyone shares belong to none. */
  readonly maxConnectionsPerWorkspace: number;
  /** Connections of one user of one workspace, whatever the session or server. */
  readonly maxConnectionsPerUser: number;
  /** Connections to one server definition in one workspace, or to one that everyone shares. */
  readonly maxConnectionsPerServer: number;
  /** Connections that are being opened to one origin, or to one server without an origin in one workspace. */
  readonly maxConnectsPerOrigin: number;
  /** How long a connection stays open after its last lease, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Callers of one user that wait for room, and users that wait for the same room. */
  readonly maxWaiting: number;
}

/** Who wants a slot, or has one. */
export interface SlotHolder {
  /** Is called once, when the slot is there; within {@link Capacity.request} where there is room. */
  granted(): void;
  /** Is called on an idle holder whose slot is needed or whose time is over; it releases its slot at once. */
  evict(reason: "idle" | "room"): void;
}

/** One connection's place under every bound that it counts towards. */
export interface Slot {
  readonly holder: SlotHolder;
  readonly lane: Lane<Slot, ConnectionBound>;
  state: "new" | "waiting" | "opening" | "busy" | "idle" | "released";
  /** Callers behind it while it waits. */
  callers: number;
  /** Where it waits. */
  waits: Place<Slot> | undefined;
  /** Where it stands among the idle of each bound; kept while it is busy, so that being idle again allocates nothing. */
  idles: readonly Place<Slot>[] | undefined;
  /** When it has been idle for too long. */
  dueAt: number;
}

/** A bound of connections. The idle ones are not in use, because whoever wants their place gets it. */
class ConnectionBound extends Bound {
  /** Least recently used first. */
  readonly idle: LinkedList<Slot>;

  constructor(options: BoundOptions, idle: LinkedList<Slot>) {
    super(options);
    this.idle = idle;
  }

  get isOver(): boolean {
    return this.inUse + this.idle.size > this.max;
  }
}

/**
 * Keeps the caps on connections. Whoever wants a slot gets it when no bound is full of busy ones, and only then are idle
 * ones closed: the least recently used beneath each bound that is full, so that none is closed in vain.
 */
export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #lanes: Lanes<Slot, ConnectionBound>;
  readonly #callers = new Tally();

  constructor(limits: CapacityLimits, clock: Clock) {
    const expire = (slot: Slot) => slot.holder.evict("idle");
    // The idle of all are in the order in which their time is over.
    const idle = new StaleList<Slot>({ clock, timeoutMs: limits.idleTimeoutMs, expire });
    this.#limits = limits;
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

  /** Makes a slot that is not asked for yet; it ends with {@link release}. */
  slot(target: Counted, holder: SlotHolder): Slot {
    const { scope, server } = target;
    const user = turnKey(scope);
    const key = JSON.stringify([user, server.id, server.digest]);
    const party = scope.share === "user" ? user : key;
    const lane = this.#lanes.hold({
      key,
      user,
      party,
      bounds: boundsOf(target, this.#limits),
      passing: "maxConnectsPerOrigin",
    });
    return { holder, lane, state: "new", callers: 0, waits: undefined, idles: undefined, dueAt: 0 };
  }

  /** Asks for the slot, which is granted at once where there is room or an idle connection makes room; or else it waits. */
  request(slot: Slot): void {
    if (slot.lane.enter()) return this.#grant(slot);
    slot.state = "waiting";
    slot.waits = slot.lane.wait(slot);
  }

  /**
   * Counts one more caller behind a waiting slot; `false` where its user has as many as may wait, or where it would be
   * the first behind its slot and as many users as may wait are in the same line. A line counts users: were it callers
   * or slots, the many of one user would keep everybody else out.
   */
  join(slot: Slot): boolean {
    const { state, callers, lane } = slot;
    const { maxWaiting } = this.#limits;
    if (state !== "waiting" || this.#callers.of(lane.party) >= maxWaiting) return false;
    if (callers === 0 && (lane.waitsFor?.usersInLine ?? 0) > maxWaiting) return false;
    this.#count(slot, 1);
    return true;
  }

  /** Takes back one {@link join}; does nothing once the slot is held. */
  leave(slot: Slot): void {
    if (slot.state === "waiting") this.#count(slot, -1);
  }

  /** Marks the holder's connection as open: it counts no longer among those that are being opened. */
  opened(slot: Slot): void {
    slot.state = "busy";
    slot.lane.passed();
  }

  /** Marks the holder as idle; it is evicted at once where its slot lets somebody in who waits. */
  idle(slot: Slot): void {
    slot.state = "idle";
    list(slot);
    slot.lane.leave();
  }

  /** Marks the idle holder as in use; it is not evicted. */
  busy(slot: Slot): void {
    slot.state = "busy";
    unlist(slot);
    slot.lane.reenter();
  }

  /** Gives the slot back, or up its place in line, and serves those who wait. Called once. */
  release(slot: Slot): void {
    const { state, lane, waits } = slot;
    if (state === "waiting") this.#count(slot, -slot.callers);
    slot.state = "released";
    if (state === "waiting" && waits) lane.withdraw(waits);
    if (state === "idle") unlist(slot);
    if (state === "opening" || state === "busy") lane.leave(state === "busy");
    this.#lanes.drop(lane);
  }

  #grant(slot: Slot): void {
    this.#count(slot, -slot.callers);
    slot.state = "opening";
    slot.waits = undefined;
    makeRoom(slot.lane.lasting);
    slot.holder.granted();
  }

  #count(slot: Slot, callers: number): void {
    if (callers === 0) return;
    slot.callers += callers;
    this.#callers.add(slot.lane.party, callers);
  }
}

/** Evicts the least recently used beneath each bound that is over: one for all of them where one is enough. */
function makeRoom(bounds: readonly ConnectionBound[]): void {
  const over = bounds.filter(({ isOver }) => isOver);
  const oldest = over.map(({ idle }) => idle.first);
  const enough = oldest.find((slot) => over.every((bound) => slot?.lane.bounds.includes(bound)));
  if (enough) return enough.holder.evict("room");
  for (const bound of over) if (bound.isOver) bound.idle.first?.holder.evict("room");
}

function list(slot: Slot): void {
  const { lane, idles } = slot;
  if (idles === undefined) {
    slot.idles = lane.lasting.map(({ idle }) => idle.append(slot));
    return;
  }
  let index = 0;
  for (const { idle } of lane.lasting) {
    const place = idles[index++];
    if (place) idle.rejoin(place);
  }
}

function unlist({ lane, idles }: Slot): void {
  let index = 0;
  for (const { idle } of lane.lasting) {
    const place = idles?.[index++];
    if (place) idle.remove(place);
  }
}

/** The bounds that a connection counts towards. One that is not narrower than a bound around it keeps nobody out. */
function boundsOf({ scope, server }: Counted, limits: CapacityLimits): readonly BoundOptions[] {
  const workspace = workspaceOf(scope);
  const bound = (
    limit: keyof CapacityLimits,
    key: string,
    ...within: (keyof CapacityLimits)[]
  ): BoundOptions => ({
    limit,
    key,
    max: limits[limit],
    within,
  });
  const all = bound("maxConnections", "");
  const tenant =
    workspace === undefined ? [] : [bound("maxConnectionsPerWorkspace", workspace, "maxConnections")];
  const around = [...tenant, all].map(({ limit }) => limit) as (keyof CapacityLimits)[];
  const user = scope.share === "user" ? [bound("maxConnectionsPerUser", turnKey(scope), ...around)] : [];
  const bounds = [
    ...user,
    bound("maxConnectionsPerServer", serverKey(scope, server), ...around),
    // Tenants that reach one origin share it, whatever their other bounds are.
    bound("maxConnectsPerOrigin", originKey(scope, server), "maxConnections"),
    ...tenant,
    all,
  ];
  const max = new Map(bounds.map(({ limit, max }) => [limit, max]));
  return bounds.filter((inner) => inner.within.every((limit) => inner.max < (max.get(limit) ?? Infinity)));
}
