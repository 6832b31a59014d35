import type { Admission, Epochs } from "./admission.ts";
import { Backoff, type Rung } from "./backoff.ts";
import * as states from "./breaker-state.ts";
import type { BreakerState } from "./breaker-state.ts";
import type { TroubleLimits } from "./limits.ts";

/** What the breakers of one pool have in common. */
export interface BreakerOptions {
  readonly limits: TroubleLimits;
  readonly random: () => number;
  readonly epochs: Epochs;
}

/**
 * Refuses calls after failures in a row, then tries with one probe at a time, in the states that {@link BreakerState}
 * describes. One for several principals opens, and opens again, only for the failures of at least two of them.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #isForSeveral: boolean;
  readonly #backoff: Backoff;
  #state: BreakerState = states.closed();
  /** Failures in a row; while it is not closed, those since it opened last, the one that opened it included. */
  #failures = 0;
  /** Whose the first of them is, and whether another principal's is among them. */
  #firstBy: string | undefined;
  #areMixed = false;
  #openedIn = 0;
  #changedAt = 0;

  constructor(options: BreakerOptions, isFor: "one" | "several") {
    this.#options = options;
    this.#isForSeveral = isFor === "several";
    this.#backoff = new Backoff(options.limits, options.random);
  }

  /** Whether it is closed and counts nothing: no call needs to ask it, and no success needs to be told. */
  get isCalm(): boolean {
    return this.#failures === 0;
  }

  /** Whether it lets everything through. */
  get isClosed(): boolean {
    return this.#state.name === "closed";
  }

  /** Until when it has something to remember; 0 where it has nothing. */
  get remembersUntil(): number {
    if (this.isCalm && this.#backoff.isAtRest) return 0;
    const staleAt = this.#changedAt + this.#options.limits.breakerStableMs;
    return this.#state.name === "closed" ? staleAt : Math.max(staleAt, this.#state.until);
  }

  /** How long a call of `by` is refused, in milliseconds; 0 where it may {@link enter}. */
  waitMs(by: string, now: number): number {
    const state = this.#state;
    switch (state.name) {
      case "closed":
        return 0;
      case "open":
        return Math.max(0, state.until - now);
      case "half-open":
        // Whoever probes over and over keeps only themselves waiting.
        if (state.probe === undefined || (state.again && state.by !== by)) return 0;
        return Math.min(this.#options.limits.breakerBaseMs, Math.max(0, state.until - now));
    }
  }

  /** Lets an attempt through, as the probe where the breaker is not closed. */
  enter(admission: Admission, by: string, now: number): void {
    const state = this.#state;
    if (state.name === "closed") return;
    const again = state.name === "half-open" && state.by === by;
    this.#setState(states.halfOpen(admission, { by, again, until: now + this.#backoff.capMs }));
  }

  /** Whether the attempt began before the breaker opened. */
  isLate({ epoch }: Admission): boolean {
    return epoch < this.#openedIn;
  }

  /** Whether the failure of this attempt would count: it is the probe, or nothing opened since it began. */
  heeds(admission: Admission): boolean {
    const state = this.#state;
    switch (state.name) {
      case "closed":
        return !this.isLate(admission);
      case "open":
        return false;
      case "half-open":
        return state.probe === admission;
    }
  }

  /** The attempt succeeded. Any that began after the breaker opened closes it, an overtaken probe too. */
  succeeded(admission: Admission, now: number): void {
    if (this.isCalm || this.isLate(admission)) return;
    this.#failures = 0;
    this.#changedAt = now;
    this.#backoff.succeeded(now);
    this.#setState(states.closed());
  }

  /** The attempt failed. Gives the rung where that opens the breaker; `threshold` is how many failures that takes. */
  failed(
    admission: Admission,
    by: string,
    now: number,
    threshold = this.#options.limits.breakerThreshold,
  ): Rung | undefined {
    if (!this.heeds(admission)) return undefined;
    this.#count(by, now);
    const opens = !this.isClosed || this.#failures >= threshold;
    if (opens && (this.#areMixed || !this.#isForSeveral)) return this.#open(by, now);
    this.left(admission);
    return undefined;
  }

  /** The attempt ended without a verdict; where it was the probe, the next one may probe. */
  left(admission: Admission): void {
    const state = this.#state;
    if (state.name === "half-open" && state.probe === admission)
      this.#setState(states.halfOpen(undefined, state));
  }

  #setState(next: BreakerState): void {
    this.#state = next;
  }

  #count(by: string, now: number): void {
    const isStale = this.isClosed && now - this.#changedAt >= this.#options.limits.breakerStableMs;
    if (this.isCalm || isStale) this.#begin(by, 0);
    this.#areMixed ||= by !== this.#firstBy;
    this.#failures++;
    this.#changedAt = now;
    this.#backoff.failed(now);
  }

  #open(by: string, now: number): Rung {
    const rung = this.#backoff.climb();
    this.#openedIn = this.#options.epochs.advance();
    // To open it again takes another principal than this one.
    this.#begin(by, 1);
    this.#setState(states.open(now + rung.delayMs));
    return rung;
  }

  #begin(by: string, failures: number): void {
    this.#failures = failures;
    this.#firstBy = by;
    this.#areMixed = false;
  }
}
