import { quote, TenantryError, type Clock, type CredentialRequest } from "@tenantry/core";
import { RecentMap } from "../recent-map.ts";

/** How often in a row a token is got anew because the server has refused the one before. */
const maxTimes = 4;
/** For how long the first of these is all, in milliseconds; four times as long after each. */
const firstHoldMs = 5_000;
/** A token that was not refused for so long has done its work, in milliseconds, and its refusal begins another row. */
const restMs = 300_000;

/** A row of refusals, each of the token that was got because of the one before. */
interface Row {
  readonly generation: string;
  readonly times: number;
  readonly renewedAt: number;
  readonly refusedAt: number;
}

/** What follows from a refusal: another token, none for some time, or none until the server has not refused one for a while. */
export type Verdict =
  { readonly kind: "renew" } | { readonly kind: "wait" | "over"; readonly retryAfterMs: number };

const renew: Verdict = Object.freeze({ kind: "renew" });

/** Sees to it that a server that refuses every token costs the issuer a few requests for each user, and not one for each call. */
export class Refusals {
  readonly #clock: Clock;
  readonly #rows: RecentMap<string, Row>;

  /** Remembers at most `max` rows. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#rows = new RecentMap(max);
  }

  /**
   * Judges the refusal of the token of this name that is current; all who were refused with one generation hear the same.
   * A token that `worked` before has done its work.
   */
  judge(name: string, generation: string, worked = false): Verdict {
    const now = this.#clock.now();
    const row = this.#rows.get(name);
    if (row?.generation === generation) return renew;
    const rests = worked || row === undefined || now < row.refusedAt || now - row.refusedAt >= restMs;
    const times = rests ? 0 : row.times;
    const heldUntil = rests ? now : row.renewedAt + firstHoldMs * 4 ** (times - 1);
    if (row !== undefined && (times >= maxTimes || now < heldUntil)) {
      this.#rows.set(name, { ...row, refusedAt: now });
      return times >= maxTimes
        ? { kind: "over", retryAfterMs: restMs }
        : { kind: "wait", retryAfterMs: heldUntil - now };
    }
    this.#rows.set(name, { generation, times: times + 1, renewedAt: now, refusedAt: now });
    return renew;
  }
}

/** The error for a call whose token the server refused as it had refused the one before. */
export function refusedAgain(
  { server, rejected }: Pick<CredentialRequest, "server" | "rejected">,
  slot: string,
  retryAfterMs: number,
): TenantryError {
  const { id } = server;
  const challenge = rejected?.challenge;
  const what = `The server ${quote(id)} has refused a token that was got because it had refused the one before`;
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
