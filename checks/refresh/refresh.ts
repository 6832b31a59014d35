// Kills processes in the middle of refreshes and says what that cost. Fails where it cost more than it may, or where a
// refresh that nobody coordinates costs no more.
import { parseArgs } from "node:util";
import { killPoints, unharmed, type KillPoint } from "./kill-points.ts";
import { playAlone, playNaively, playTogether, type Played } from "./run.ts";
import { breachesOf } from "./rules.ts";
import type { Round } from "./round.ts";
import { tableOf } from "./table.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    rounds: { type: "string", default: "20" },
    calls: { type: "string", default: "5" },
  },
});
const [kills, rounds, calls] = [countOf("kills"), countOf("rounds"), countOf("calls")];
// A lease is as long as a killed process keeps the others waiting: short, so that the run takes minutes.
const limits = { refreshTimeoutMs: 1_500, refreshLeaseMs: 2_000 };
const breaches: string[] = [];
const played = new Map<string, Round[]>();

for (const many of [10, 1_000]) breaches.push(...(await play(playAlone({ limits, calls: many }))));
const points = [
  ...Array.from({ length: rounds }, () => unharmed),
  ...Array.from({ length: kills }, (_, at) => killPoints[at % killPoints.length] as KillPoint),
];
breaches.push(...(await play(playTogether({ limits, calls }, points))));
// What breaks the rules is that there are several: one such process keeps them.
breaches.push(...(await play(playNaively({ limits, calls }, { processes: 1, rounds }))));
const ofControl = await play(playNaively({ limits, calls }, { processes: 4, rounds }));

console.log(tableOf(played));
console.log(`\n${breaches.length} breaches`);
for (const breach of breaches) console.log(breach);
const isCaught = ofControl.some((breach) => breach.includes("one refresh token was used"));
console.log(
  `\nThe control broke ${ofControl.length} rules; ${isCaught ? "for example:" : "that a token is used once was NOT among them."}`,
);
for (const breach of ofControl.slice(0, 3)) console.log(breach);
process.exitCode = breaches.length > 0 || !isCaught ? 1 : 0;

async function play(run: Played): Promise<readonly string[]> {
  const broken: string[] = [];
  for await (const round of run) {
    const { name } = round.point;
    played.set(name, [...(played.get(name) ?? []), round]);
    const said = breachesOf(round, limits);
    process.stderr.write(said.length > 0 ? "x" : ".");
    broken.push(...said);
  }
  process.stderr.write("\n");
  return broken;
}

function countOf(name: "kills" | "rounds" | "calls"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name} takes a whole number from 1 on.`);
}
