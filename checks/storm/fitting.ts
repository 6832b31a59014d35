import type { ErrorCode } from "tenantry";
import type { Aftermath, Failure, Outcome } from "./aftermath.ts";
import { behind } from "./fleet.ts";
import { wasLate } from "./lateness.ts";
import type { Ledger, MetFault } from "./ledger.ts";
import { nameOf } from "./people.ts";
import type { Fault } from "./weather.ts";

const broken = Object.freeze([
  "reset before it was read",
  "reset after it was read",
  "reset in mid-answer",
  "stream without an answer",
  "truncated answer",
] as const);

/** Which faults of the same user at the same server a failure may come from. */
const causes: Readonly<Partial<Record<ErrorCode, readonly Fault[]>>> = Object.freeze({
  UNAUTHORIZED: Object.freeze(["unauthorized"] as const),
  SESSION_LOST: Object.freeze(["session lost"] as const),
  CONNECT_FAILED: broken,
  HANDSHAKE_FAILED: broken,
  DELIVERY_UNKNOWN: broken,
  CONNECTION_LOST: Object.freeze([...broken, "session lost"] as const),
  PROTOCOL_VIOLATION: Object.freeze(["truncated answer"] as const),
  SERVER_UNAVAILABLE: Object.freeze(["too many requests", "unavailable", "server error"] as const),
  TIMEOUT: Object.freeze(["half-open", "slow drip"] as const),
});

/** How long something that several calls wait for may take, in milliseconds. */
const sharedForMs = 1_000;

/** How long a fault is felt by others of the user's calls, which wait for the same thing, in milliseconds. */
const feltForMs = 4_000;

/** A failure and how its caller came to it. */
interface Case {
  readonly failure: Failure;
  readonly outcome: Outcome;
  /** Whether something accounts for it. */
  readonly fits: boolean;
  /** Whether it is a time-out that may come of a machine which was late. */
  readonly late: boolean;
}

/** Failures that are no typed error, or that nothing which their own user met at that server explains. */
export function unfittingFailures(aftermath: Aftermath): readonly string[] {
  return casesOf(aftermath)
    .filter(({ fits, late }) => !fits && !late)
    .map(describe);
}

/** How many time-outs are explained by nothing but a machine that was late: the fewer, the more a run shows. */
export function lateTimeouts(aftermath: Aftermath): number {
  return casesOf(aftermath).filter(({ fits, late }) => !fits && late).length;
}

function casesOf(aftermath: Aftermath): readonly Case[] {
  const faults = faultsByPlace(aftermath.ledgers);
  return aftermath.outcomes.flatMap((outcome) =>
    outcome.failures.map((failure) => {
      const met = faults.get(placeOf(behind(outcome.step.workspace, failure.server), nameOf(outcome.step)));
      const fits = isExplained(failure, outcome, met ?? [], aftermath.closingAt);
      const { beganAt, endedAt } = outcome;
      // Whoever comes late to what another began has waited as long as that one.
      const since = Math.min(beganAt, endedAt - sharedForMs);
      const late = failure.code === "TIMEOUT" && wasLate(aftermath.late, since, endedAt);
      return { failure, outcome, fits, late };
    }),
  );
}

function isExplained(
  failure: Failure,
  { beganAt, endedAt }: Outcome,
  met: readonly MetFault[],
  closingAt: number,
): boolean {
  const { code } = failure;
  if (code === undefined) return false;
  if (code === "CLOSED") return endedAt >= closingAt;
  if (isHeldBack(failure)) return true;
  return met.some(
    ({ fault, at }) => causes[code]?.includes(fault) === true && at >= beganAt - feltForMs && at <= endedAt,
  );
}

/** Whoever is kept from sending anything, because there is no room or the server is known to be down, has met no fault. */
function isHeldBack({ code, delivery, retryAfterMs }: Failure): boolean {
  if (delivery !== "unsent") return false;
  return code === "POOL_EXHAUSTED" || (code === "SERVER_UNAVAILABLE" && retryAfterMs !== undefined);
}

function faultsByPlace(ledgers: readonly Ledger[]): ReadonlyMap<string, readonly MetFault[]> {
  const places = new Map<string, MetFault[]>();
  for (const { server, faults } of ledgers) {
    for (const met of faults) {
      const place = placeOf(server, met.person);
      const there = places.get(place) ?? [];
      there.push(met);
      places.set(place, there);
    }
  }
  return places;
}

function placeOf(server: string, person: string): string {
  return JSON.stringify([server, person]);
}

function describe({ failure, outcome }: Case): string {
  const { server, code, delivery, message } = failure;
  const { step, beganAt, endedAt } = outcome;
  const where = `${step.verb} ${step.nonce} of ${nameOf(step)} at ${behind(step.workspace, server)}`;
  const what = code === undefined ? "what is no TenantryError" : `a ${code} (${delivery})`;
  return `${where} failed after ${endedAt - beganAt} ms for no reason with ${what}: ${message}`;
}
