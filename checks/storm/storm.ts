// Sends many users of several workspaces through servers that fail in every way, and says whether anything of one ever
// met anything of another, or was sent twice, or was left behind. Fails where it was.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { limitsOf } from "./host.ts";
import { violationsOf } from "./judge.ts";
import { runStorms } from "./run.ts";
import { rowsOf } from "./table.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "1000" },
    calls: { type: "string", default: "20000" },
    lanes: { type: "string", default: "64" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
  },
});
const storm = {
  users: atLeastOne("users"),
  calls: atLeastOne("calls"),
  lanes: atLeastOne("lanes"),
  seed: Number(values.seed),
};
const flags = Object.entries(storm).map(([name, value]) => `--${name} ${value}`);
console.log(`pnpm storm ${flags.join(" ")}`);
const { maxConnections, maxConnectionsPerUser, idleTimeoutMs } = limitsOf(storm.seed);
console.log(JSON.stringify({ maxConnections, maxConnectionsPerUser, idleTimeoutMs }));

const [aftermath] = await runStorms([storm]);
if (aftermath === undefined) throw new Error("There was no storm.");
console.log("\nwhat | count\n--- | ---:");
for (const row of rowsOf(aftermath)) console.log(row.join(" | "));
const violations = violationsOf(aftermath);
console.log(`\n${violations.length} violations in ${(aftermath.elapsedMs / 1_000).toFixed(1)} s`);
for (const violation of violations.slice(0, 50)) console.log(violation);
process.exitCode = violations.length > 0 ? 1 : 0;

function atLeastOne(name: "users" | "calls" | "lanes"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name} takes a whole number from 1 on.`);
}
