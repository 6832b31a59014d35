import type { Principal } from "@tenantry/core";
import { tooManyCallers } from "../failure.ts";
import { keyOf, principalKey, type Counted } from "../keys.ts";
import { Tally } from "./tally.ts";

/** Who calls, and for what. */
export interface Calling {
  readonly target: Counted;
  /** Who asks, where the scope is not one user's. */
  readonly principal: Principal | undefined;
}

/**
 * Callers that have no connection yet: they ask for a credential, wait for room, or until the connection is open. One
 * party has so many of them; whoever shares a connection is a party of their own.
 */
export class Callers {
  readonly #max: number;
  readonly #waiting = new Tally();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether as many of the party wait as may; it costs nothing while there are few callers. */
  isFull(calling: Calling): boolean {
    return this.#size >= this.#max && this.#waiting.of(partyOf(calling)) >= this.#max;
  }

  /** Throws `POOL_EXHAUSTED` where {@link isFull}. */
  check(calling: Calling): void {
    if (this.isFull(calling)) throw tooManyCallers(calling.target.server.id, this.#max);
  }

  /** Counts one more, and gives its party, which is to {@link leave}. Throws as {@link check} does. */
  enter(calling: Calling): string {
    this.check(calling);
    return this.#count(calling);
  }

  /** Takes back one {@link enter}. */
  leave(party: string): void {
    this.#size--;
    this.#waiting.add(party, -1);
  }

  /** Counts one more, for whom there is room, until what it waits for settles, and settles as that does. */
  async wait<T>(calling: Calling, promise: Promise<T>): Promise<T> {
    const party = this.#count(calling);
    try {
      return await promise;
    } finally {
      this.leave(party);
    }
  }

  #count(calling: Calling): string {
    const party = partyOf(calling);
    this.#size++;
    this.#waiting.add(party, 1);
    return party;
  }
}

/** Those whose waiting is counted together: a user's, whatever they ask for, or those of whom nobody knows who they are. */
export function partyOf({ target: { scope, server }, principal }: Calling): string {
  if (principal !== undefined) return principalKey({ share: "user", ...principal });
  const key = principalKey(scope);
  return scope.share === "user" ? key : keyOf(key, server.id, server.digest);
}
