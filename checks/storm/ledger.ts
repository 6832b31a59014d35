import type { Fault } from "./weather.ts";

/** What one server has noted; plain JSON, because it comes from another process. */
export interface Ledger {
  readonly server: string;
  /** How many HTTP requests came. */
  readonly requests: number;
  /** Each time that something of one user's came with something of another's. */
  readonly crossings: readonly string[];
  /** How often a tool ran for each nonce. */
  readonly runs: Readonly<Record<string, number>>;
  readonly faults: readonly MetFault[];
  readonly sessions: readonly SessionRecord[];
  readonly openSockets: number;
}

/** A fault that a request met. */
export interface MetFault {
  readonly fault: Fault;
  /** Whose request it was. */
  readonly person: string;
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A legacy session. */
export interface SessionRecord {
  readonly id: string;
  readonly person: string;
  readonly state: "alive" | "ended" | "lost";
  /** Whether the answer with its id went out whole enough for the client to have read the id. */
  readonly told: boolean;
  /** Whether a DELETE of it met a fault. */
  readonly spared: boolean;
  /** When something was last asked on it, in milliseconds since the Unix epoch. */
  readonly usedAt: number;
}
