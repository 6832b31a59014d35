import { setTimeout as sleep } from "node:timers/promises";
import { createTenantry, type Tenantry, type TenantryOptions } from "tenantry";
import type { Aftermath, Outcome } from "./aftermath.ts";
import { CountedClock } from "./counted-clock.ts";
import { startFleet, type Fleet, type FleetReport } from "./fleet.ts";
import { limitsOf, serversOf } from "./host.ts";
import { leftAwake } from "./left-awake.ts";
import { Lateness } from "./lateness.ts";
import { workspaces } from "./people.ts";
import { planOf, type PlanOptions, type Step } from "./plan.ts";
import { takeStep } from "./take-step.ts";
import { Users } from "./users.ts";
import { stormy, type Odds } from "./weather.ts";
import { within } from "./within.ts";

/** How a storm is run. */
export interface StormOptions extends PlanOptions {
  /** What goes wrong; defaults to {@link stormy}. */
  readonly odds?: Odds;
  /** How many steps are under way at a time; defaults to 64. */
  readonly lanes?: number;
  /** What the host knows of its users; a test gives one that mixes two of them up. */
  readonly host?: Users;
}

/** Runs storms side by side and tells everything about each; what of that must not be is for others to say. */
export async function runStorms(storms: readonly StormOptions[]): Promise<readonly Aftermath[]> {
  const before = process.getActiveResourcesInfo();
  const aftermaths = await Promise.all(storms.map(runStorm));
  const left = await leftAwake(before);
  return aftermaths.map((aftermath) => ({ ...aftermath, leftAwake: left }));
}

async function runStorm(options: StormOptions): Promise<Omit<Aftermath, "leftAwake">> {
  const { seed, odds = stormy, lanes = 64, host = new Users() } = options;
  await using fleet = await startFleet({ seed, odds });
  using lateness = new Lateness();
  const beganAt = Date.now();
  const clock = new CountedClock();
  const own = workspaces.map((workspace) => [workspace, { servers: serversOf(workspace, fleet, host) }]);
  const tenantry = createTenantry({
    workspaces: Object.fromEntries(own) as TenantryOptions["workspaces"],
    limits: limitsOf(seed),
    clock,
  });
  const sailed = await sail(tenantry, host, planOf(options), lanes);
  const { ledgers, late } = await lastReport(fleet);
  return {
    ...{ ...sailed, ledgers, late: [...late, ...lateness.moments] },
    ...{ timers: clock.timers, elapsedMs: Date.now() - beganAt },
  };
}

/** Takes every step, so many at a time; the instance is closed while the last of them are under way. */
async function sail(
  tenantry: Tenantry,
  users: Users,
  plan: readonly Step[],
  lanes: number,
): Promise<Pick<Aftermath, "outcomes" | "closingAt" | "closeFailure">> {
  const outcomes: Outcome[] = [];
  const steps = plan.values();
  let closing: Promise<string | undefined> | undefined;
  let closingAt = Infinity;
  const lane = async () => {
    for (const step of steps) outcomes.push(await takeStep(tenantry, users, step));
    closingAt = Math.min(closingAt, Date.now());
    await (closing ??= closed(tenantry));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { outcomes, closingAt, closeFailure: await closing };
}

function closed(tenantry: Tenantry): Promise<string | undefined> {
  const closing = tenantry.close().then(() => undefined, String);
  return within(maxCloseMs, closing, `close() did not settle within ${maxCloseMs} ms`);
}

/** The pool waits for half a minute at most. */
const maxCloseMs = 40_000;

/** What the servers have noted, once their sockets are closed or have had their time. */
async function lastReport(fleet: Fleet): Promise<FleetReport> {
  const until = Date.now() + socketsCloseMs;
  for (;;) {
    const report = await fleet.report();
    if (report.ledgers.every(({ openSockets }) => openSockets === 0) || Date.now() >= until) return report;
    await sleep(50);
  }
}

/** How long a socket may be open after `close()`, in milliseconds. */
const socketsCloseMs = 2_000;
