import type { HostileLimits } from "./client.ts";

/** How large the hostility of a case is, and which bounds it is sent against. */
export interface Size {
  readonly limits: HostileLimits;
  /** How much is sent where there is too much of it, in bytes. */
  readonly floodBytes: number;
  /** How many are sent where there are too many of them. */
  readonly count: number;
  /** How long a client may take that reads all of that, in milliseconds. */
  readonly patienceMs: number;
  /** How long a slow server waits between two pieces, in milliseconds. */
  readonly dripMs: number;
}

/** Everything that has a size, times `scale`; times go down less, because a machine has its own. */
export function sizeAt(scale: number): Size {
  const times = (full: number) => Math.max(1, Math.ceil(full * scale));
  const timeoutMs = Math.max(400, Math.min(2_000, times(2_000)));
  return Object.freeze({
    limits: Object.freeze({
      ...{ maxMessageBytes: times(8 * mib), maxStreamBytes: times(64 * mib) },
      ...{ maxTools: times(10_000), openTimeoutMs: timeoutMs, timeoutMs },
    }),
    floodBytes: times(300_000_000),
    count: times(100_000),
    patienceMs: Math.max(10_000, Math.min(30_000, times(30_000))),
    dripMs: timeoutMs / 10,
  });
}

const mib = 1024 * 1024;
