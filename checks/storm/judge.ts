import type { Aftermath, Failure, Outcome } from "./aftermath.ts";
import { fateOf } from "./fate.ts";
import { unfittingFailures } from "./fitting.ts";
import { nameOf } from "./people.ts";

/** Everything that must not be, a line each; empty after a good run. */
export function violationsOf(aftermath: Aftermath): readonly string[] {
  return [
    ...crossings(aftermath),
    ...unsettled(aftermath),
    ...unfittingFailures(aftermath),
    ...wrongRuns(aftermath),
    ...leftovers(aftermath),
    ...fewAnswers(aftermath),
  ];
}

/** What of one user's met what of another's, as the servers and the callers saw it (laws 1 to 3). */
function crossings({ outcomes, ledgers }: Aftermath): readonly string[] {
  const seen = outcomes.flatMap(({ crossing }) => crossing ?? []);
  return [...ledgers.flatMap((ledger) => ledger.crossings), ...seen].map(
    (crossing) => `CROSSING ${crossing}`,
  );
}

function unsettled({ outcomes }: Aftermath): readonly string[] {
  return outcomes
    .filter(({ ended }) => ended === "never")
    .map(({ step }) => `${step.verb} ${step.nonce} of ${nameOf(step)} never settled`);
}

/** Tools that did not run as often as their callers were told (law 8). */
function wrongRuns({ outcomes, ledgers }: Aftermath): readonly string[] {
  const runs = new Map(ledgers.flatMap((ledger) => Object.entries(ledger.runs)));
  return outcomes.flatMap((outcome) => {
    const { step, ended } = outcome;
    const ran = runs.get(step.nonce) ?? 0;
    const least = ended === "answered" && step.verb === "call" ? 1 : 0;
    if (ran >= least && ran <= mostRuns(outcome)) return [];
    return [
      `call ${step.nonce} of ${nameOf(step)} ran ${ran} times, but its caller was told: ${told(outcome)}`,
    ];
  });
}

function mostRuns({ step, failures: [failure] }: Outcome): number {
  if (step.verb === "list" || step.abort === "before") return 0;
  if (step.idempotent) return 2;
  return failure !== undefined && saysUnread(failure) ? 0 : 1;
}

/** Whether a caller may take it from the error that nothing has run. */
function saysUnread({ delivery, retryable }: Failure): boolean {
  return delivery === "unsent" || delivery === "refused" || retryable;
}

function told({ ended, failures: [failure] }: Outcome): string {
  if (failure === undefined) return ended;
  return `${failure.code} (${failure.delivery}${failure.retryable ? ", retryable" : ""})`;
}

/** What should have been closed (law 10). */
function leftovers(aftermath: Aftermath): readonly string[] {
  const { ledgers, closeFailure, leftAwake, timers } = aftermath;
  return [
    ...(closeFailure === undefined ? [] : [`closing failed: ${closeFailure}`]),
    ...ledgers.flatMap(({ server, sessions, openSockets }) => [
      ...sessions
        .filter((session) => fateOf(session, aftermath.late) === "left for no reason")
        .map(({ id, person }) => `the session ${id} of ${person} was left alive at ${server}`),
      ...(openSockets > 0 ? [`${openSockets} sockets were left open at ${server}`] : []),
    ]),
    ...leftAwake.map((kind) => `a ${kind} was left that keeps the process awake`),
    ...(timers > 0 ? [`${timers} timers were left`] : []),
  ];
}

/** A run in which next to nothing succeeds keeps every rule and shows nothing. */
function fewAnswers({ outcomes }: Aftermath): readonly string[] {
  const tried = outcomes.filter(({ ended }) => ended !== "aborted").length;
  const answered = outcomes.filter(({ ended }) => ended === "answered").length;
  return answered >= tried / 4 ? [] : [`only ${answered} of ${tried} were answered`];
}
