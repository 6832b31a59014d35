import type { TenantryError } from "@tenantry/core";
import type { Admission } from "./admission.ts";
import type { Rung } from "./backoff.ts";
import { Breaker, type BreakerOptions } from "./breaker.ts";

/** How often the server refused one generation of a credential in a row; a failure of another one begins anew. */
export class Authorization {
  readonly #options: BreakerOptions;
  readonly #principal: string;
  #breaker: Breaker;
  #generation: string | undefined;
  #lastFailure: TenantryError | undefined;

  constructor(options: BreakerOptions, principal: string) {
    this.#options = options;
    this.#principal = principal;
    this.#breaker = new Breaker(options, "one");
  }

  get isCalm(): boolean {
    return this.#breaker.isCalm;
  }

  /** Until when there is something to remember; 0 where there is nothing. */
  get remembersUntil(): number {
    return this.#breaker.remembersUntil;
  }

  /** What the server last said of the credential; `undefined` where that was nothing bad. */
  get lastFailure(): TenantryError | undefined {
    return this.#lastFailure;
  }

  /** How long a call with this generation is refused, in milliseconds; 0 where it may {@link enter}. */
  waitMs(generation: string | undefined, now: number): number {
    return generation === this.#generation ? this.#breaker.waitMs(this.#principal, now) : 0;
  }

  enter(admission: Admission, generation: string | undefined, now: number): void {
    if (generation === this.#generation) this.#breaker.enter(admission, this.#principal, now);
  }

  succeeded(admission: Admission, now: number): void {
    this.#breaker.succeeded(admission, now);
    if (this.isCalm) this.#lastFailure = undefined;
  }

  /** Tells the rung where that opens the breaker. */
  failed(
    admission: Admission,
    generation: string | undefined,
    failure: TenantryError,
    now: number,
  ): Rung | undefined {
    if (generation !== this.#generation) {
      if (this.#breaker.isLate(admission)) return undefined;
      this.#breaker = new Breaker(this.#options, "one");
      this.#generation = generation;
    }
    this.#lastFailure = failure;
    return this.#breaker.failed(admission, this.#principal, now);
  }

  left(admission: Admission): void {
    this.#breaker.left(admission);
  }
}
