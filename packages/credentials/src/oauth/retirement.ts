import { raceAbort, type AbortableOptions } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Removed, Replaced } from "../grants/grant-changes.ts";
import type { Clients } from "./clients.ts";
import type { Discovery } from "./discovery.ts";
import { inTime } from "./in-time.ts";
import type { OAuthParts } from "./parts.ts";
import { revokeGrant } from "./revocation.ts";

/** How many revocations wait at most; one more does not wait for those who still use its grant. */
const maxWaiting = 1_000;

/** Has the tokens of grants that are nobody's any more ended at their issuers, where that ends nobody else's. */
export class Retirement {
  readonly #parts: OAuthParts;
  readonly #discovery: Discovery;
  readonly #clients: Clients;
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(parts: OAuthParts, discovery: Discovery, clients: Clients) {
    this.#parts = parts;
    this.#discovery = discovery;
    this.#clients = clients;
  }

  /**
   * Revokes a grant beside whoever calls, once nothing uses it any more, so that the calls that were under way go on; the
   * person has the grant `there` by now, or none. What fails is left: the tokens end by themselves.
   */
  add({ grant, unused }: Replaced, there: Grant | undefined): void {
    if (!this.#mayRevoke(grant, there)) return;
    const isFull = this.#waiting.size >= maxWaiting;
    void this.#track(this.#retire(grant, isFull ? Promise.resolve() : unused));
  }

  /** Revokes a grant that nothing uses; the person has the grant `there`, or none. */
  async revoke(grant: Grant, there: Grant | undefined): Promise<void> {
    if (this.#mayRevoke(grant, there)) await this.#revoke(grant);
  }

  /** Asks the issuer to end a grant that was taken from the store; `false` where it has not said yes in time. */
  revokeTaken({ open }: Removed, { signal }: AbortableOptions): Promise<boolean> {
    const revoke = async () => {
      const grant = await inTime(this.#parts, open).catch(() => undefined);
      return grant !== undefined && this.#revoke(grant, signal);
    };
    return this.#track(revoke());
  }

  /** Revokes at once what waits to be, and resolves when each issuer has answered or its time is over. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting);
  }

  /** Has {@link close} wait for it. */
  #track<T>(work: Promise<T>): Promise<T> {
    const over = () => void this.#waiting.delete(work);
    this.#waiting.add(work);
    work.then(over, over);
    return work;
  }

  async #retire(grant: Grant, unused: Promise<void>): Promise<void> {
    await raceAbort(unused, this.#closing.signal).catch(() => {});
    await this.#revoke(grant).catch(() => {});
  }

  /** Whether the tokens of a grant can be ended although the person has another one: some issuers end that one with them. */
  #mayRevoke(grant: Grant, there: Grant | undefined): boolean {
    return there === undefined || (this.#parts.options.revokeReplaced && !sharesTokens(there, grant));
  }

  #revoke(grant: Grant, signal?: AbortSignal): Promise<boolean> {
    const { http, clock, options } = this.#parts;
    const parts = { http, clock, timeoutMs: options.limits.requestTimeoutMs };
    return revokeGrant({ ...parts, discovery: this.#discovery, clients: this.#clients }, grant, { signal });
  }
}

/** Some issuers give a person who grants again the tokens of before, which then have to live on. */
function sharesTokens(one: Grant, other: Grant): boolean {
  const same = one.accessToken.reveal() === other.accessToken.reveal();
  return same || (one.refreshToken?.reveal() ?? "") === other.refreshToken?.reveal();
}
