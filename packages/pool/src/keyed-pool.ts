import {
  isTraced,
  traced,
  type AcquireOptions,
  type DiagnosticEvents,
  type Lease,
  type Principal,
  type Poolable,
  type RunOptions,
  type Target,
} from "@tenantry/core";
import { checkOptions, checkWork } from "./arguments.ts";
import { runAttempts, type Lender, type Loan, type Work } from "./attempt.ts";
import { createDemand, type Demand } from "./demand.ts";
import type { Entry } from "./entry.ts";
import { connectionEnded, explained, isRefusal, poolClosed, revoked, said } from "./failure.ts";
import { Holdings, type HoldingsParts } from "./holdings.ts";
import { createLease } from "./lease.ts";
import { reauthorize } from "./repair.ts";
import { Principals } from "./principals.ts";
import { Resolver } from "./resolver.ts";
import { checkSelection, type Selection } from "./selection.ts";
import type { PoolStats } from "./stats.ts";
import { Targets, type CheckedTarget } from "./targets.ts";

/** A connection that does not fit is replaced; one that ends as soon as it opens is not replaced for ever. */
const maxRounds = 3;

/** Lends what the pool holds to whoever may have it. */
export class KeyedPool<C extends Poolable<P>, P> implements Lender<C, P> {
  readonly resolver: Resolver;
  readonly holdings: Holdings<C, P>;
  readonly #targets = new Targets();
  readonly #principals = new Principals();
  #closing: Promise<void> | undefined;

  constructor(parts: HoldingsParts<C, P>) {
    this.resolver = new Resolver(parts.clock, parts.limits.acquireTimeoutMs);
    this.holdings = new Holdings(parts);
  }

  /** One asynchronous function beneath this and no more: every call goes through here. */
  run<T>(target: Target, work: Work<C, T>, options: RunOptions): Promise<T> {
    let checked: CheckedTarget | undefined;
    try {
      checkWork(work);
      checked = this.#read(target, options);
      const principal = this.#principals.read(options.principal, checked.scope);
      const asked = this.#ask(checked, options, principal);
      return runAttempts(this, checked, asked, work, options);
    } catch (failure) {
      return Promise.reject(explained(failure, checked, options) as Error);
    }
  }

  async acquire(target: Target, options: AcquireOptions): Promise<Lease<C>> {
    let checked: CheckedTarget | undefined;
    try {
      checked = this.#read(target, options);
      const asked = this.#ask(checked, options);
      const demand = asked instanceof Promise ? await asked : asked;
      const lent = this.borrow(demand);
      const { connection, entry } = lent instanceof Promise ? await lent : lent;
      if (entry.isOpen) return createLease(connection, entry);
      entry.release();
      throw connectionEnded(checked.server.id);
    } catch (failure) {
      throw explained(failure, checked, options);
    }
  }

  async revoke(selection: Selection): Promise<void> {
    const chosen = checkSelection(selection);
    this.resolver.revoke(chosen);
    this.holdings.refuseWaits(chosen);
    const sessions = this.holdings.dropParked(chosen, "revoked");
    const connections = this.holdings.select(chosen).map((entry) => entry.revoke());
    await this.holdings.settled([...sessions, ...connections]);
  }

  async drain(selection: Selection): Promise<void> {
    const { sessions, entries } = this.#leaving(selection);
    await this.holdings.drain(entries);
    await this.holdings.settled([...sessions, ...entries.map((entry) => entry.end())]);
  }

  async retire(selection: Selection): Promise<void> {
    const { sessions, entries } = this.#leaving(selection);
    await this.holdings.retire(entries);
    await this.holdings.settled([...sessions, ...entries.map((entry) => entry.end())]);
  }

  stats(): PoolStats {
    return this.holdings.stats();
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Before anything ends: whoever hears of that and comes back finds the pool closed.
      this.#closing = promise;
      resolve(this.#close());
    }
    return this.#closing;
  }

  borrow(demand: Demand): Loan<C, P> | Promise<Loan<C, P>> {
    demand.signal?.throwIfAborted();
    if (!isTraced("tenantry:pool:acquire")) return this.#lendOpen(demand) ?? this.#lend(demand, undefined);
    const { scope, server } = demand.target;
    const payload = () => ({ scope, server: server.id });
    return traced("tenantry:pool:acquire", payload, (event) => {
      const open = this.#lendOpen(demand);
      if (open === undefined) return this.#lend(demand, event);
      if (event) event.outcome = "hit";
      return Promise.resolve(open);
    });
  }

