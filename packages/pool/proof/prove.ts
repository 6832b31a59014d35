// Puts the pool through many interleavings on all processors. `--runs` is how many, 200,000 by default; a breach prints
// the seed and the path with which `pnpm prove --seed S --path P` tells its story.
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { poolEvents, Tally } from "./events.ts";
import type { Batch, BatchResult, Breach } from "./prover.ts";
import { replay } from "./replay.ts";

const batchSize = 1_000;

const { values: options } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, path: { type: "string" } },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const total = Number(options.runs ?? 200_000);
if (!Number.isInteger(seed) || !(total > 0))
  throw new Error("--seed takes an integer, --runs a number above 0.");

if (options.path === undefined) await prove();
else console.log(await replay(seed, options.path));

async function prove(): Promise<void> {
  const tally = new Tally();
  const began = performance.now();
  const breaches = await share(tally, () => showProgress(tally, began));
  const seconds = (performance.now() - began) / 1_000;
  if (process.stdout.isTTY) process.stdout.write("\n");
  console.log(figures(tally, seconds));
  for (const { message, seed, path } of breaches) {
    console.error(`\n${message}\npnpm prove --seed ${seed} --path ${path}`);
    process.exitCode = 1;
  }
}

/** Has every processor work until all is done, or a rule is broken; gives the breaches. */
async function share(tally: Tally, onProgress: () => void): Promise<Breach[]> {
  const breaches: Breach[] = [];
  let batches = 0;
  const next = (): Batch | undefined => {
    const left = total - batches * batchSize;
    if (left <= 0 || breaches.length > 0) return undefined;
    return { seed: (seed + batches++) | 0, runs: Math.min(batchSize, left) };
  };
  const work = async () => {
    const worker = new Worker(new URL("./prover.ts", import.meta.url));
    for (let batch = next(); batch !== undefined; batch = next()) {
      worker.postMessage(batch);
      const [result] = (await once(worker, "message")) as [BatchResult];
      tally.add(result.tally);
      if (result.breach) breaches.push(result.breach);
      onProgress();
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return breaches;
}

function showProgress(tally: Tally, began: number): void {
  if (!process.stdout.isTTY) return;
  const { runs } = tally.record;
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(
    `\r${runs.toLocaleString("en")} interleavings, ${(runs / seconds).toFixed(0)} a second `,
  );
}

function figures(tally: Tally, seconds: number): string {
  const { runs, steps } = tally.record;
  const number = (count: number) => count.toLocaleString("en").padStart(12);
  const lines = poolEvents.map((event) => {
    const count = tally.of(event);
    return `${event.padEnd(32)}${number(count.runs)}${number(count.times)}`;
  });
  return [
    `${runs.toLocaleString("en")} interleavings of ${steps.toLocaleString("en")} steps in ${seconds.toFixed(0)} s, seed ${seed}`,
    `${"what happened".padEnd(32)}${"in runs".padStart(12)}${"times".padStart(12)}`,
    ...lines,
  ].join("\n");
}
