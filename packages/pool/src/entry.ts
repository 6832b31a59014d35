import { announce, SharedFlight, type DiagnosticNotices, type Poolable, type Target } from "@tenantry/core";
import type { Slot, SlotHolder } from "./caps/capacity.ts";
import type { PermitLane } from "./caps/permits.ts";
import type { EntryHost } from "./entry-host.ts";
import { Carried } from "./carried.ts";
import { connectionEnded, named, revoked, tooManyWaiting, waitedTooLong } from "./failure.ts";
import { Opening, type Opened } from "./opening.ts";
import { Parked } from "./parking/parked.ts";
import type { PoolKey } from "./pool-key.ts";
import type { Resolved } from "./resolver.ts";
import { waitForRoom } from "./room.ts";
import * as states from "./state.ts";
import type { State, Waiting } from "./state.ts";
import type { Admission } from "./trouble/admission.ts";
import type { Trouble } from "./trouble/trouble.ts";

/** What an entry begins with. */
export interface EntryParts<P> {
  readonly key: PoolKey;
  readonly target: Target;
  readonly resolved: Resolved;
  readonly trouble: Trouble;
  /** What it may be opened with. */
  readonly admission: Admission;
  /** The session that goes on in it. */
  readonly parked: Parked<P> | undefined;
}

type EvictReason = DiagnosticNotices["tenantry:pool:evict"]["reason"];

/** One connection from the first wish for it to its end, in the states that {@link State} describes. */
export class Entry<C extends Poolable<P>, P> implements SlotHolder {
  readonly key: PoolKey;
  /** Tells it from others of its key. */
  readonly id: string;
  readonly target: Target;
  readonly carried: Carried;
  readonly trouble: Trouble;
  /** Where its calls wait for their turn. */
  readonly lane: PermitLane;
  /** When it is too old to be lent again, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  readonly #host: EntryHost<C, P>;
  readonly #slot: Slot;
  #state: State<C> = states.waiting();
  /** Callers that wait for the connection or have it on loan. */
  #users = 0;
  readonly #admission: Admission;
  #parked: Parked<P> | undefined;
  #isRetired = false;
  #isForgotten = false;
  #ending: Promise<void> = settled;
  #listeners: Set<() => void> | undefined;

  constructor(host: EntryHost<C, P>, { key, target, resolved, trouble, admission, parked }: EntryParts<P>) {
    this.key = key;
    this.target = target;
    this.trouble = trouble;
    this.expiresAt = parked?.expiresAt ?? host.clock.now() + host.limits.maxLifetimeMs;
    this.#host = host;
    this.carried = new Carried(resolved);
    this.#admission = admission;
    this.#parked = parked;
    this.#slot = host.capacity.slot(target, this);
    this.id = host.nextId();
    this.lane = host.calls.lane(target, this.id);
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

  /** Whether a session goes on in it that was parked. */
  get isResumed(): boolean {
    return this.#parked !== undefined;
  }

  /** Whether the connection is there, be it for the last time. */
  get isOpen(): boolean {
    const { name } = this.#state;
    return name === "ready" || name === "idle" || name === "draining";
  }

  /** Calls `listener` when the entry ends, unless what is given back has been called before. */
  hearEnd(listener: () => void): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Asks for room; the connection begins to open when there is some. */
  begin(): void {
    this.#host.capacity.request(this.#slot);
  }

  /** Gives the connection where it is open, and `undefined` otherwise; {@link release} gives it back. */
  take(): C | undefined {
    const state = this.#state;
    if (state.name === "idle") {
      this.#host.capacity.busy(this.#slot);
      this.#state = states.ready(state.opened);
    } else if (state.name !== "ready") return undefined;
    this.#users++;
    return state.opened.connection;
  }

  /** Gives the connection, opening it first where it must be; {@link release} gives it back. */
  async lease(resolved: Resolved, signal: AbortSignal | undefined): Promise<C> {
    const open = this.take();
    if (open !== undefined) return open;
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
        if (this.target.scope.share === "discovery") return void this.end();
        this.#setState(states.idle(state.opened));
        return this.#host.capacity.idle(this.#slot);
      case "waiting":
      case "connecting":
      case "draining":
        return void this.end();
      case "closed":
        return this.#forget();
      case "idle":
        return;
    }
  }

