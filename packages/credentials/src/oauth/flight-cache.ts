import { SharedFlight, type AbortableOptions, type Clock } from "@tenantry/core";
import { RecentMap } from "../recent-map.ts";

/** How a value is asked for. */
export interface FlightOptions extends AbortableOptions {
  /** How old a kept value may be, in milliseconds; defaults to the cache's own `ttlMs`. */
  readonly maxAgeMs?: number;
}

/** Values that are dear to get: each is got by one flight that all askers share, and kept for a while. A failure is not kept. */
export class FlightCache<T extends object> {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #kept: RecentMap<string, { readonly value: T; readonly at: number }>;
  readonly #flights = new Map<string, SharedFlight<T>>();

  constructor(clock: Clock, { max, ttlMs }: { readonly max: number; readonly ttlMs: number }) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#kept = new RecentMap(max);
  }

  /** The kept value, if it is young enough. A clock that was set back makes it old. */
  peek(key: string, maxAgeMs: number = this.#ttlMs): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const age = this.#clock.now() - kept.at;
    return age >= 0 && age < maxAgeMs ? kept.value : undefined;
  }

  /** Gives the kept value, or what `start` gives. */
  async get(
    key: string,
    start: (signal: AbortSignal) => Promise<T>,
    { signal, maxAgeMs }: FlightOptions,
  ): Promise<T> {
    const kept = this.peek(key, maxAgeMs);
    if (kept !== undefined) return kept;
    const flying = this.#flights.get(key);
    const flight = flying === undefined || flying.abandoned ? this.#begin(key, start) : flying;
    return flight.join({ signal });
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
        return value;
      } finally {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      }
    });
    this.#flights.set(key, flight);
    return flight;
  }
}
