import type { Clock } from "./clock.ts";
import type { Counter } from "./store-coordination.ts";

/** How many a new one looks at for ended ones: more than come, so that they cannot pile up. */
const sweptAtOnce = 8;

interface Count {
  points: number;
  readonly expiresAt: number;
  readonly ttlMs: number;
}

/** What counters are kept by. */
export interface CounterTableOptions {
  readonly clock: Pick<Clock, "now">;
  /** By how much the clock may be set back before the younger counters have ended, in milliseconds; defaults to nothing. */
  readonly toleratedStepMs?: number;
  /** How many there may be, and the error for one more; defaults to any number. */
  readonly bound?: { readonly max: number; readonly error: () => Error };
}

/** Counters of this process, each for as long as it lasts. No timer ends them: each new one looks at a few. */
export class CounterTable {
  readonly #options: CounterTableOptions;
  readonly #counts = new Map<string, Count>();
  #sweep: IterableIterator<[string, Count]> | undefined;

  constructor(options: CounterTableOptions) {
    this.#options = options;
  }

  /** How many there are, ended ones that were not looked at since included. */
  get size(): number {
    return this.#counts.size;
  }

  /** Adds to a counter; begins one of `ttlMs` where there is none that lasts. Throws where there would be too many. */
  add(name: string, points: number, ttlMs: number): Counter {
    let count = this.#lasting(name);
    if (count === undefined)
      count = this.#begin(name, { points: 0, expiresAt: this.#options.clock.now() + ttlMs, ttlMs });
    count.points += points;
    return counterOf(count);
  }

  /** The counter, where there is one that lasts. */
  get(name: string): Counter | undefined {
    const count = this.#lasting(name);
    return count && counterOf(count);
  }

  /** Takes what was counted elsewhere, by this clock. Throws where there would be too many. */
  set(name: string, { points, expiresAt }: Counter, ttlMs: number): void {
    this.#begin(name, { points, expiresAt, ttlMs });
  }

  /** Ends a counter. */
  reset(name: string): void {
    this.#counts.delete(name);
  }

  #begin(name: string, count: Count): Count {
    this.#sweepSome();
    const { bound } = this.#options;
    if (bound !== undefined && this.#counts.size >= bound.max && !this.#counts.has(name)) throw bound.error();
    this.#counts.set(name, count);
    return count;
  }

  #lasting(name: string): Count | undefined {
    const count = this.#counts.get(name);
    return count && this.#lasts(count) ? count : undefined;
  }

  /** One that would last far longer than it was begun for is from before the clock was set back: it has ended too. */
  #lasts({ expiresAt, ttlMs }: Count): boolean {
    const { clock, toleratedStepMs = 0 } = this.#options;
    const left = expiresAt - clock.now();
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
