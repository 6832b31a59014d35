import { TenantryError, type Clock, type Credential, type CredentialRequest } from "@tenantry/core";
import { wantsMore } from "./challenge.ts";
import { FlightCache } from "./flight-cache.ts";
import type { CheckedIssuerOptions } from "./options.ts";
import { RecentFailures } from "./recent-failures.ts";
import { refusedAgain, Refusals } from "./refusals.ts";

/** Credentials that no store keeps: each is got once for all who ask, and given until it ends or the server refuses it. */
export class KeptCredentials {
  readonly #clock: Clock;
  readonly #slot: string;
  readonly #kept: FlightCache<Credential>;
  readonly #refusals: Refusals;
  readonly #turnedAway: RecentFailures;

  /** Keeps at most `max` of them. */
  constructor(clock: Clock, { slot, limits }: CheckedIssuerOptions, max: number) {
    this.#clock = clock;
    this.#slot = slot;
    this.#refusals = new Refusals(clock, max, limits.maxRenewals);
    this.#turnedAway = new RecentFailures(clock, max, 0);
    this.#kept = new FlightCache(clock, { max, ttlMs: Infinity });
  }

  /**
   * Gives the one of this name at once where it is at hand, and else what `start` gives. Throws `UNAUTHORIZED` where the
   * server refuses what it was given in the place of refused ones, and what an issuer has said that wants to be left alone.
   */
  get(
    name: string,
    request: CredentialRequest,
    start: (signal: AbortSignal) => Promise<Credential>,
  ): Credential | Promise<Credential> {
    const { rejected, signal } = request;
    const kept = this.#kept.peek(name);
    if (kept !== undefined && this.#clock.now() < (kept.expiresAt ?? Infinity)) {
      const isRefused = rejected?.generation === kept.generation;
      // Another token would be allowed no more than this one, which the refusal of is then final.
      if (!isRefused || wantsMore(rejected.challenge)) return kept;
      // Whoever is not refused is given it on, also where no other is to be had: one caller's refusal is not everybody's.
      if (!this.#kept.isUnderWay(name)) this.#checkRefused(name, request);
    }
    return this.#kept.get(name, (ends) => this.#start(name, () => start(ends)), { signal, maxAgeMs: 0 });
  }

  /** Throws what a caller hears whose refused token is not to be got anew now. */
  #checkRefused(name: string, request: CredentialRequest): void {
    this.#turnedAway.check(name);
    const waitMs = this.#refusals.take(name);
    if (waitMs > 0) throw refusedAgain(request, this.#slot, waitMs);
  }

  /** Asks no issuer before the time for which it has turned this one away is over. */
  async #start(name: string, start: () => Promise<Credential>): Promise<Credential> {
    this.#turnedAway.check(name);
    try {
      return await start();
    } catch (failure) {
      // What else goes wrong, such as with metadata that one caller's challenge has named, is remembered where it does.
      const isTurnedAway = failure instanceof TenantryError && failure.delivery === "refused";
      if (isTurnedAway) this.#turnedAway.keep(name, failure);
      throw failure;
    }
  }
}