  /**
   * Makes the leased connection carry a credential at least as new as `resolved`; `false` where this connection
   * cannot: it is lent to nobody any more, or refuses to adopt it and is retired.
   */
  serves(resolved: Resolved): boolean {
    const state = this.#state;
    if (state.name !== "ready" && !(state.name === "draining" && state.isLastCall)) return false;
    if (this.carried.isUpTo(resolved)) return true;
    const outcome = this.carried.adopt(resolved, state.opened.connection);
    if (outcome === "adopted") announce("tenantry:pool:rotate", () => this.#named());
    if (outcome === "refused") this.retire();
    return outcome !== "refused";
  }

  /** Lends the connection to nobody new, and ends it with its last lease. A second call does nothing. */
  retire(reason?: EvictReason): void {
    if (this.#isRetired || this.#state.name === "closed") return;
    this.#isRetired = true;
    if (reason !== undefined) this.#announceEviction(reason);
    this.#host.retired(this);
    if (this.#state.name === "idle") void this.end();
    else if (this.#state.name === "ready") this.#setState(states.draining(this.#state.opened));
  }

  /** Ends at once what may not be used any more. Settles when nothing is left of it. */
  revoke(): Promise<void> {
    if (this.#state.name === "closed") return this.#ending;
    this.#isRetired = true;
    this.#announceEviction("revoked");
    return this.end(revoked(this.target.server.id));
  }

  /**
   * Ends at once, whoever waits or uses the connection; those who wait hear `reason`. Settles when nothing is left of
   * it; a second call does nothing.
   */
  end(reason: unknown = connectionEnded(this.target.server.id)): Promise<void> {
    const state = this.#state;
    if (state.name === "closed") return this.#ending;
    this.#setState(states.closed());
    switch (state.name) {
      case "waiting":
        this.#leaveParked();
        for (const caller of state.callers) caller.fail(reason);
        return this.#finish(settled);
      case "connecting":
        state.opening.stop(reason);
        if (!state.opening.isSpent) this.#leaveParked();
        return this.#finish(settled);
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
    const { connector, clock, limits } = this.#host;
    const opening = new Opening<C, P>({
      connector,
      clock,
      timeoutMs: limits.connectTimeoutMs,
      target: this.target,
      credential: this.carried.resolved.credential,
      resume: this.#parked?.session,
      onStopped: (rest) => this.#host.stopped(rest),
    });
    const flight = new SharedFlight((abandoned) => {
      abandoned.addEventListener("abort", () => void this.end(abandoned.reason), { once: true });
      return this.#open(opening);
    });
    this.#setState(states.connecting(flight, opening));
    for (const caller of callers) caller.proceed(flight);
  }

  /** Reduces the idle connection to the record of its session; `false` where it has none, and stays as it is. */
  park(): boolean {
    const state = this.#state;
    const { isClosed, limits } = this.#host;
    if (state.name !== "idle" || this.#isRetired || isClosed || limits.maxParked === 0) return false;
    const session = state.opened.connection.park();
    if (session === undefined) return false;
    this.#setState(states.closed());
    const { key, target, expiresAt } = this;
    const { credential } = this.carried.resolved;
    void this.#finish(state.opened.abandon());
    this.#host.parked(new Parked({ key, target, credential, session, expiresAt }));
    announce("tenantry:pool:park", () => this.#named());
    return true;
  }

  /** Somebody else needs the slot, or nobody has asked for the connection for long enough. */
  evict(reason: EvictReason): void {
    if (this.park()) return;
    this.#announceEviction(reason);
    void this.end();
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
      case "ready":
      case "idle":
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
    signal?.throwIfAborted();
    if (!capacity.join(this.#slot)) throw tooManyWaiting(server, limits.maxWaiting);
    this.carried.replace(resolved);
    return waitForRoom(state.callers, {
      clock,
      signal,
      timeoutMs: limits.acquireTimeoutMs,
      expired: () => waitedTooLong(server, limits.acquireTimeoutMs),
      onLeave: () => capacity.leave(this.#slot),
    });
  }

  /** Gives the connection once it is open, or fails as the opening does; the entry ends with it then. */
  async #open(opening: Opening<C, P>): Promise<C> {
    const { generation } = this.carried.resolved.credential ?? {};
    try {
      return this.#arrived(await opening.start());
    } catch (cause) {
      // Named here already, so that all who wait hear of the one failure by one error.
      const failure = named(cause, this.target.server.id);
      if (this.#state.name === "connecting") {
        this.trouble.failed(this.#admission, failure, "opening", generation);
        void this.end(failure);
      }
      throw failure;
    }
  }

  #arrived(opened: Opened<C>): C {
    if (this.#state.name !== "connecting") {
      this.#host.stopped(opened.close().catch(() => {}));
      throw connectionEnded(this.target.server.id);
    }
    this.#host.capacity.opened(this.#slot);
    // Many a connection opens without a word to its server: only a call's answer tells how that one is.
    this.trouble.left(this.#admission);
    this.#setState(this.#isRetired ? states.draining(opened, true) : states.ready(opened));
    const lost = () => this.#lost(opened);
    opened.connection.closed.then(lost, lost);
    return opened.connection;
  }

  /** The other side went away, unless it was this side that closed. */
  #lost(opened: Opened<C>): void {
    if (this.#state.name === "closed") return;
    this.#setState(states.closed());
    void this.#finish(opened.abandon());
  }

  /** The slot is given back now that the end has begun: nobody waits for a server that is slow to part. */
  #finish(ending: Promise<void>): Promise<void> {
    this.#ending = ending;
    for (const listener of this.#listeners ?? []) listener();
    this.trouble.left(this.#admission);
    this.#host.ended(this, ending);
    if (this.#users === 0) this.#forget();
    this.#host.capacity.release(this.#slot);
    return ending;
  }

  /** What became of the last call is known; only then may the trouble with the server be forgotten. */
  #forget(): void {
    if (this.#isForgotten) return;
    this.#isForgotten = true;
    this.#host.calls.drop(this.lane);
    this.#host.troubles.drop(this.trouble);
  }

  /** What it was to go on with is there for the next one, unless nobody is to have it any more. */
  #leaveParked(): void {
    if (this.#parked === undefined) return;
    if (this.#isRetired) this.#host.dropped(this.#parked);
    else this.#host.parked(this.#parked);
  }

  #announceEviction(reason: EvictReason): void {
    announce("tenantry:pool:evict", () => ({ ...this.#named(), reason }));
  }

  #named(): { readonly scope: Target["scope"]; readonly server: Target["server"]["id"] } {
    return { scope: this.target.scope, server: this.target.server.id };
  }
}

const settled: Promise<void> = Promise.resolve();
