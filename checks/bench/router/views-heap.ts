// What a catalog keeps for each of many principals that see the same: those who have listed beside those who only called.
import { runChild } from "../child.ts";
import { table } from "../table.ts";
import type { RouterBench } from "./measure-router.ts";

/** The heap of one process, in bytes. */
export interface ViewsHeapSlot {
  readonly users: number;
  readonly bytesEach: number;
}

/** What was measured. */
export interface ViewsHeapResult {
  readonly called: ViewsHeapSlot;
  readonly listed: ViewsHeapSlot;
  /** What listing adds for each principal, in KiB. */
  readonly addedKiB: number;
}

/** Measures 1,000 principals and 10 servers with 50 tools each, in a process for each way. */
export async function measureViewsHeap({ quick }: RouterBench): Promise<ViewsHeapResult> {
  const users = quick ? 100 : 1_000;
  const run = (way: "called" | "listed") =>
    runChild<ViewsHeapSlot>("router/views-heap-child.ts", [way, String(users)], { timeoutMs: 300_000 });
  const called = await run("called");
  const listed = await run("listed");
  const addedKiB = (listed.bytesEach - called.bytesEach) / 1_024;
  const kibibytes = ({ bytesEach }: ViewsHeapSlot) => (bytesEach / 1_024).toFixed(2);
  const heads = [
    `heap of each of ${users} principals with one view`,
    "called KiB",
    "listed KiB",
    "added KiB",
  ];
  const row = ["10 servers, 500 tools", kibibytes(called), kibibytes(listed), addedKiB.toFixed(2)];
  console.log(table(heads, [row]));
  return { called, listed, addedKiB };
}
