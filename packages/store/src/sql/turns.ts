import type { Clock } from "@tenantry/core";
import { unavailable } from "../failure.ts";

/** How many calls the database has to do with at once. */
const maxRunning = 64;
/** How many others wait for their turn at most. */
const maxWaiting = 10_000;
/** How long one of them waits at most, in milliseconds. */
const maxWaitMs = 10_000;

/**
 * Calls in the order in which they came, a bounded number at once. An urgent one has its turn at once and is never
 * refused: there is one of them at most for each lease that somebody holds, and its turn began with that lease.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for a turn; rejects with `STORE_UNAVAILABLE` where too many wait already, or this one has for too long. */
  async take(isUrgent: boolean): Promise<void> {
    if (isUrgent || this.#running < maxRunning) {
      this.#running++;
      return;
    }
    if (this.#waiting.size >= maxWaiting) throw tooBusy(`${maxWaiting} calls of the store are waiting`);
    await this.#wait();
  }

  /** Ends a turn. Whoever waits next has it from now on. */
  give(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#running > maxRunning) this.#running--;
    else next();
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        this.#waiting.delete(begin);
        timer.cancel();
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(begin);
        reject(tooBusy(`A call of the store has waited ${maxWaitMs} ms for its turn`));
      };
      const timer = this.#clock.after(maxWaitMs, leave, { keepAlive: true });
      this.#waiting.add(begin);
    });
  }
}

function tooBusy(why: string): Error {
  return unavailable(`${why}; try again later.`, { retryable: true });
}
