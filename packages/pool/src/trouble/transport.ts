import type { TenantryError } from "@tenantry/core";
import type { Admission } from "./admission.ts";
import type { Rung } from "./backoff.ts";
import { Breaker, type BreakerOptions } from "./breaker.ts";

/** A breaker that opened, and for whom. */
export interface TransportBreak extends Rung {
  /** Absent where it opened for everybody. */
  readonly principal?: string;
}

/**
 * What one principal meets on the way to one origin. Its own breaker opens for its own failures, however others fare;
 * the origin's, which all its principals share, only where at least two of them fail.
 */
export class Transport {
  readonly #options: BreakerOptions;
  readonly #principal: string;
  /** There from the first failure on: most principals never see one. */
  #own: Breaker | undefined;
  readonly #shared: Breaker | undefined;
  #last: { readonly failure: TenantryError; readonly at: number } | undefined;

  /** Without a `shared` breaker nobody else goes this way. */
  constructor(options: BreakerOptions, principal: string, shared: Breaker | undefined) {
    this.#options = options;
    this.#principal = principal;
    this.#shared = shared;
  }

  get isCalm(): boolean {
    return (
      (this.#own === undefined || this.#own.isCalm) && (this.#shared === undefined || this.#shared.isCalm)
    );
  }

  /** Until when there is something to remember of this principal; 0 where there is nothing. */
  get remembersUntil(): number {
    return this.#own?.remembersUntil ?? 0;
  }

  /** How long a call is refused, in milliseconds; 0 where it may {@link enter}. */
  waitMs(now: number): number {
    const ownMs = this.#own?.waitMs(this.#principal, now) ?? 0;
    return Math.max(ownMs, this.#shared?.waitMs(this.#principal, now) ?? 0);
  }

  /** The principal's last failure, where it has not succeeded since and was not long ago. */
  lastFailure(now: number): TenantryError | undefined {
    if (this.#last === undefined) return undefined;
    return now - this.#last.at < this.#options.limits.breakerStableMs ? this.#last.failure : undefined;
  }

  enter(admission: Admission, now: number): void {
    this.#own?.enter(admission, this.#principal, now);
    this.#shared?.enter(admission, this.#principal, now);
  }

  succeeded(admission: Admission, now: number): void {
    this.#own?.succeeded(admission, now);
    this.#shared?.succeeded(admission, now);
    this.#last = undefined;
  }

  /** Tells which breaker that opens, if any. */
  failed(admission: Admission, failure: TenantryError, now: number): TransportBreak | undefined {
    const principal = this.#principal;
    const own = (this.#own ??= new Breaker(this.#options, "one"));
    this.#last = { failure, at: now };
    // What began before the origin was known to be down says nothing of its principal.
    if (this.#shared?.heeds(admission) === false) {
      own.left(admission);
      return undefined;
    }
    const wasClosed = this.#shared?.isClosed ?? true;
    const forAll = this.#shared?.failed(admission, principal, now);
    if (forAll !== undefined) {
      own.left(admission);
      return forAll;
    }
    // Whose probe fails without closing the origin to all waits alone, and another principal may probe meanwhile.
    const forOne = own.failed(admission, principal, now, wasClosed ? undefined : 1);
    return forOne && { ...forOne, principal };
  }

  left(admission: Admission): void {
    this.#own?.left(admission);
    this.#shared?.left(admission);
  }
}
