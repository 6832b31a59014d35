import type { ErrorCode } from "@tenantry/core";

/** How one piece of work at an upstream ended. */
export interface Outcome {
  readonly at: number;
  /** Names for whom it was. */
  readonly who: string;
  /** How the upstream failed; absent: it answered. */
  readonly failure?: ErrorCode | undefined;
}

/** When an upstream has failed too often. */
export interface OutcomeLimits {
  /** How many of the last twice as many outcomes have to be failures. */
  readonly rollBackFailures: number;
  /** How long an outcome counts, in milliseconds. */
  readonly rollBackWithinMs: number;
}

/**
 * The last outcomes at one upstream. However many there are in a second, it takes the same number of failures to condemn
 * it; and one principal alone cannot, while it answers others.
 */
export class Outcomes {
  readonly #limits: OutcomeLimits;
  readonly #last: Outcome[] = [];
  /** The last answers to two different ones, the latest first. */
  #answered: readonly Outcome[] = [];

  constructor(limits: OutcomeLimits) {
    this.#limits = limits;
  }

  /** Adds an outcome, and says how the upstream failed last where it has failed too often. */
  add(outcome: Outcome): ErrorCode | undefined {
    const { rollBackFailures } = this.#limits;
    this.#last.push(outcome);
    if (this.#last.length > 2 * rollBackFailures) this.#last.shift();
    if (outcome.failure !== undefined) return this.#isTooMuch(outcome) ? outcome.failure : undefined;
    const other = this.#answered.find(({ who }) => who !== outcome.who);
    this.#answered = other === undefined ? [outcome] : [outcome, other];
    return undefined;
  }

  #isTooMuch({ at }: Outcome): boolean {
    const { rollBackFailures, rollBackWithinMs } = this.#limits;
    const counts = (outcome: Outcome) => at - outcome.at < rollBackWithinMs;
    const failed = this.#last.filter((outcome) => outcome.failure !== undefined && counts(outcome));
    if (failed.length < rollBackFailures) return false;
    const [first, ...others] = new Set(failed.map(({ who }) => who));
    return others.length > 0 || !this.#answered.some((answer) => answer.who !== first && counts(answer));
  }
}
