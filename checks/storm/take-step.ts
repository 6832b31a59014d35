import { setTimeout as sleep } from "node:timers/promises";
import { TenantryError, type Tenantry, type WorkspaceClient } from "tenantry";
import type { Failure, Outcome } from "./aftermath.ts";
import { crossedAnswer, crossedListing } from "./own-answer.ts";
import type { Step } from "./plan.ts";
import type { Users } from "./users.ts";
import { within } from "./within.ts";

/** Much longer than any limit of the run: what has not settled by then never will. In milliseconds. */
const patienceMs = 15_000;

type Ending = Pick<Outcome, "ended" | "failures" | "crossing">;

/** Does one step and tells what became of it; never rejects, and settles even where the step does not. */
export async function takeStep(tenantry: Tenantry, users: Users, step: Step): Promise<Outcome> {
  if (step.restMs > 0) await sleep(step.restMs);
  if (step.rotates) users.rotate(step);
  const client = users.clientFor(tenantry, step);
  const beganAt = Date.now();
  const ending = await within(patienceMs, endingOf(client, step), ended("never"));
  // Whoever hears that a token is not good any more gets the next one.
  if (ending.failures.some(({ code }) => code === "UNAUTHORIZED")) users.rotate(step);
  return { step, beganAt, endedAt: Date.now(), ...ending };
}

async function endingOf(client: WorkspaceClient, step: Step): Promise<Ending> {
  const { abort, nonce } = step;
  const caller = new AbortController();
  const reason = new Error(`${nonce} was given up`);
  const leave = () => caller.abort(reason);
  if (abort === "before") leave();
  const timer = typeof abort === "number" ? setTimeout(leave, abort) : undefined;
  try {
    return await (step.verb === "list" ? list : call)(client, step, caller.signal);
  } catch (failure) {
    return failure === reason ? ended("aborted") : ended("failed", [failureOf(step.server, failure)]);
  } finally {
    clearTimeout(timer);
  }
}

async function call(client: WorkspaceClient, step: Step, signal: AbortSignal): Promise<Ending> {
  const { workspace, user, conversation, nonce, server, tool, byName, idempotent } = step;
  const args = { workspace, user, conversation, nonce };
  const address = byName ? `${server}__${tool}` : { server, tool };
  const result = await client.callTool(address, args, { signal, idempotent });
  return { ...ended("answered"), crossing: crossedAnswer(step, result) };
}

async function list(client: WorkspaceClient, step: Step, signal: AbortSignal): Promise<Ending> {
  const listing = await client.listTools({ signal });
  const failures = listing.unavailable.map(({ server, error }) => failureOf(server as Step["server"], error));
  const crossing = crossedListing(step, listing);
  return { ...ended(failures.length === 0 ? "answered" : "failed", failures), crossing };
}

function ended(how: Outcome["ended"], failures: readonly Failure[] = []): Ending {
  return { ended: how, failures, crossing: undefined };
}

function failureOf(server: Step["server"], failure: unknown): Failure {
  const message = failure instanceof Error ? failure.message : String(failure);
  if (failure instanceof TenantryError) {
    const { code, delivery, retryable, retryAfterMs } = failure;
    return { server, code, delivery, retryable, retryAfterMs, message };
  }
  const unknown = { code: undefined, delivery: undefined, retryAfterMs: undefined };
  return { server, ...unknown, retryable: false, message };
}
