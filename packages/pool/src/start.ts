import { SharedFlight, type Poolable, type Target } from "@tenantry/core";
import type { Carried } from "./carried.ts";
import { partyOf } from "./caps/callers.ts";
import type { Slot } from "./caps/slot.ts";
import type { Demand } from "./demand.ts";
import type { EntryHost } from "./entry-host.ts";
import { named, tooManyWaiting, waitedTooLong } from "./failure.ts";
import { Opening, type Opened } from "./opening.ts";
import type { Parked } from "./parking/parked.ts";
import { waitForRoom, type Caller } from "./room.ts";

/** Who joins a start. */
export type Joining = Pick<Demand, "resolved" | "signal" | "principal">;

/** What a start is made of. */
export interface StartParts<P> {
  readonly target: Target;
  readonly slot: Slot;
  readonly carried: Carried;
  /** The session that goes on in it. */
  readonly parked: Parked<P> | undefined;
}

/** Who is told what becomes of a start. */
export interface StartListener<C> {
  /** The connection is open. */
  opened(opened: Opened<C & Poolable<unknown>>): void;
  /** It could not be opened. All who wait hear of this one failure. */
  failed(failure: unknown): void;
  /** The last of those who waited has left. */
  abandoned(reason: unknown): void;
}

/** The beginning of a connection: room is waited for, and then it is opened, once for all who wait. */
export class Start<C extends Poolable<P>, P> {
  readonly #host: EntryHost<C, P>;
  readonly #parts: StartParts<P>;
  readonly #listener: StartListener<C>;
  readonly #callers = new Set<Caller<C>>();
  #opening: Opening<C, P> | undefined;
  #flight: SharedFlight<C> | undefined;
  #finishing: Promise<C> | undefined;
  /** Why it was stopped. */
  #stopped: { readonly reason: unknown } | undefined;

  constructor(host: EntryHost<C, P>, parts: StartParts<P>, listener: StartListener<C>) {
    this.#host = host;
    this.#parts = parts;
    this.#listener = listener;
  }

  get state(): "waiting" | "connecting" {
    return this.#opening === undefined ? "waiting" : "connecting";
  }

  /** Waits for the connection, and before that for room, where there is none yet. */
  join(caller: Joining): Promise<C> {
    return this.#flight === undefined ? this.#wait(caller) : this.#flight.join({ signal: caller.signal });
  }

  /** Begins to open: there is room. */
  open(): void {
    const { target, carried, parked } = this.#parts;
    const opening = new Opening(this.#host, {
      timeoutMs: this.#host.limits.connectTimeoutMs,
      target,
      credential: carried.resolved.credential,
      resume: parked?.session,
    });
    this.#opening = opening;
    this.#flight = new SharedFlight((abandoned) => {
      abandoned.addEventListener("abort", () => this.#listener.abandoned(abandoned.reason), { once: true });
      return (this.#finishing = this.#finish(opening));
    });
    for (const caller of this.#callers) caller.proceed(this.#flight);
  }

  /** Ends the start, those who wait hear `reason`; gives the session that nobody has gone on with yet. */
  stop(reason: unknown): Parked<P> | undefined {
    this.#stopped = { reason };
    for (const caller of this.#callers) caller.fail(reason);
    this.#opening?.stop(reason);
    return this.#opening?.isSpent ? undefined : this.#parts.parked;
  }

  /** Settles when nothing is left of an opening that was stopped or that failed. It never rejects. */
  async over(): Promise<void> {
    await this.#finishing?.catch(() => {});
    await this.#opening?.rest;
  }

  async #finish(opening: Opening<C, P>): Promise<C> {
    try {
      const opened = await opening.start();
      // It has arrived at the very moment at which it was stopped, which closes it.
      if (this.#stopped !== undefined) throw this.#stopped.reason;
      this.#listener.opened(opened);
      return opened.connection;
    } catch (cause) {
      // Named here already, so that all who wait hear of the one failure by one error, where they are one user.
      const failure = named(cause, this.#parts.target.server.id);
      this.#listener.failed(failure);
      throw failure;
    }
  }

  /** Waits in line for room and then for the connection. */
  #wait({ resolved, signal, principal }: Joining): Promise<C> {
    const { capacity, clock, limits } = this.#host;
    const { slot, carried, target } = this.#parts;
    const { id } = target.server;
    signal?.throwIfAborted();
    const party = partyOf({ target, principal });
    if (!capacity.join(slot, party)) throw tooManyWaiting(id, limits.maxWaiting);
    carried.replace(resolved);
    return waitForRoom(this.#callers, {
      clock,
      signal,
      timeoutMs: limits.acquireTimeoutMs,
      expired: () => waitedTooLong(id, limits.acquireTimeoutMs),
      onLeave: () => capacity.leave(slot, party),
    });
  }
}
