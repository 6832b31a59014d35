import type { Scope, ServerId } from "@tenantry/core";
import type { PoolState } from "./state.ts";

/** What one entry of the pool is doing; nothing in it tells a credential. */
export interface PoolEntryStats {
  readonly scope: Scope;
  readonly server: ServerId;
  readonly state: PoolState;
  /** How many have its connection on loan. */
  readonly leases: number;
}

/** What a pool holds at one moment. */
export interface PoolStats {
  /** Connections that count towards the caps: those that are being opened, open, or drained. */
  readonly connections: number;
  readonly byState: Readonly<Record<PoolState, number>>;
  /** Connections on loan, each counted as often as it is lent. */
  readonly leases: number;
  /** Callers that wait for room under a cap. */
  readonly waiting: number;
  readonly entries: readonly PoolEntryStats[];
}

interface Counted {
  readonly target: { readonly scope: Scope; readonly server: { readonly id: ServerId } };
  readonly state: PoolState | "closed";
  readonly leases: number;
  readonly waiting: number;
}

/** Counts entries; it looks at each of them. */
export function statsOf(all: Iterable<Counted>): PoolStats {
  const byState = { waiting: 0, connecting: 0, ready: 0, idle: 0, draining: 0 };
  const entries: PoolEntryStats[] = [];
  let leases = 0;
  let waiting = 0;
  for (const entry of all) {
    const { target, state } = entry;
    if (state === "closed") continue;
    byState[state]++;
    leases += entry.leases;
    waiting += entry.waiting;
    entries.push({ scope: target.scope, server: target.server.id, state, leases: entry.leases });
  }
  return { connections: entries.length - byState.waiting, byState, leases, waiting, entries };
}
