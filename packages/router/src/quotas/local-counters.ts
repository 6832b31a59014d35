import type { Clock, Counter } from "@tenantry/core";

/** How many an addition looks at for ended ones: more than it adds, so that they cannot pile up. */
const sweptAtOnce = 4;

interface Count {
  points: number;
  expiresAt: number;
}

/** Counters of this process alone, as the store's are. */
export class LocalCounters {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();
  #sweep: IterableIterator<[string, Count]> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there are, ended ones that were not looked at since included. */
  get size(): number {
    return this.#counts.size;
  }

  /** Adds to a counter; begins one of `ttlMs` where there is none, or it has ended. */
  add(name: string, points: number, ttlMs: number): Counter {
    const now = this.#clock.now();
    let count = this.#counts.get(name);
    if (count === undefined || !isLasting(count, now, ttlMs)) {
      if (count === undefined) this.#sweepSome(now);
      this.#counts.set(name, (count = { points: 0, expiresAt: now + ttlMs }));
    }
    count.points += points;
    return count;
  }

  /** The counter, where there is one that lasts. */
  get(name: string, ttlMs: number): Counter | undefined {
    const count = this.#counts.get(name);
    return count && isLasting(count, this.#clock.now(), ttlMs) ? count : undefined;
  }

  /** Takes what a store has counted. */
  set(name: string, counter: Counter): void {
    if (!this.#counts.has(name)) this.#sweepSome(this.#clock.now());
    this.#counts.set(name, { ...counter });
  }

  /** Goes on through the counters from where the last sweep stopped. */
  #sweepSome(now: number): void {
    for (let looks = 0; looks < sweptAtOnce; looks++) {
      this.#sweep ??= this.#counts.entries();
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      const [name, { expiresAt }] = next.value;
      if (expiresAt <= now) this.#counts.delete(name);
    }
  }
}

/** A clock that was set back leaves counters that would last too long: they have ended. */
function isLasting({ expiresAt }: Count, now: number, ttlMs: number): boolean {
  return expiresAt > now && expiresAt - now <= ttlMs;
}
