import type { RefreshLimits } from "./messages.ts";
import { unharmed, type KillPoint } from "./kill-points.ts";
import { grantFirst, grantNaively } from "./person-grants.ts";
import { callOnce, playRound, type Round } from "./round.ts";
import { longestOf } from "./rules.ts";
import { startWorld } from "./world.ts";

/** Rounds in the order in which they were played. */
export type Played = AsyncGenerator<Round, void, void>;

/** What is common to all runs. */
export interface RunOptions {
  readonly limits: RefreshLimits;
  /** How many calls each process makes at once. */
  readonly calls: number;
}

/** How many processes share a database. */
const hosts = 4;

/** One process, and so many calls at once. */
export async function* playAlone({ limits, calls }: RunOptions): Played {
  await using world = await startWorld({ limits, hosts: 1, isNaive: false });
  await grantFirst(world);
  const point: KillPoint = { ...unharmed, name: `nobody, one process, ${calls} calls` };
  yield await playRound(world, point, { calls, usualMs: 0 });
}

/** Four processes; in each round one of them is killed where that round's point says. */
export async function* playTogether({ limits, calls }: RunOptions, points: readonly KillPoint[]): Played {
  await using world = await startWorld({ limits, hosts, isNaive: false });
  await grantFirst(world);
  let usualMs = limits.refreshTimeoutMs;
  for (const point of points) {
    const round = await playRound(world, point, { calls, usualMs });
    if (point.moment.kind === "none") usualMs = longestOf(round);
    yield round;
  }
}

/**
 * The negative control: processes that each refresh by themselves. Each round begins with a new grant, whose token every
 * process has used before it ends.
 */
export async function* playNaively(
  { limits, calls }: RunOptions,
  { processes, rounds }: { readonly processes: 1 | typeof hosts; readonly rounds: number },
): Played {
  await using world = await startWorld({ limits, hosts: processes, isNaive: true });
  const who = processes === 1 ? "nobody, one process" : "nobody";
  const point: KillPoint = { ...unharmed, name: `${who}, no coordination` };
  for (let at = 0; at < rounds; at++) {
    world.issuer.revoke();
    await grantNaively(world);
    await callOnce(world);
    yield await playRound(world, point, { calls, usualMs: 0 });
  }
}
