// Measures the client beside the least that a call can cost, the official SDKs and the peers. See README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { measureCold } from "./cold.ts";
import { measureConnects } from "./connects.ts";
import { startEntrants, variants, type Bench } from "./entrants.ts";
import { measureHeap } from "./heap.ts";
import { judge, verdictTable, type Results } from "./must-show.ts";
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
const file = join(import.meta.dirname, "node_modules/.cache/bench.json");

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    peers: { type: "boolean", default: true },
    strict: { type: "boolean", default: false },
  },
});
const wanted = Object.entries(parts).filter(([part]) => options.only === undefined || options.only === part);
if (wanted.length === 0) throw new Error(`--only takes one of: ${Object.keys(parts).join(", ")}.`);
const { quick } = options;
const rounds = Number(options.rounds ?? (quick ? 3 : 20));

const began = performance.now();
if (options.peers) installPeers();
const { entrants, absent } = await startEntrants(
  variants.filter(({ kind }) => options.peers || kind !== "peer"),
);
for (const { name, reason } of absent) console.log(`${name} is not measured: ${reason}.`);

const load = loadavg();
const results: Results = {};
{
  using serving = startServing();
  const bench: Bench = { serving, entrants, rounds, quick };
  for (const [part, measure] of wanted) {
    try {
      Object.assign(results, { [part]: await measure(bench) });
    } catch (failure) {
      // What the other parts show is not lost.
      console.error(`${part} failed:`, failure);
      process.exitCode = 1;
    }
  }
}
await Promise.all(entrants.map(({ host }) => host.close()));

const peers = entrants.filter(({ kind }) => kind === "peer").map(({ name }) => name);
const verdicts = judge(results, peers).filter(
  ({ verdict }) => options.only === undefined || verdict !== "not measured",
);
console.log(verdictTable(verdicts));

const machine = { node: process.version, cpus: cpus().length, load: { before: load, after: loadavg() } };
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  JSON.stringify({ at: new Date(), ...machine, quick, rounds, absent, ...results, verdicts }, null, 2),
);
const seconds = ((performance.now() - began) / 1_000).toFixed(0);
const loads = `load ${load[0]?.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after on ${cpus().length} processors`;
console.log(`${rounds} rounds in ${seconds} s, ${loads}; all slots in ${file}`);
if (quick) console.log("--quick shows that it runs; measure without it.");
if (options.strict && verdicts.some(({ verdict }) => verdict === "MISSED")) process.exitCode = 1;
