import type { Scope, ServerId } from "@tenantry/core";
import type { PoolState } from "./state.ts";

/** What one connection of the pool, or one parked session, is doing; nothing in it tells a credential. */
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
  /** Callers that have no connection yet: they ask for a credential, wait for room, or until it is open. */
  readonly waiting: number;
  /** Connections that have ended, and openings that were stopped, of which something is left. */
  readonly ending: number;
  /** Every connection and every parked session, by principal, server and state. */
  readonly entries: readonly PoolEntryStats[];
}

interface Named {
  readonly target: { readonly scope: Scope; readonly server: { readonly id: ServerId } };
}

interface Counted extends Named {
  readonly state: PoolState | "closed";
  readonly leases: number;
}

/** What is counted elsewhere. */
type Counts = Pick<PoolStats, "waiting" | "ending">;

/** Counts connections and parked sessions; it looks at each of them. */
export function statsOf(all: Iterable<Counted>, parked: Iterable<Named>, counts: Counts): PoolStats {
  const byState = { waiting: 0, connecting: 0, ready: 0, idle: 0, parked: 0, draining: 0 };
  const entries: PoolEntryStats[] = [];
  let leases = 0;
  const add = ({ target: { scope, server } }: Named, state: PoolState, lent: number) => {
    byState[state]++;
    leases += lent;
    entries.push({ scope, server: server.id, state, leases: lent });
  };
  for (const entry of all) {
    if (entry.state === "closed") continue;
    add(entry, entry.state, entry.leases);
  }
  for (const one of parked) add(one, "parked", 0);
  const connections = entries.length - byState.waiting - byState.parked;
  return { connections, byState, leases, ...counts, entries };
}
