import { Bound, type BoundOptions } from "./bound.ts";
import type { Lane } from "./lane.ts";
import type { LinkedList, Place } from "./linked-list.ts";

/** Who wants a slot, or has one. */
export interface SlotHolder {
  /** Is called once, when the slot is there; within {@link Capacity.request} where there is room. */
  granted(): void;
  /** Is called on an idle holder whose slot is needed or whose time is over; its slot ends at once. */
  evict(reason: "idle" | "room"): void;
}

/** One connection's place under every bound that it counts towards. */
export interface Slot {
  readonly holder: SlotHolder;
  readonly lane: Lane<Slot, ConnectionBound>;
  state: "new" | "waiting" | "opening" | "busy" | "idle" | "ending" | "released";
  /** Callers behind it while it waits. */
  callers: number;
  /** Where it waits. */
  waits: Place<Slot> | undefined;
  /** Where it stands among the idle of each bound; kept while it is busy, so that being idle again allocates nothing. */
  idles: readonly Place<Slot>[] | undefined;
  /** What it counts towards while it ends, and where it stands among those that do. */
  ends: { readonly bounds: readonly ConnectionBound[]; readonly place: Place<Slot> } | undefined;
  /** When it has been idle, or has been ending, for too long. */
  dueAt: number;
}

/**
 * A bound of connections. The idle ones are not in use, because whoever wants their place gets it. What is being cleaned
 * up has given its place away too, so that nobody waits for a server that is slow to part; but not more than as many
 * again as may be open, or whoever comes and goes all the time would hold sockets and processes without a bound.
 */
export class ConnectionBound extends Bound {
  /** Least recently used first. */
  readonly idle: LinkedList<Slot>;
  /** How many have ended, or were stopped while they were opened, and are not gone yet. */
  ending = 0;

  constructor(options: BoundOptions, idle: LinkedList<Slot>) {
    super(options);
    this.idle = idle;
  }

  override get room(): number {
    return Math.min(super.room, 2 * this.max - this.inUse - this.idle.size - this.ending);
  }

  get isOver(): boolean {
    return this.inUse + this.idle.size > this.max;
  }
}

/** The slot ends, and counts as that until {@link stopEnding}. */
export function startEnding(slot: Slot, place: Place<Slot>): void {
  const { lane, state } = slot;
  const bounds = state === "opening" ? lane.bounds : lane.lasting;
  for (const bound of bounds) bound.ending++;
  slot.ends = { bounds, place };
}

/** The slot is gone; lets those in who waited for that. */
export function stopEnding(slot: Slot): void {
  const bounds = slot.ends?.bounds ?? [];
  slot.ends = undefined;
  for (const bound of bounds) bound.ending--;
  for (const bound of bounds) bound.serve();
}

/** Evicts the least recently used beneath each bound that is over: one for all of them where one is enough. */
export function makeRoom(bounds: readonly ConnectionBound[]): void {
  const over = bounds.filter(({ isOver }) => isOver);
  const oldest = over.map(({ idle }) => idle.first);
  const enough = oldest.find((slot) => over.every((bound) => slot?.lane.bounds.includes(bound)));
  if (enough) return enough.holder.evict("room");
  for (const bound of over) if (bound.isOver) bound.idle.first?.holder.evict("room");
}

/** Puts the slot last among the idle of each of its bounds. */
export function listIdle(slot: Slot): void {
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

/** Takes the slot out from among the idle, for as long as it is busy. */
export function unlistIdle({ lane, idles }: Slot): void {
  let index = 0;
  for (const { idle } of lane.lasting) {
    const place = idles?.[index++];
    if (place) idle.suspend(place);
  }
}