  async #close(): Promise<void> {
    const reason = poolClosed();
    this.resolver.end(reason);
    await this.holdings.close(reason);
  }

  /** The connections that are selected, and when the sessions are over that are. */
  #leaving(selection: Selection) {
    const chosen = checkSelection(selection);
    return { sessions: this.holdings.dropParked(chosen), entries: this.holdings.select(chosen) };
  }

  /** What is asked for, where anybody may still ask. */
  #read(target: Target, options: AcquireOptions): CheckedTarget {
    checkOptions(options);
    options.signal?.throwIfAborted();
    const checked = this.#targets.read(target);
    if (this.#closing !== undefined) throw explained(poolClosed(), checked, options);
    return checked;
  }

  /** Asks for the credential, unless as many of the user ask or wait as may. */
  #ask(target: CheckedTarget, options: AcquireOptions, principal?: Principal): Demand | Promise<Demand> {
    const { callers } = this.holdings;
    callers.check({ target, principal });
    const asked = createDemand(this.resolver, target, options, principal);
    return asked instanceof Promise ? callers.wait({ target, principal }, asked) : asked;
  }

  /** The usual case, without a promise: the connection is open and carries the credential, or adopts it. */
  #lendOpen(demand: Demand): Loan<C, P> | undefined {
    if (this.#closing !== undefined) throw poolClosed();
    if (this.resolver.isStale(demand.resolved, demand.target)) return undefined;
    const entry = this.holdings.find(demand.target, demand.resolved);
    const connection = entry?.take();
    if (entry === undefined || connection === undefined) return undefined;
    return this.#serves(entry, demand) ? { entry, connection } : undefined;
  }

  async #lend(demand: Demand, event: AcquireEvent | undefined): Promise<Loan<C, P>> {
    const { holdings } = this;
    const party = holdings.callers.enter(demand);
    try {
      for (let round = 1; ; round++) {
        demand.signal?.throwIfAborted();
        // What was resolved before a revocation that may mean it is resolved again; nothing may come between this and its use.
        for (let asked = 0; this.#mustAsk(demand, asked); asked++)
          demand.resolved = await this.resolver.resolve(demand, demand.signal);
        if (this.#closing !== undefined) throw poolClosed();
        const { target, resolved } = demand;
        const known = holdings.find(target, resolved);
        const entry = known ?? holdings.create(target, resolved);
        if (event) event.outcome ??= outcomeOf(entry, known === undefined);
        const connection = await this.#lease(entry, demand);
        if (connection === undefined) continue;
        if (this.#serves(entry, demand, round >= maxRounds)) return { entry, connection };
      }
    } finally {
      holdings.callers.leave(party);
    }
  }

  /** Whether the credential may be revoked; a provider that revokes what it gives is not asked for ever. */
  #mustAsk({ resolved, target }: Demand, asked: number): boolean {
    if (!this.resolver.isStale(resolved, target)) return false;
    if (asked >= maxRounds) throw revoked(target.server.id);
    return true;
  }

  /** Leases the entry's connection; `undefined` where its credential was refused at the door and there is another. */
  async #lease(entry: Entry<C, P>, demand: Demand): Promise<C | undefined> {
    try {
      return await entry.lease(demand);
    } catch (failure) {
      const refusal = said(failure, demand);
      if (refusal === undefined || !isRefusal(refusal)) throw failure;
      const refused = { entry, carried: entry.carried.resolved };
      if (await reauthorize(this, demand, refused, refusal)) return undefined;
      throw failure;
    }
  }

  /** Whether the leased connection serves the demand, or must because no better one is to be had; else it is released. */
  #serves(entry: Entry<C, P>, demand: Demand, must = false): boolean {
    let serves = false;
    try {
      serves = entry.serves(demand.resolved, must);
    } finally {
      if (!serves) entry.release();
    }
    return serves;
  }
}

type AcquireEvent = DiagnosticEvents["tenantry:pool:acquire"];

function outcomeOf(
  { state, isResumed }: { readonly state: string; readonly isResumed: boolean },
  isNew: boolean,
): NonNullable<AcquireEvent["outcome"]> {
  if (state === "waiting") return "wait";
  if (isNew) return isResumed ? "resume" : "open";
  return state === "connecting" ? "join" : "hit";
}
