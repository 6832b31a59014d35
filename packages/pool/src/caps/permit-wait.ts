import { TenantryError, type Principal } from "@tenantry/core";
import type { Bound } from "./bound.ts";
import type { Lane } from "./lane.ts";
import type { Place } from "./linked-list.ts";
import type { Stale, StaleList } from "./stale-list.ts";
import type { Tally } from "./tally.ts";

/** What waits are kept by; there may be very many, and none has a timer of its own. */
export interface WaitBook {
  /** How many wait, by party. */
  readonly waiting: Tally;
  /** Absent where nobody's time is ever over. */
  readonly times: StaleList<PermitWait> | undefined;
}

/** What one wait is made of. */
export interface WaitParts {
  readonly lane: Lane<PermitWait>;
  readonly signal: AbortSignal | undefined;
  /** Those that end with what the permit is for. */
  readonly others: Set<PermitWait> | undefined;
  /** Who waits, where those of several wait for one connection. */
  readonly principal: Principal | undefined;
  /** Is given whether there is a permit. */
  readonly resolve: (isIn: boolean) => void;
  readonly reject: (reason: unknown) => void;
}

/** One caller's wait for a permit, from its beginning to whatever ends it. */
export class PermitWait implements Stale {
  dueAt = 0;
  readonly #book: WaitBook;
  readonly #parts: WaitParts;
  readonly #place: Place<PermitWait>;
  readonly #time: Place<PermitWait> | undefined;

  /** Begins to wait; for whoever could not enter the lane. */
  constructor(book: WaitBook, parts: WaitParts) {
    const { lane, signal, others } = parts;
    this.#book = book;
    this.#parts = parts;
    book.waiting.add(lane.party, 1);
    this.#time = book.times?.append(this);
    signal?.addEventListener("abort", this.#abort, { once: true });
    others?.add(this);
    this.#place = lane.wait(this);
  }

  admitted(): void {
    this.#leave();
    this.#parts.resolve(true);
  }

  /** What the permit is for has ended. */
  ended(): void {
    this.#giveUp();
    this.#parts.resolve(false);
  }

  /** Who waits, where those of several wait for one connection. */
  get principal(): Principal | undefined {
    return this.#parts.principal;
  }

  /** Whoever waits may not have the permit any more. */
  refused(reason: TenantryError): void {
    this.#giveUp();
    this.#parts.reject(reason);
  }

  /** It has waited for `timeoutMs`. */
  expired(timeoutMs: number): void {
    const { waitsFor } = this.#parts.lane;
    this.#giveUp();
    this.#parts.reject(waitedTooLong(waitsFor, timeoutMs));
  }

  readonly #abort = (): void => {
    this.#giveUp();
    this.#parts.reject(this.#parts.signal?.reason);
  };

  #giveUp(): void {
    this.#leave();
    this.#parts.lane.withdraw(this.#place);
  }

  #leave(): void {
    const { lane, signal, others } = this.#parts;
    const { waiting, times } = this.#book;
    waiting.add(lane.party, -1);
    if (this.#time !== undefined) times?.remove(this.#time);
    signal?.removeEventListener("abort", this.#abort);
    others?.delete(this);
  }
}

function waitedTooLong(bound: Bound | undefined, timeoutMs: number): TenantryError {
  const limit = `limits.${bound?.limit} (${bound?.max})`;
  const why = `There was no room under ${limit} for ${timeoutMs} ms; try again later, or raise it.`;
  return new TenantryError("POOL_EXHAUSTED", why, { retryable: true });
}
