// Measures the pool: alone, beside the bare client, and with many users.
import { attempt, chosen, type Options, type Outcome } from "../outcome.ts";
import { startServing, type Serving } from "../serving.ts";
import { measureAcquire } from "./acquire.ts";
import { measureAdded } from "./added.ts";
import { measureColdUsers } from "./cold-users.ts";
import { measureIdleHeap } from "./idle-heap.ts";
import { judgePool, type PoolResults } from "./must-show.ts";
import { measureNoise } from "./noise.ts";
import { measureSameTick } from "./same-tick.ts";
import { measureSoak } from "./soak.ts";

/** What a measurement of the pool works with. */
export interface PoolBench {
  readonly serving: Serving;
  readonly rounds: number;
  /** Whether it only has to be seen that it runs. */
  readonly quick: boolean;
  readonly peers: boolean;
  /** How many cycles the soak has. */
  readonly cycles: number;
}

// The peers come late: what is loaded with them is no part of what is measured before.
const parts: Readonly<
  Record<keyof PoolResults, (bench: PoolBench) => Promise<PoolResults[keyof PoolResults]>>
> = {
  "pool-acquire": measureAcquire,
  "pool-added": measureAdded,
  "pool-noise": measureNoise,
  "pool-tick": measureSameTick,
  "pool-heap": measureIdleHeap,
  "pool-cold": measureColdUsers,
  "pool-soak": measureSoak,
};

/** Measures the parts that are wanted, the soak only where it is asked for; throws for a part that there is not. */
export async function measurePool({ only, soak, ...options }: Options): Promise<Outcome> {
  const results: PoolResults = {};
  using serving = startServing();
  const bench: PoolBench = { ...options, serving };
  for (const [part, measure] of chosen(parts, only)) {
    if (part === "pool-soak" && only === undefined && !soak) continue;
    Object.assign(results, { [part]: await attempt(part, () => measure(bench)) });
  }
  return { results, absent: results["pool-cold"]?.absent ?? [], verdicts: judgePool(results) };
}
