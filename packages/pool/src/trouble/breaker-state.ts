import type { Admission } from "./admission.ts";

/**
 * What a breaker lets through.
 *
 * ```
 * closed ──▶ open ◀──▶ half-open ──▶ closed
 * ```
 *
 * - `closed`: everything.
 * - `open`: nothing before its delay is over.
 * - `half-open`: one probe at a time.
 */
export type BreakerState = Closed | Open | HalfOpen;

export interface Closed {
  readonly name: "closed";
}

export interface Open {
  readonly name: "open";
  readonly until: number;
}

export interface HalfOpen {
  readonly name: "half-open";
  /** Absent once it has ended without a verdict. */
  readonly probe: Admission | undefined;
  /** Whose the latest probe is. */
  readonly by: string;
  /** Whether the probe before it was theirs too. */
  readonly again: boolean;
  /** When another one may probe, however this one goes on. */
  readonly until: number;
}

const always: Closed = Object.freeze({ name: "closed" });

export function closed(): Closed {
  return always;
}

export function open(until: number): Open {
  return { name: "open", until };
}

export function halfOpen(probe: Admission | undefined, facts: Omit<HalfOpen, "name" | "probe">): HalfOpen {
  return { ...facts, name: "half-open", probe };
}
