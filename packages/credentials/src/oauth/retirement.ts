import { raceAbort } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Replaced } from "../grants/grant-changes.ts";

/** How many grants at most wait to be revoked; one more does not wait for those who still use it. */
const maxWaiting = 1_000;

/**
 * Has the tokens of grants that were replaced ended at their issuers, once nothing uses them any more. Until then the calls
 * that were under way go on.
 */
export class Retirement {
  readonly #revoke: (grant: Grant) => Promise<unknown>;
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(revoke: (grant: Grant) => Promise<unknown>) {
    this.#revoke = revoke;
  }

  /** Begins beside whoever calls. What fails is left: the tokens end by themselves. */
  add({ grant, unused }: Replaced): void {
    const isFull = this.#waiting.size >= maxWaiting;
    void this.track(this.#retire(grant, isFull ? Promise.resolve() : unused));
  }

  /** Has {@link close} wait for a revocation too. */
  track<T>(work: Promise<T>): Promise<T> {
    const over = () => void this.#waiting.delete(work);
    this.#waiting.add(work);
    work.then(over, over);
    return work;
  }

  /** Waits for no user of a grant any longer, and for all revocations. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting);
  }

  async #retire(grant: Grant, unused: Promise<void>): Promise<void> {
    await raceAbort(unused, this.#closing.signal).catch(() => {});
    await this.#revoke(grant).catch(() => {});
  }
}
