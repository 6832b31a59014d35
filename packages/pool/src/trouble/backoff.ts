import type { TroubleLimits } from "./limits.ts";

/** One step of a {@link Backoff}. */
export interface Rung {
  /** Counts from 0. */
  readonly rung: number;
  /** What was drawn for it, in milliseconds. */
  readonly delayMs: number;
  /** Whether delays grow no further. */
  readonly last: boolean;
}

/**
 * Delays that double up to a most, with full jitter: each is drawn from between 0 and its rung's cap. They begin anew
 * once there was no failure for `breakerStableMs` since the success that followed the last one.
 */
export class Backoff {
  readonly #limits: TroubleLimits;
  readonly #random: () => number;
  /** -1 on the ground. */
  #rung = -1;
  #succeededAt: number | undefined;

  constructor(limits: TroubleLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Whether it is on the ground. */
  get isAtRest(): boolean {
    return this.#rung < 0;
  }

  /** The longest delay of the current rung, in milliseconds. */
  get capMs(): number {
    const { breakerBaseMs, breakerMaxMs } = this.#limits;
    return Math.min(breakerMaxMs, breakerBaseMs * 2 ** Math.max(0, this.#rung));
  }

  /** Climbs to the next rung, or stays on the last one, and draws its delay. */
  climb(): Rung {
    const { breakerMaxMs } = this.#limits;
    if (this.isAtRest || this.capMs < breakerMaxMs) this.#rung++;
    const { capMs } = this;
    return { rung: this.#rung, delayMs: Math.round(this.#random() * capMs), last: capMs === breakerMaxMs };
  }

  succeeded(now: number): void {
    if (!this.isAtRest) this.#succeededAt ??= now;
  }

  failed(now: number): void {
    if (this.#succeededAt === undefined) return;
    if (now - this.#succeededAt >= this.#limits.breakerStableMs) this.#rung = -1;
    this.#succeededAt = undefined;
  }
}
