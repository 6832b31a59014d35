import { RecentMap, quote, TenantryError, type Clock, type CredentialRequest } from "@tenantry/core";

/** How long it takes until there is one more, in milliseconds. */
const everyMs = 60_000;

/**
 * Bounds the renewals of tokens that have not ended, and that the server refuses all the same: each name has a bucket of a
 * few, which one more goes into every minute (the generic cell rate algorithm). So a server that refuses every token
 * costs the issuer one request a minute for each of this process's users, and whoever has none left has one a minute later,
 * whatever became of those before.
 */
export class Refusals {
  readonly #clock: Clock;
  /** How long a bucket takes to be filled, in milliseconds. */
  readonly #fillMs: number;
  /** When each bucket is full again, in milliseconds since the Unix epoch. */
  readonly #fullAt: RecentMap<string, number>;

  /** Remembers at most `max` buckets of `maxRenewals` each; one that is forgotten is full. */
  constructor(clock: Clock, max: number, maxRenewals: number) {
    this.#clock = clock;
    this.#fillMs = maxRenewals * everyMs;
    this.#fullAt = new RecentMap(max);
  }

  /** Takes one renewal of the token of this name and gives 0, or in how many milliseconds there is one: a minute at most. */
  take(name: string): number {
    const now = this.#clock.now();
    const emptyAt = now + this.#fillMs;
    // No bucket is emptier than empty, however far the clock was set back.
    const fullAt = Math.min(Math.max(this.#fullAt.get(name) ?? now, now), emptyAt);
    const waitMs = Math.max(fullAt + everyMs - emptyAt, 0);
    this.#fullAt.set(name, waitMs > 0 ? fullAt : fullAt + everyMs);
    return waitMs;
  }
}

/** The error for a call whose token the server refused as it had refused those before. */
export function refusedAgain(
  { server, rejected }: Pick<CredentialRequest, "server" | "rejected">,
  slot: string,
  retryAfterMs: number,
): TenantryError {
  const { id } = server;
  const challenge = rejected?.challenge;
  const what = `The server ${quote(id)} refuses tokens that were got because it had refused those before`;
  return new TenantryError("UNAUTHORIZED", `${what}; try again later, or ask whoever runs it.`, {
    retryable: true,
    retryAfterMs,
    status: 401,
    delivery: "refused",
    server: id,
    slot,
    ...(challenge && { challenge }),
  });
}
