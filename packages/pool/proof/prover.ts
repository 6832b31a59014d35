import { parentPort } from "node:worker_threads";
import fc from "fast-check";
import { createPool } from "../src/index.ts";
import { Tally, type TallyRecord } from "./events.ts";
import { poolProperty } from "./property.ts";

/** So many runs from one seed. */
export interface Batch {
  readonly seed: number;
  readonly runs: number;
}

/** What was broken, and where it is found again. */
export interface Breach {
  readonly message: string;
  readonly seed: number;
  readonly path: string;
}

/** What became of a {@link Batch}. */
export interface BatchResult {
  readonly tally: TallyRecord;
  readonly breach?: Breach;
}

// A thread of `pnpm prove`: does one batch for each message, and answers with what became of it.
parentPort?.on("message", ({ seed, runs }: Batch) => {
  void prove({ seed, runs }).then((result) => parentPort?.postMessage(result));
});

async function prove({ seed, runs }: Batch): Promise<BatchResult> {
  const tally = new Tally();
  const details = await fc.check(poolProperty(createPool, { tally }), { seed, numRuns: runs });
  if (!details.failed) return { tally: tally.record };
  const { message } = details.errorInstance as Error;
  return { tally: tally.record, breach: { message, seed, path: details.counterexamplePath ?? "" } };
}
