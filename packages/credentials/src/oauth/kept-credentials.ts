import type { Clock, Credential, CredentialRequest } from "@tenantry/core";
import { wantsMore } from "./challenge.ts";
import { FlightCache } from "./flight-cache.ts";

/** Credentials that no store keeps: each is got once for all who ask, and given until it ends or the server refuses it. */
export class KeptCredentials {
  readonly #clock: Clock;
  readonly #kept: FlightCache<Credential>;

  /** Keeps at most `max` of them. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#kept = new FlightCache(clock, { max, ttlMs: Infinity });
  }

  /** Gives the one of this name at once where it is at hand, and else what `start` gives. */
  get(
    name: string,
    { rejected, signal }: Pick<CredentialRequest, "rejected" | "signal">,
    start: (signal: AbortSignal) => Promise<Credential>,
  ): Credential | Promise<Credential> {
    const kept = this.#kept.peek(name);
    if (kept !== undefined) {
      const lives = this.#clock.now() < (kept.expiresAt ?? Infinity);
      // Another token would be allowed no more than this one, which the refusal of is then final.
      if (lives && (rejected?.generation !== kept.generation || wantsMore(rejected.challenge))) return kept;
      this.#kept.delete(name);
    }
    return this.#kept.get(name, start, { signal });
  }
}
