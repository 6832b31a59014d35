import type { Poolable } from "@tenantry/core";
import type { SlotHolder } from "./caps/slot.ts";
import { Carried } from "./carried.ts";
import type { EntryHost, EntryParts } from "./entry-host.ts";
import { connectionEnded, revoked } from "./failure.ts";
import type { Opened } from "./opening.ts";
import type { PoolKey } from "./keys.ts";
import { announceEvict, announcePark, announceRotate, type EvictReason } from "./notices.ts";
import { Parked, sessionOf } from "./parking/parked.ts";
import type { Resolved } from "./resolver.ts";
import { Standing } from "./standing.ts";
import { Start, type Joining, type StartListener } from "./start.ts";
import type { CheckedTarget } from "./targets.ts";
import * as states from "./state.ts";
import type { PoolState, State } from "./state.ts";

/** One connection from the first wish for it to its end, in the states that {@link State} describes. */
export class Entry<C extends Poolable<P>, P> implements SlotHolder, StartListener<C> {
  readonly key: PoolKey;
  readonly id: string;
  readonly target: CheckedTarget;
  readonly carried: Carried;
  readonly standing: Standing;
  /** When it is too old to be lent again, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** Whether a session goes on in it that was parked. */
  readonly isResumed: boolean;
  readonly #host: EntryHost<C, P>;
  #state: State<C, P>;
  /** Callers that wait for the connection or have it on loan. */
  #users = 0;
  #isRetired = false;
  /** Whether anybody has had it on loan and given it back. */
  #isUsed = false;

  constructor(host: EntryHost<C, P>, parts: EntryParts<P>) {
    const { key, id, target, resolved, parked } = parts;
    this.key = key;
    this.id = id;
    this.target = target;
    this.carried = new Carried(resolved);
    this.standing = new Standing(host, parts, { id, target, holder: this });
    this.expiresAt = parked?.expiresAt ?? host.clock.now() + host.limits.maxLifetimeMs;
    this.isResumed = parked !== undefined;
    this.#host = host;
    const { slot } = this.standing;
    this.#state = states.starting(new Start(host, { target, slot, carried: this.carried, parked }, this));
  }

  get state(): Exclude<PoolState, "parked"> | "closed" {
    return this.#state.name === "starting" ? this.#state.start.state : this.#state.name;
  }

  /** How many have the connection on loan. */
  get leases(): number {
    return this.#state.name === "ready" || this.#state.name === "draining" ? this.#users : 0;
  }

  /** Whether the connection is there, be it for the last time. */
  get isOpen(): boolean {
    return this.#state.name !== "starting" && this.#state.name !== "closed";
  }

  /** Gives the connection where it is open, and `undefined` otherwise; {@link release} gives it back. */
  take(): C | undefined {
    const state = this.#state;
    if (state.name === "idle") {
      this.#host.capacity.busy(this.standing.slot);
      this.#setState(states.ready(state.opened));
    } else if (state.name !== "ready") return undefined;
    this.#users++;
    return state.opened.connection;
  }

  /** Gives the connection, opening it first where it must be; {@link release} gives it back. */
  async lease(caller: Joining): Promise<C> {
    const open = this.take();
    if (open !== undefined) return open;
    this.#users++;
    try {
      const state = this.#state;
      if (state.name === "starting") return await state.start.join(caller);
      throw connectionEnded(this.target.server.id);
    } catch (failure) {
      this.release();
      throw failure;
    }
  }

