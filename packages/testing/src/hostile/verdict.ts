import type { HostileOutcome, StepOutcome } from "./outcome.ts";
import type { Size } from "./size.ts";
import type { HostileRecord } from "./stage.ts";

type Complaint = string | undefined;

/** What holds in every case: each step ends, nothing overflows, and memory stays under twice the bound. */
export function commonComplaints(outcome: HostileOutcome, { limits }: Size): readonly Complaint[] {
  const { steps, polluted, peakBytes = 0 } = outcome;
  const most = 2 * limits.maxMessageBytes;
  return [
    ...steps.map(({ step, ended }) =>
      ended === "pending" ? `${step} had not ended well after its deadline.` : undefined,
    ),
    ...steps.map(({ step, failure }) => (failure?.overflowed ? `${step} overflowed the stack.` : undefined)),
    polluted ? "The server's text reached Object.prototype." : undefined,
    peakBytes >= most ? `It held ${peakBytes} bytes; twice its bound is ${most}.` : undefined,
  ];
}

/** The outcomes of one kind of step. */
export function stepsOf({ steps }: HostileOutcome, step: StepOutcome["step"]): readonly StepOutcome[] {
  return steps.filter((one) => one.step === step);
}

/** Complains unless every step of a kind failed; there must be one. */
export function mustFail(outcome: HostileOutcome, step: StepOutcome["step"]): Complaint {
  const found = stepsOf(outcome, step);
  if (found.length === 0) return `There was no ${step}.`;
  const done = found.filter(({ ended }) => ended === "done").length;
  return done === 0 ? undefined : `${done} of ${found.length} ${step} succeeded.`;
}

/** Complains unless every step of a kind succeeded; there must be one. */
export function mustSucceed(outcome: HostileOutcome, step: StepOutcome["step"]): Complaint {
  const found = stepsOf(outcome, step);
  if (found.length === 0) return `There was no ${step}.`;
  const failed = found.find(({ ended }) => ended !== "done");
  return failed && `${step} did not succeed: ${failed.failure?.message ?? failed.ended}`;
}

/** Complains where anything was listed or called, and unless something failed. */
export function mustNotWork({ steps }: HostileOutcome): Complaint {
  const worked = steps.filter(
    ({ step, ended }) => (step === "list" || step === "call") && ended === "done",
  ).length;
  if (worked > 0) return `${worked} lists or calls succeeded.`;
  return steps.some(({ ended }) => ended === "failed") ? undefined : "Nothing failed.";
}

/** Complains where a server was reached that no client has any business with. */
export function mustNotReach(name: string, { connections }: HostileRecord): Complaint {
  return connections === 0 ? undefined : `${name} was reached by ${connections} connections.`;
}

/** Complains where anything was dialled. */
export function mustNotDial({ dialled }: HostileOutcome): Complaint {
  return dialled.length === 0 ? undefined : `It dialled ${dialled.join(", ")}.`;
}

/** Complains where there is more of something than there may be. */
export function atMost(most: number, what: string, found: number): Complaint {
  return found <= most ? undefined : `There were ${found} ${what}; at most ${most} were to be expected.`;
}

/** Complains where the event loop stood still. */
export function mustNotStall({ longestStallMs }: HostileOutcome): Complaint {
  const stall = Math.round(longestStallMs);
  return stall <= longestAllowedMs ? undefined : `The event loop stood still for ${stall} ms.`;
}

/** What is attacked here takes a second at least. */
const longestAllowedMs = 500;

/** How many requests of one JSON-RPC method there were. */
export function countOf({ requests }: HostileRecord, rpc: string): number {
  return requests.filter((request) => request.rpc === rpc).length;
}

/** Complains where the exchange of a step that has ended was left open. */
export function mustLetGo(outcome: HostileOutcome, record: HostileRecord, rpc: string): Complaint {
  const step = stepsOf(outcome, "call").at(-1);
  const open = record.requests.filter(
    (request) =>
      request.rpc === rpc &&
      !(request.endedAt !== undefined && request.endedAt <= (step?.endedAt ?? 0) + graceMs),
  );
  return open.length === 0 ? undefined : `It left ${open.length} exchanges open after the call had ended.`;
}

const graceMs = 300;
