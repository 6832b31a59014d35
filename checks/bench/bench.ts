// Measures the client, or with `pool`, `credentials` or `router` those, beside the limits that each has. See README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { measureClient } from "./client.ts";
import { measureCredentials } from "./credentials/measure-credentials.ts";
import { measurePool } from "./pool/measure-pool.ts";
import { measureRouter } from "./router/measure-router.ts";
import { verdictTable } from "./verdict.ts";

const isNumber = (text = "") => /^\d+$/.test(text);
// An option cannot both have a value and do without one, as --soak does.
const args = process.argv
  .slice(2)
  .map((arg, at, all) => (arg === "--soak" && !isNumber(all[at + 1]) ? "--soak=full" : arg));
const { values: options, positionals } = parseArgs({
  args,
  allowNegative: true,
  allowPositionals: true,
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    soak: { type: "string" },
    quick: { type: "boolean", default: false },
    peers: { type: "boolean", default: true },
    strict: { type: "boolean", default: false },
  },
});
const { quick, only, peers, soak } = options;
const cycles = isNumber(soak) ? Number(soak) : quick ? 1_000 : 100_000;
const subjects = {
  client: measureClient,
  pool: measurePool,
  credentials: measureCredentials,
  router: measureRouter,
};
const [of = Object.keys(subjects).find((subject) => only?.startsWith(`${subject}-`)) ?? "client"] =
  positionals;
const measure = Object.hasOwn(subjects, of) ? subjects[of as keyof typeof subjects] : undefined;
if (measure === undefined) throw new Error("Name nothing for the client, or pool, credentials or router.");
const rounds = Number(options.rounds ?? (quick ? 3 : 20));

const began = performance.now();
const load = loadavg();
const outcome = await measure({ only, rounds, quick, peers, soak: soak !== undefined, cycles });
const { results, absent } = outcome;
const verdicts = outcome.verdicts.filter(({ verdict }) => only === undefined || verdict !== "not measured");
console.log(verdictTable(verdicts));

const machine = { node: process.version, cpus: cpus().length, load: { before: load, after: loadavg() } };
const name = of === "client" ? "bench.json" : `bench-${of}.json`;
const file = join(import.meta.dirname, "node_modules/.cache", name);
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
