import { RecentMap, SharedFlight, type AbortableOptions, type Clock } from "@tenantry/core";
import { RecentFailures } from "./recent-failures.ts";

/** How a value is asked for. */
export interface FlightOptions extends AbortableOptions {
  /** How old a kept value may be, in milliseconds; defaults to the cache's own `ttlMs`. */
  readonly maxAgeMs?: number;
}

/** How a cache keeps. */
export interface FlightCacheOptions {
  /** How many values, and how many failures, are kept. */
  readonly max: number;
  /** For how long a value is kept, in milliseconds. */
  readonly ttlMs: number;
  /** For how long a failure is given to all who ask, or as long as it says in `retryAfterMs`; defaults to not at all. */
  readonly failureMs?: number;
  /** Whether a flight goes on that nobody waits for any more, because what it has begun is not to be begun again. */
  readonly goesOn?: boolean;
}

interface Kept<T> {
  readonly value: T;
  readonly at: number;
}

/** Values that are dear to get: each is got by one flight that all askers share, and kept for a while. */
export class FlightCache<T extends object> {
  readonly #clock: Clock;
  readonly #options: FlightCacheOptions;
  readonly #kept: RecentMap<string, Kept<T>>;
  readonly #failed: RecentFailures | undefined;
  readonly #flights = new Map<string, SharedFlight<T>>();

  constructor(clock: Clock, options: FlightCacheOptions) {
    const { max, failureMs } = options;
    this.#clock = clock;
    this.#options = options;
    this.#kept = new RecentMap(max);
    this.#failed = failureMs === undefined ? undefined : new RecentFailures(clock, max, failureMs);
  }

  /** The kept value, if it is young enough. A clock that was set back makes it old. */
  peek(key: string, maxAgeMs: number = this.#options.ttlMs): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const age = this.#clock.now() - kept.at;
    return age >= 0 && age < maxAgeMs ? kept.value : undefined;
  }

  /** Gives the kept value, or what `start` gives; rejects as that does, or as it did a short while ago. */
  async get(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    { signal, maxAgeMs }: FlightOptions,
  ): Promise<T> {
    const kept = this.peek(key, maxAgeMs);
    if (kept !== undefined) return kept;
    this.#failed?.check(key);
    const flying = this.#flights.get(key);
    const flight = flying === undefined || flying.abandoned ? this.#begin(key, start) : flying;
    return flight.join({ signal });
  }

  /** Whether a value is being got, which whoever asks now shares. */
  isUnderWay(key: string): boolean {
    return this.#flights.get(key)?.abandoned === false;
  }

  /** Keeps a value that came another way. */
  set(key: string, value: T): void {
    this.#kept.set(key, { value, at: this.#clock.now() });
  }

  /** Forgets a value; a flight under way is not ended. */
  delete(key: string): void {
    this.#kept.take(key);
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): SharedFlight<T> {
    const flight: SharedFlight<T> = new SharedFlight(async (signal) => {
      try {
        // One turn later, so that the flight is in the map before it can end.
        await Promise.resolve();
        const value = await start(signal);
        this.set(key, value);
        this.#failed?.forget(key);
        return value;
      } catch (failure) {
        this.#failed?.keep(key, failure);
        throw failure;
      } finally {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      }
    });
    this.#flights.set(key, flight);
    // One waiter that never leaves.
    if (this.#options.goesOn) flight.join().catch(() => {});
    return flight;
  }
}