  /** Ends one {@link lease}. */
  release(): void {
    this.#isUsed ||= this.isOpen;
    if (--this.#users > 0) return;
    const state = this.#state;
    switch (state.name) {
      case "ready":
        // Nobody has a second use for a connection that served discovery.
        if (this.target.scope.share === "discovery") return void this.end();
        this.#setState(states.idle(state.opened));
        return this.#host.capacity.idle(this.standing.slot);
      case "starting":
      case "draining":
        return void this.end();
      case "closed":
        return this.standing.account.close();
      case "idle":
        return;
    }
  }

  /**
   * Makes the leased connection carry a credential at least as new as `resolved`; `false` where this connection
   * cannot: it is lent to nobody any more, or refuses to adopt it and is retired. Where it must serve, because no better
   * one is to be had, it does with the newest credential that it takes, also while it drains.
   */
  serves(resolved: Resolved, must: boolean): boolean {
    const state = this.#state;
    const isLent = state.name === "ready" || (state.name === "draining" && (state.isLastCall || must));
    if (!isLent) return must;
    if (this.carried.isUpTo(resolved)) return true;
    const outcome = this.carried.adopt(resolved, state.opened.connection);
    if (outcome === "adopted") announceRotate(this.target);
    if (outcome === "refused") this.retire();
    return outcome !== "refused" || must;
  }

  /** Lends the connection to nobody new, and ends it with its last lease. A second call does nothing. */
  retire(reason?: EvictReason): void {
    if (this.#isRetired || this.#state.name === "closed") return;
    this.#isRetired = true;
    this.#host.retired(this);
    if (this.#state.name === "idle") void this.end();
    else if (this.#state.name === "ready") this.#setState(states.draining(this.#state.opened));
    if (reason !== undefined) announceEvict(this.target, reason);
  }

  /** Ends at once what may not be used any more. Settles when nothing is left of it. */
  revoke(): Promise<void> {
    if (this.#state.name === "closed") return this.#state.ending;
    this.#isRetired = true;
    const ending = this.end(revoked(this.target.server.id));
    announceEvict(this.target, "revoked");
    return ending;
  }

  /**
   * Ends at once, whoever waits or uses the connection; those who wait hear `reason`, or that it has ended. Settles when
   * nothing is left of it; a second call does nothing.
   */
  end(reason?: unknown): Promise<void> {
    const state = this.#state;
    switch (state.name) {
      case "closed":
        return state.ending;
      case "starting":
        return this.#stop(state.start, reason ?? connectionEnded(this.target.server.id));
      case "ready":
      case "idle":
      case "draining":
        return this.#finish(() => state.opened.close());
    }
  }

  /** Reduces the idle connection to the record of its session; `false` where it has none, and stays as it is. */
  park(): boolean {
    const state = this.#state;
    if (state.name !== "idle" || this.#host.limits.maxParked === 0) return false;
    const session = sessionOf(state.opened.connection);
    if (session === undefined) return false;
    const { key, target, expiresAt } = this;
    const { credential, subject } = this.carried.resolved;
    void this.#finish(() => state.opened.abandon());
    this.#host.parked(new Parked({ key, target, credential, subject, session, expiresAt }));
    announcePark(this.target);
    return true;
  }

  /** There is room. */
  granted(): void {
    if (this.#state.name === "starting") this.#state.start.open();
  }

  /** Somebody else needs the slot, or nobody has asked for the connection for long enough. */
  evict(reason: EvictReason): void {
    if (this.park()) return;
    void this.end();
    // Whoever hears of it and comes back is not given what has just ended.
    announceEvict(this.target, reason);
  }

  opened(opened: Opened<C>): void {
    this.standing.opened();
    this.#setState(this.#isRetired ? states.draining(opened, true) : states.ready(opened));
    const lost = () => this.#lost(opened);
    opened.connection.closed.then(lost, lost);
  }

  failed(failure: unknown): void {
    if (this.#state.name !== "starting") return;
    this.standing.failed(failure, this.carried.generation);
    void this.end(failure);
  }

  abandoned(reason: unknown): void {
    // It may have arrived at that very moment, and be somebody else's already.
    if (this.#state.name === "starting") void this.end(reason);
  }

  #setState(next: State<C, P>): void {
    this.#state = next;
  }

  /** The session that was to go on is there for the next one, unless nobody is to have it any more. */
  #stop(start: Start<C, P>, reason: unknown): Promise<void> {
    return this.#finish(async () => {
      const left = start.stop(reason);
      const over = start.over();
      if (left !== undefined && this.#isRetired) await this.#host.dropped(left);
      else if (left !== undefined) this.#host.parked(left);
      await over;
    });
  }

  /** The other side went away, unless it was this side that closed. */
  #lost(opened: Opened<C>): void {
    if (this.#state.name === "closed") return;
    // A server that parts as soon as it is met is one in trouble, although it could be reached.
    if (!this.#isUsed) this.standing.failed(connectionEnded(this.target.server.id), this.carried.generation);
    void this.#finish(() => opened.abandon());
  }

  /**
   * Ends the entry, and then what is behind it, which may come back here. The slot is given up as soon as that has
   * begun: nobody waits for a server that is slow to part, unless very many are.
   */
  #finish(end: () => Promise<void>): Promise<void> {
    this.#setState(states.closed(settled));
    const ending = end();
    this.#setState(states.closed(ending));
    this.standing.endWaits();
    this.#host.ended(this, ending);
    if (this.#users === 0) this.standing.account.close();
    this.standing.ended(ending);
    return ending;
  }
}

const settled: Promise<void> = Promise.resolve();
