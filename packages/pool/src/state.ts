import type { SharedFlight } from "@tenantry/core";
import type { Opening } from "./opening.ts";
import type { Caller } from "./room.ts";

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
export type State<C> = Waiting<C> | Connecting<C> | Ready<C> | Idle<C> | Draining<C> | Closed;

/** The name of a state that a connection of the pool can be found in. */
export type PoolState = Exclude<State<unknown>["name"], "closed"> | "parked";

/** What an entry knows of its open connection. */
export interface OpenConnection<C> {
  readonly connection: C;
  close(): Promise<void>;
  abandon(): Promise<void>;
}

/** Waits for room under a cap. */
export interface Waiting<C> {
  readonly name: "waiting";
  readonly callers: Set<Caller<C>>;
}

/** Is being opened. */
export interface Connecting<C> {
  readonly name: "connecting";
  readonly flight: SharedFlight<C>;
  readonly opening: Pick<Opening<never, unknown>, "stop" | "isSpent">;
}

/** Is on loan. */
export interface Ready<C> {
  readonly name: "ready";
  readonly opened: OpenConnection<C>;
}

/** Is open and on loan to nobody. */
export interface Idle<C> {
  readonly name: "idle";
  readonly opened: OpenConnection<C>;
}

/** Is on loan for the last time. */
export interface Draining<C> {
  readonly name: "draining";
  readonly opened: OpenConnection<C>;
  /** Whether those who waited for it are still to have it. */
  readonly isLastCall: boolean;
}

/** Has ended. */
export interface Closed {
  readonly name: "closed";
}

export function waiting<C>(): Waiting<C> {
  return { name: "waiting", callers: new Set() };
}

export function connecting<C>(flight: SharedFlight<C>, opening: Connecting<C>["opening"]): Connecting<C> {
  return { name: "connecting", flight, opening };
}

export function ready<C>(opened: OpenConnection<C>): Ready<C> {
  return { name: "ready", opened };
}

export function idle<C>(opened: OpenConnection<C>): Idle<C> {
  return { name: "idle", opened };
}

export function draining<C>(opened: OpenConnection<C>, isLastCall = false): Draining<C> {
  return { name: "draining", opened, isLastCall };
}

export function closed(): Closed {
  return { name: "closed" };
}
