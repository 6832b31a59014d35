import { RecentMap, TenantryError, withDetails, type Clock } from "@tenantry/core";

/** A `Retry-After` is kept to, but not for longer than that: it is the word of one server on one day. */
const longestMs = 300_000;

interface Failed {
  readonly failure: TenantryError;
  readonly at: number;
  readonly forMs: number;
}

/** Failures that are given again to whoever asks within a short while, so that who has failed is left alone. */
export class RecentFailures {
  readonly #clock: Clock;
  readonly #leastMs: number;
  readonly #failed: RecentMap<string, Failed>;

  /**
   * Remembers at most `max` failures, each for as long as it says in `retryAfterMs`, five minutes at most, and for `leastMs`
   * at least.
   */
  constructor(clock: Clock, max: number, leastMs: number) {
    this.#clock = clock;
    this.#leastMs = leastMs;
    this.#failed = new RecentMap(max);
  }

  /** Throws the failure of this name again, with what is left of its `retryAfterMs`, where there was one a short while ago. */
  check(name: string): void {
    const failed = this.#failed.get(name);
    if (failed === undefined) return;
    const { failure, at, forMs } = failed;
    const since = this.#clock.now() - at;
    if (since < 0 || since >= forMs) return;
    const { retryAfterMs } = failure;
    if (retryAfterMs === undefined) throw failure;
    throw withDetails(failure, { retryAfterMs: Math.max(retryAfterMs - since, 0) });
  }

  /** Remembers a failure; one that is no `TenantryError`, such as an abort, is its caller's alone. */
  keep(name: string, failure: unknown): void {
    if (!(failure instanceof TenantryError)) return;
    const forMs = Math.min(Math.max(failure.retryAfterMs ?? 0, this.#leastMs), longestMs);
    if (forMs > 0) this.#failed.set(name, { failure, at: this.#clock.now(), forMs });
  }

  /** Forgets the failure of this name, because it is over. */
  forget(name: string): void {
    this.#failed.take(name);
  }
}
