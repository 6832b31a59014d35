import type { Poolable } from "@tenantry/core";
import type { Opened } from "./opening.ts";
import type { Start } from "./start.ts";

/**
 * The life of one connection. Each leads a life of its own: what replaces it is another entry.
 *
 * ```
 * waiting ──▶ connecting ──▶ ready ◀──▶ idle ──▶ parked
 *                              │          │         │
 *                              ▼          ▼         ▼
 *                           draining ──▶ closed ◀───┘
 * ```
 *
 * - `waiting`: for room under a cap; it is skipped where there is room.
 * - `connecting`: the connection is being opened.
 * - `ready`: on loan.
 * - `idle`: open and on loan to nobody; parked or closed when its time is over or its slot is needed.
 * - `parked`: no connection any more but the record of its session, from which the next entry of its key goes on.
 * - `draining`: on loan to those who have it, and lent to nobody else.
 * - `closed`: ended, or about to be; every other state leads here as well, when it fails or the pool closes.
 */
export type State<C extends Poolable<P>, P> = Starting<C, P> | Ready<C> | Idle<C> | Draining<C> | Closed;

/** The name of a state that a connection of the pool can be found in. */
export type PoolState = "waiting" | "connecting" | "ready" | "idle" | "parked" | "draining";

/** Waits for room, or is being opened. */
export interface Starting<C extends Poolable<P>, P> {
  readonly name: "starting";
  readonly start: Start<C, P>;
}

/** Is on loan. */
export interface Ready<C extends Poolable<unknown>> {
  readonly name: "ready";
  readonly opened: Opened<C>;
}

/** Is open and on loan to nobody. */
export interface Idle<C extends Poolable<unknown>> {
  readonly name: "idle";
  readonly opened: Opened<C>;
}

/** Is on loan for the last time. */
export interface Draining<C extends Poolable<unknown>> {
  readonly name: "draining";
  readonly opened: Opened<C>;
  /** Whether those who waited for it are still to have it. */
  readonly isLastCall: boolean;
}

/** Has ended; `ending` settles when nothing is left of it. */
export interface Closed {
  readonly name: "closed";
  readonly ending: Promise<void>;
}

export function starting<C extends Poolable<P>, P>(start: Start<C, P>): Starting<C, P> {
  return { name: "starting", start };
}

export function ready<C extends Poolable<unknown>>(opened: Opened<C>): Ready<C> {
  return { name: "ready", opened };
}

export function idle<C extends Poolable<unknown>>(opened: Opened<C>): Idle<C> {
  return { name: "idle", opened };
}

export function draining<C extends Poolable<unknown>>(opened: Opened<C>, isLastCall = false): Draining<C> {
  return { name: "draining", opened, isLastCall };
}

export function closed(ending: Promise<void>): Closed {
  return { name: "closed", ending };
}
