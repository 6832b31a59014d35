// A sample of what `pnpm refresh` does at full size.
import { expect, it } from "vitest";
import { killPoints, unharmed } from "./kill-points.ts";
import { breachesOf } from "./rules.ts";
import { playNaively, playTogether, type Played } from "./run.ts";

const options = { limits: { refreshTimeoutMs: 1_500, refreshLeaseMs: 2_000 }, calls: 3 };

async function breachesIn(run: Played): Promise<readonly string[]> {
  const breaches: string[] = [];
  for await (const round of run) breaches.push(...breachesOf(round, options.limits));
  return breaches;
}

it("refreshes once whichever of four processes is killed, and costs the person a grant only where it has to", async () => {
  const names = ["asking for metadata", "before the intent", "request done, answer held", "after the commit"];
  const points = killPoints.filter(({ name }) => names.includes(name));
  expect(points).toHaveLength(names.length);
  expect(await breachesIn(playTogether(options, [unharmed, unharmed, ...points]))).toEqual([]);
}, 120_000);

it("reports processes that refresh by themselves, and not one that is alone", async () => {
  expect(await breachesIn(playNaively(options, { processes: 1, rounds: 1 }))).toEqual([]);
  const breaches = await breachesIn(playNaively(options, { processes: 4, rounds: 5 }));
  expect(breaches).toContainEqual(expect.stringMatching(/one refresh token was used [2-9] times/u));
  expect(breaches).toContainEqual(expect.stringContaining("a call after the round failed"));
}, 120_000);
