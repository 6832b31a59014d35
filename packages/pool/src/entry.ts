import { SharedFlight, traced, type Clock, type Connector, type Poolable, type Target } from "@tenantry/core";
import type { Capacity, Slot, SlotHolder } from "./capacity.ts";
import type { Resolved } from "./demand.ts";
import { connectionEnded, connectTimedOut, named, tooManyWaiting, waitedTooLong } from "./failure.ts";
import type { PoolLimits } from "./limits.ts";
import { openConnection, type Opened } from "./opening.ts";
import { userKey, type PoolKey } from "./pool-key.ts";
import { Renewal } from "./renewal.ts";
import { waitForRoom } from "./room.ts";
import * as states from "./state.ts";
import type { State, Waiting } from "./state.ts";

/** What an entry needs of its pool. */
export interface EntryHost<C extends Poolable<P>, P> {
  readonly connector: Connector<C, P>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly capacity: Capacity;
  /** The entry is lent to nobody new. */
  retired(entry: Entry<C, P>): void;
  /** The entry has ended; `ending` settles when nothing is left of it. */
  ended(entry: Entry<C, P>, ending: Promise<void>): void;
  /** An opening was aborted; `rest` settles when nothing is left of it. */
  aborted(rest: Promise<void>): void;
}

/** One connection from the first wish for it to its end, in the states that {@link State} describes. */
export class Entry<C extends Poolable<P>, P> implements SlotHolder {
  readonly key: PoolKey;
  readonly target: Target;
  /** Re-resolutions of the credentials that the server refused on this connection. */
  readonly renewal = new Renewal<Resolved>();
  readonly #host: EntryHost<C, P>;
  readonly #slot: Slot;
  #state: State<C> = states.waiting();
  /** Callers that wait for the connection or have it on loan. */
  #users = 0;
  /** What the connection is to be opened with; forgotten once that has begun. */
  #opensWith: Resolved | undefined;
  #generation: string | undefined;
  #order: number;

  constructor(host: EntryHost<C, P>, key: PoolKey, target: Target, resolved: Resolved) {
    this.key = key;
    this.target = target;
    this.#host = host;
    this.#slot = host.capacity.slot(userKey(target.scope), this);
    this.#opensWith = resolved;
    this.#generation = resolved.credential?.generation;
    this.#order = resolved.order;
  }

  get state(): State<C>["name"] {
    return this.#state.name;
  }

  /** How many have the connection on loan. */
  get leases(): number {
    return this.state === "ready" || this.state === "draining" ? this.#users : 0;
  }

  /** How many callers wait for room. */
  get waiting(): number {
    return this.#state.name === "waiting" ? this.#state.callers.size : 0;
  }

  /** The generation of the credential that the connection carries, or is to be opened with. */
  get generation(): string | undefined {
    return this.#generation;
  }

  /** When that credential was last resolved, as {@link Resolved} counts. */
  get order(): number {
    return this.#order;
  }

  /** Asks for room; the connection begins to open when there is some. */
  begin(): void {
    this.#host.capacity.request(this.#slot);
  }

  /** Gives the connection, opening it first where it must be; {@link release} gives it back. */
  async lease(resolved: Resolved, signal: AbortSignal | undefined): Promise<C> {
    this.#users++;
    try {
      return await this.#connection(resolved, signal);
    } catch (failure) {
      this.release();
      throw failure;
    }
  }

