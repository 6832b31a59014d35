/** `pnpm cutover [--calls n] [--lanes n] [--users n]`: moves calls from one server to another, which is killed half-way. */
import { parseArgs } from "node:util";
import { countsOf, violationsOf } from "./rules.ts";
import { cutOver } from "./run.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "10000" },
    lanes: { type: "string", default: "64" },
    users: { type: "string", default: "40" },
  },
});
const aftermath = await cutOver({
  calls: Number(values.calls),
  lanes: Number(values.lanes),
  users: Number(values.users),
});
const { calls, outcomes, done, underWay, server } = aftermath;
const twice = [...countsOf([...done.before, ...done.after])]
  .filter(([, times]) => times > 1)
  .map(([id]) => id);
const rows: readonly (readonly [string, number | string])[] = [
  ["calls", calls],
  ["answered by the upstream before", outcomes.filter(({ by }) => by === "before").length],
  ["answered by the upstream after", outcomes.filter(({ by }) => by === "after").length],
  ["under way when it was killed", underWay.size],
  ["changes that ended in DELIVERY_UNKNOWN", outcomes.filter(({ failure }) => failure !== undefined).length],
  ["changes that were run twice", twice.filter((id) => id % 2 === 1).length],
  ["looks that were run again", twice.filter((id) => id % 2 === 0).length],
  ["the route now", JSON.stringify(server?.route)],
  ["taken back because of", server?.rolledBack?.reason ?? "-"],
];
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
const violations = violationsOf(aftermath);
for (const violation of violations) process.stdout.write(`FAILED ${violation}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
