import type { Clock, Credential, CredentialRequest } from "@tenantry/core";
import { wantsMore } from "./challenge.ts";
import { FlightCache } from "./flight-cache.ts";
import { refusedAgain, Refusals } from "./refusals.ts";

/** Credentials that no store keeps: each is got once for all who ask, and given until it ends or the server refuses it. */
export class KeptCredentials {
  readonly #clock: Clock;
  readonly #slot: string;
  readonly #kept: FlightCache<Credential>;
  readonly #refusals: Refusals;

  /** Keeps at most `max` of them; `slot` is what errors call them. */
  constructor(clock: Clock, slot: string, max: number) {
    this.#clock = clock;
    this.#slot = slot;
    this.#refusals = new Refusals(clock, max);
    this.#kept = new FlightCache(clock, { max, ttlMs: Infinity });
  }

  /**
   * Gives the one of this name at once where it is at hand, and else what `start` gives. Throws `UNAUTHORIZED` where the
   * server refuses what it was given in the place of a refused one, for a time that grows.
   */
  get(
    name: string,
    request: CredentialRequest,
    start: (signal: AbortSignal) => Promise<Credential>,
  ): Credential | Promise<Credential> {
    const { rejected, signal } = request;
    const kept = this.#kept.peek(name);
    if (kept !== undefined) {
      const lives = this.#clock.now() < (kept.expiresAt ?? Infinity);
      const isRefused = rejected?.generation === kept.generation;
      // Another token would be allowed no more than this one, which the refusal of is then final.
      if (lives && (!isRefused || wantsMore(rejected.challenge))) return kept;
      const verdict = isRefused
        ? this.#refusals.judge(name, kept.generation, request.rejected?.worked)
        : undefined;
      if (verdict && verdict.kind !== "renew") throw refusedAgain(request, this.#slot, verdict.retryAfterMs);
      this.#kept.delete(name);
    }
    return this.#kept.get(name, start, { signal });
  }
}
