import type { Clock, Counter } from "@tenantry/core";
import { unavailable } from "../failure.ts";
import { toleratedStepMs } from "../leases.ts";

/** How many an addition looks at for ended ones: more than it adds, so that they cannot pile up. */
const sweptAtOnce = 8;
interface Count {
  points: number;
  readonly expiresAt: number;
  readonly ttlMs: number;
}

/** The counters of all names. */
export class MemoryCounters {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #counts = new Map<string, Count>();
  #sweep: IterableIterator<[string, Count]> | undefined;

  /** Holds at most `max` of them, those counted that have ended and are not swept yet. */
  constructor(clock: Clock, max = 1_000_000) {
    this.#clock = clock;
    this.#max = max;
  }

  /** Throws `STORE_UNAVAILABLE` where there are as many as may be. */
  add(name: string, points: number, ttlMs: number): Counter {
    let count = this.#lasting(name);
    if (count === undefined) {
      this.#sweepSome();
      if (this.#counts.size >= this.#max && !this.#counts.has(name)) throw full(this.#max);
      count = { points: 0, expiresAt: this.#clock.now() + ttlMs, ttlMs };
      this.#counts.set(name, count);
    }
    count.points += points;
    return counterOf(count);
  }

  get(name: string): Counter | undefined {
    const count = this.#lasting(name);
    return count && counterOf(count);
  }

  reset(name: string): void {
    this.#counts.delete(name);
  }

  #lasting(name: string): Count | undefined {
    const count = this.#counts.get(name);
    return count && this.#lasts(count) ? count : undefined;
  }

  /** One that would last far longer than it was begun for is from before the clock was set back: it has ended too. */
  #lasts({ expiresAt, ttlMs }: Count): boolean {
    const left = expiresAt - this.#clock.now();
    return left > 0 && left <= ttlMs + toleratedStepMs;
  }

  /** Goes on through the counters from where the last sweep stopped. */
  #sweepSome(): void {
    for (let looks = 0; looks < sweptAtOnce; looks++) {
      this.#sweep ??= this.#counts.entries();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      const [name, count] = next.value;
      if (!this.#lasts(count)) this.#counts.delete(name);
    }
  }
}

function counterOf({ points, expiresAt }: Count): Counter {
  return { points, expiresAt };
}

function full(max: number): Error {
  const message = `The store in memory holds ${max} counters; use one on disk.`;
  return unavailable(message, { retryable: true });
}
