/** What became of one step. */
export interface StepOutcome {
  readonly step: "open" | "list" | "call" | "close";
  /** Which target it was about, counted from 0. */
  readonly target: number;
  /** `pending`: it had not ended well after its deadline, and was given up. */
  readonly ended: "done" | "failed" | "pending";
  /** When it began and ended, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** What it failed with. */
  readonly failure?: FailureSummary;
}

/** A failure, as far as it can be told between processes. */
export interface FailureSummary {
  readonly name: string;
  readonly code: string | undefined;
  /** At most 300 characters of it. */
  readonly message: string;
  /** Whether it, or one of its causes, is a stack that overflowed. */
  readonly overflowed: boolean;
}

/** What a client did. It is plain data. */
export interface HostileOutcome {
  readonly steps: readonly StepOutcome[];
  /** Every address and port that was dialled, in order. */
  readonly dialled: readonly string[];
  /** Every name that was resolved, in order. */
  readonly resolved: readonly string[];
  /** The longest time that the event loop stood still because this process computed, in milliseconds. */
  readonly longestStallMs: number;
  /** Whether the server's text reached the prototype of all objects. */
  readonly polluted: boolean;
  /** How much more memory was held at most than before, in bytes, where somebody measured that. */
  readonly peakBytes?: number;
}

/** Summarises whatever was thrown. */
export function summarise(failure: unknown): FailureSummary {
  const chain = causesOf(failure);
  const [first] = chain;
  const code = (first as { code?: unknown } | undefined)?.code;
  return {
    name: first instanceof Error ? first.name : typeof failure,
    code: typeof code === "string" || typeof code === "number" ? String(code) : undefined,
    message: messageOf(failure).slice(0, 300),
    overflowed: chain.some((one) => one instanceof RangeError && one.message.includes("call stack")),
  };
}

function causesOf(failure: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  let next: unknown = failure;
  while (typeof next === "object" && next !== null && chain.length < 8) {
    chain.push(next);
    next = (next as { cause?: unknown }).cause;
  }
  return chain;
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : typeof failure === "string" ? failure : typeof failure;
}