  /** Ends one {@link lease}. */
  release(): void {
    if (--this.#users > 0) return;
    const state = this.#state;
    switch (state.name) {
      case "ready":
        // Nobody has a second use for a connection that served discovery.
        if (this.target.scope.share === "discovery") return this.end();
        this.#setState(states.idle(state.opened));
        return this.#host.capacity.idle(this.#slot);
      case "waiting":
      case "connecting":
      case "draining":
        return this.end();
      case "idle":
      case "closed":
        return;
    }
  }

  /**
   * Makes the leased connection carry a credential at least as new as `resolved`; `false` where this connection
   * cannot: it is lent to nobody any more, or refuses to adopt it and is retired.
   */
  serves({ credential, order }: Resolved): boolean {
    if (this.#state.name !== "ready") return false;
    if (order <= this.#order) return true;
    if (credential !== undefined && credential.generation !== this.#generation) {
      if (!this.#state.opened.connection.adopt(credential)) {
        this.retire();
        return false;
      }
      this.#generation = credential.generation;
    }
    this.#order = order;
    return true;
  }

  /** Lends the connection to nobody any more, and ends it with its last lease. A second call does nothing. */
  retire(): void {
    const state = this.#state;
    switch (state.name) {
      case "ready":
        this.#setState(states.draining(state.opened));
        return this.#host.retired(this);
      case "idle":
        return this.end();
      case "waiting":
      case "connecting":
      case "draining":
      case "closed":
        return;
    }
  }

  /** Ends at once, whoever waits or uses the connection; those who wait hear `reason`. A second call does nothing. */
  end(reason: unknown = connectionEnded(this.target.server.id)): void {
    const state = this.#state;
    if (state.name === "closed") return;
    this.#setState(states.closed());
    switch (state.name) {
      case "waiting":
        for (const caller of state.callers) caller.fail(reason);
        return this.#finish(Promise.resolve());
      case "connecting":
        state.abort.abort(reason);
        return this.#finish(Promise.resolve());
      case "ready":
      case "idle":
      case "draining":
        return this.#finish(state.opened.close());
    }
  }

  /** There is room. */
  granted(): void {
    if (this.#state.name !== "waiting") return;
    const { callers } = this.#state;
    const abort = new AbortController();
    const flight = new SharedFlight((abandoned) => this.#open(abort, abandoned));
    this.#setState(states.connecting(flight, abort));
    for (const caller of callers) caller.proceed(flight);
  }

  /** Somebody else needs the slot, or nobody has asked for the connection for long enough. */
  evict(): void {
    this.end();
  }

  #setState(next: State<C>): void {
    this.#state = next;
  }

  #connection(resolved: Resolved, signal: AbortSignal | undefined): C | Promise<C> {
    const state = this.#state;
    switch (state.name) {
      case "waiting":
        return this.#wait(state, resolved, signal);
      case "connecting":
        return state.flight.join({ signal });
      case "idle":
        this.#host.capacity.busy(this.#slot);
        this.#setState(states.ready(state.opened));
        return state.opened.connection;
      case "ready":
      case "draining":
        return state.opened.connection;
      case "closed":
        throw connectionEnded(this.target.server.id);
    }
  }

  /** Waits in line for room and then for the connection. */
  #wait(state: Waiting<C>, resolved: Resolved, signal: AbortSignal | undefined): Promise<C> {
    const { capacity, clock, limits } = this.#host;
    const server = this.target.server.id;
    if (!capacity.join(this.#slot)) throw tooManyWaiting(server, limits.maxWaiting);
    if (resolved.order > this.#order) this.#opensLater(resolved);
    return waitForRoom(state.callers, {
      clock,
      signal,
      timeoutMs: limits.acquireTimeoutMs,
      expired: () => waitedTooLong(server, limits.acquireTimeoutMs),
      onLeave: () => capacity.leave(this.#slot),
    });
  }

  #opensLater(resolved: Resolved): void {
    this.#opensWith = resolved;
    this.#generation = resolved.credential?.generation;
    this.#order = resolved.order;
  }

  async #open(abort: AbortController, abandoned: AbortSignal): Promise<C> {
    const { connector, clock, limits } = this.#host;
    const { target } = this;
    const credential = this.#opensWith?.credential;
    this.#opensWith = undefined;
    abandoned.addEventListener("abort", () => this.#stopOpening(abandoned.reason), { once: true });
    const timer = clock.after(limits.connectTimeoutMs, () =>
      this.#stopOpening(connectTimedOut(target.server.id, limits.connectTimeoutMs)),
    );
    try {
      const payload = () => ({ scope: target.scope, server: target.server.id });
      const onAborted = (rest: Promise<void>) => this.#host.aborted(rest);
      const opening = { connector, target, credential, signal: abort.signal, onAborted };
      return this.#arrived(
        await traced("tenantry:pool:connect", payload, () => openConnection(opening)),
        abort,
      );
    } catch (cause) {
      // Named here already, so that all who wait hear of the one failure by one error.
      const failure = named(cause, target.server.id);
      this.#stopOpening(failure);
      throw failure;
    } finally {
      timer.cancel();
    }
  }

  #arrived(opened: Opened<C>, { signal }: AbortController): C {
    if (this.#state.name !== "connecting") {
      this.#host.aborted(opened.close().catch(() => {}));
      throw signal.reason;
    }
    this.#setState(states.ready(opened));
    const lost = () => this.#lost(opened);
    opened.connection.closed.then(lost, lost);
    return opened.connection;
  }

  #stopOpening(reason: unknown): void {
    if (this.#state.name === "connecting") this.end(reason);
  }

  /** The other side went away, unless it was this side that closed. */
  #lost(opened: Opened<C>): void {
    if (this.#state.name === "closed") return;
    this.#setState(states.closed());
    this.#finish(opened.abandon());
  }

  /** The slot is given back now that the end has begun: nobody waits for a server that is slow to part. */
  #finish(ending: Promise<void>): void {
    this.#host.ended(this, ending);
    this.#host.capacity.release(this.#slot);
  }
}
