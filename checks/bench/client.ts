// Measures the client beside the least that a call can cost, the official SDKs and the peers.
import { measureCold } from "./cold.ts";
import { measureConnects } from "./connects.ts";
import { startEntrants, variants, type Bench } from "./entrants.ts";
import { measureHeap } from "./heap.ts";
import { judge, type Results } from "./must-show.ts";
import { attempt, chosen, type Options, type Outcome } from "./outcome.ts";
import { installPeers } from "./peer-folder.ts";
import { startServing } from "./serving.ts";
import { measureWarm } from "./warm.ts";
import { measureWarnings } from "./warnings.ts";

// The warnings come last: so many calls of one variant would make its code hotter than the others'.
const parts: Readonly<Record<keyof Results, (bench: Bench) => Promise<Results[keyof Results]>>> = {
  warm: measureWarm,
  cold: measureCold,
  connect: measureConnects,
  heap: measureHeap,
  warnings: measureWarnings,
};

/** Measures the parts that are wanted; throws for one that there is not. */
export async function measureClient({ only, rounds, quick, peers }: Options): Promise<Outcome> {
  const wanted = chosen(parts, only);
  if (peers) installPeers();
  const { entrants, absent } = await startEntrants(variants.filter(({ kind }) => peers || kind !== "peer"));
  for (const { name, reason } of absent) console.log(`${name} is not measured: ${reason}.`);

  const results: Results = {};
  {
    using serving = startServing();
    const bench: Bench = { serving, entrants, rounds, quick };
    for (const [part, measure] of wanted)
      Object.assign(results, { [part]: await attempt(part, () => measure(bench)) });
  }
  await Promise.all(entrants.map(({ host }) => host.close()));

  const measured = entrants.filter(({ kind }) => kind === "peer").map(({ name }) => name);
  return { results, absent, verdicts: judge(results, measured) };
}
