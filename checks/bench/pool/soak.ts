// Whether anything builds up while connections come and go, in a process of its own.
import { runChild } from "../child.ts";
import { table } from "../table.ts";
import type { PoolBench } from "./measure-pool.ts";

/** What a long life of the pool came to. */
export interface SoakResult {
  readonly cycles: number;
  readonly seconds: number;
  readonly counts: SoakCounts;
  /** Ten of them, at equal distances. */
  readonly marks: readonly SoakMark[];
  /** From a fifth of the cycles to their end, in percent of the heap at that fifth. */
  readonly growthPercent: number;
  /** The straight line through the marks from that fifth on, in bytes for each cycle. */
  readonly slope: number;
  /** What is open after the pool has been closed, here and at the server. */
  readonly left: { readonly sockets: number; readonly sessions: number };
}

/** How often each thing was done. */
export interface SoakCounts {
  readonly calls: number;
  /** Credentials of another generation, and of another subject. */
  readonly rotations: number;
  readonly subjects: number;
  readonly revocations: number;
}

/** What there was at one moment between two cycles. */
export interface SoakMark {
  readonly cycles: number;
  readonly heapBytes: number;
  /** Connections and parked sessions in the pool, and sessions that the server knows of. */
  readonly kept: number;
  readonly sessions: number;
  /** Sessions that have begun since the mark before. */
  readonly begun: number;
}

/** Lives through so many cycles. */
export async function measureSoak({ cycles }: PoolBench): Promise<SoakResult> {
  const options = { timeoutMs: 3_600_000, printing: true };
  const result = await runChild<SoakResult>("pool/soak-child.ts", [String(cycles)], options);
  console.log(soakTable(result));
  return result;
}

function soakTable({ cycles, seconds, counts, marks, slope, left }: SoakResult): string {
  const rows = marks.map((mark) => [
    String(mark.cycles),
    (mark.heapBytes / 1_048_576).toFixed(2),
    String(mark.kept),
    String(mark.sessions),
    String(mark.begun),
  ]);
  const { calls, rotations, subjects, revocations } = counts;
  return [
    table(
      [`soak of ${cycles} cycles in ${seconds.toFixed(0)} s`, "heap MiB", "in the pool", "sessions", "begun"],
      rows,
    ),
    `${calls} calls, ${rotations} rotations, ${subjects} new subjects, ${revocations} revocations;`,
    `the heap grows by ${slope.toFixed(2)} bytes a cycle; ${left.sockets} sockets and ${left.sessions} sessions are left.\n`,
  ].join("\n");
}
