import type { Clock, Timer } from "@tenantry/core";

/** A burst is over when nothing has come for so long, in milliseconds. */
const quietMs = 200;
/** The longest burst; one that goes on is another one. */
const longestMs = 2_000;

/** Tells of what comes in bursts once for each, when it is over: a thousand changes in a second cost as much as one. */
export class Burst {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #timer: Timer | undefined;
  #endsAt = 0;

  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Something has come. */
  add(): void {
    const now = this.#clock.now();
    if (this.#timer === undefined) this.#endsAt = now + longestMs;
    this.#timer?.cancel();
    const delayMs = Math.max(0, Math.min(quietMs, this.#endsAt - now));
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#tell();
    });
  }

  /** Tells of nothing more. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
