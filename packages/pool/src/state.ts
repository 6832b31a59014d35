import type { SharedFlight } from "@tenantry/core";
import type { Opened } from "./opening.ts";
import type { Caller } from "./room.ts";

/**
 * The life of one connection. Each leads a life of its own: what replaces it is another entry.
 *
 * ```
 * waiting ──▶ connecting ──▶ ready ◀──▶ idle
 *                              │          │
 *                              ▼          │
 *                           draining ──▶ closed
 * ```
 *
 * - `waiting`: for room under a cap; it is skipped where there is room.
 * - `connecting`: the connection is being opened.
 * - `ready`: on loan.
 * - `idle`: open and on loan to nobody; closed when its time is over or its slot is needed.
 * - `draining`: on loan to those who have it, and lent to nobody else.
 * - `closed`: ended, or about to be; every other state leads here as well, when it fails or the pool closes.
 */
export type State<C> = Waiting<C> | Connecting<C> | Ready<C> | Idle<C> | Draining<C> | Closed;

/** The name of a state that an entry of the pool can be found in. */
export type PoolState = Exclude<State<unknown>["name"], "closed">;

/** Waits for room under a cap. */
export interface Waiting<C> {
  readonly name: "waiting";
  readonly callers: Set<Caller<C>>;
}

/** Is being opened; `abort` ends that. */
export interface Connecting<C> {
  readonly name: "connecting";
  readonly flight: SharedFlight<C>;
  readonly abort: AbortController;
}

/** Is on loan. */
export interface Ready<C> {
  readonly name: "ready";
  readonly opened: Opened<C>;
}

/** Is open and on loan to nobody. */
export interface Idle<C> {
  readonly name: "idle";
  readonly opened: Opened<C>;
}

/** Is on loan for the last time. */
export interface Draining<C> {
  readonly name: "draining";
  readonly opened: Opened<C>;
}

/** Has ended. */
export interface Closed {
  readonly name: "closed";
}

export function waiting<C>(): Waiting<C> {
  return { name: "waiting", callers: new Set() };
}

export function connecting<C>(flight: SharedFlight<C>, abort: AbortController): Connecting<C> {
  return { name: "connecting", flight, abort };
}

export function ready<C>(opened: Opened<C>): Ready<C> {
  return { name: "ready", opened };
}

export function idle<C>(opened: Opened<C>): Idle<C> {
  return { name: "idle", opened };
}

export function draining<C>(opened: Opened<C>): Draining<C> {
  return { name: "draining", opened };
}

export function closed(): Closed {
  return { name: "closed" };
}
