import { setTimeout as sleep } from "node:timers/promises";
import type { IssuedToken } from "@tenantry/testing/oauth";
import type { KillPoint } from "./kill-points.ts";
import type { Outcome } from "./messages.ts";
import { awaitMoment, tokenRequests } from "./moment.ts";
import { grantAgain, refusalOf } from "./person-grants.ts";
import type { World } from "./world.ts";

/** What one round came to. */
export interface Round {
  readonly point: KillPoint;
  /** Whether a process came to the moment and was killed there. */
  readonly isKilled: boolean;
  /** How often the authorization server was asked for a refresh. */
  readonly tokenRequests: number;
  /** How often the refresh token that was used most was used. */
  readonly uses: number;
  /** The calls of the processes that lived, and of the one that took the killed one's place. */
  readonly outcomes: readonly Outcome[];
  /** How often the person had to grant again. */
  readonly grantsAgain: number;
  /** A call of every process when all is over. */
  readonly afterwards: readonly Outcome[];
  /** How long a call took when nobody was killed, in milliseconds. */
  readonly usualMs: number;
  /** Leases that were still held when the time for one was over. */
  readonly leasesLeft: number;
}

/** How a round is run. */
export interface RoundOptions {
  /** How many calls each process makes at once. */
  readonly calls: number;
  /** How long a refresh takes all in all when nobody is killed, in milliseconds. */
  readonly usualMs: number;
}

/** How often the person grants in one round at most; more than once is a breach already. */
const maxGrants = 3;

/** Ends the access token, lets all processes call at once, kills one at the moment, and looks at what becomes of it. */
export async function playRound(
  world: World,
  point: KillPoint,
  { calls, usualMs }: RoundOptions,
): Promise<Round> {
  const { issuer, seats } = world;
  if (point.isCold) await Promise.all(seats.map((seat) => world.replace(seat)));
  const requestsBefore = tokenRequests(world);
  const usesBefore = new Map(issuer.issued.map(({ value, uses }) => [value, uses]));
  issuer.expire({ kind: "access_token" });
  using moment = awaitMoment(world, point.moment, usualMs);
  const answers = Promise.all(seats.map(({ host }) => host.ask({ kind: "call", times: calls })));
  // A moment that is drawn comes, be it after the calls.
  const missed = answers.then(() => (point.moment.kind === "random" ? moment.reached : undefined));
  const victim = await Promise.race([moment.reached, missed]);
  if (victim) await world.replace(victim);
  // The new process calls as well, as users do who come back.
  const late = await victim?.host.ask({ kind: "call", times: calls });
  const outcomes = [...(await answers), late].flatMap((some) => some ?? []);
  const { grantsAgain, afterwards } = await grantWhereNeeded(world, outcomes);
  return {
    ...{ point, usualMs, outcomes, grantsAgain, afterwards, isKilled: victim !== undefined },
    tokenRequests: tokenRequests(world) - requestsBefore,
    uses: mostUses(issuer.issued.filter(({ value, uses }) => uses > (usesBefore.get(value) ?? 0))),
    leasesLeft: await leasesLeft(world),
  };
}

/** Lets the person grant as often as a process sends the person away, and every process call after that. */
async function grantWhereNeeded(
  world: World,
  outcomes: readonly Outcome[],
): Promise<Pick<Round, "grantsAgain" | "afterwards">> {
  // Where one call of a process is told that the person has to grant, the others are told so as well.
  let refusal = refusalOf(outcomes);
  let afterwards = refusal ? outcomes : await callOnce(world);
  let grantsAgain = 0;
  for (; refusal && grantsAgain < maxGrants; refusal = refusalOf(afterwards)) {
    await grantAgain(world, refusal);
    grantsAgain++;
    afterwards = await callOnce(world);
  }
  return { grantsAgain, afterwards };
}

function mostUses(tokens: readonly IssuedToken[]): number {
  return Math.max(0, ...tokens.map(({ kind, uses }) => (kind === "refresh_token" ? uses : 0)));
}

/** One call of each process. */
export async function callOnce({ seats }: World): Promise<readonly Outcome[]> {
  const all = await Promise.all(seats.map(({ host }) => host.ask({ kind: "call", times: 1 })));
  return all.flatMap((some) => some ?? [{ code: "a process died by itself", tookMs: 0 }]);
}

/** A lease of a process that was killed ends when its time is over, and not before. */
async function leasesLeft(world: World): Promise<number> {
  const until = performance.now() + world.limits.refreshLeaseMs;
  for (;;) {
    const held = await world.leases();
    if (held === 0 || performance.now() > until) return held;
    await sleep(lookMs);
  }
}

/** How often the leases are looked at, in milliseconds. */
const lookMs = 50;
