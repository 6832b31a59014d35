import {
  systemClock,
  TenantryError,
  traced,
  type AcquireOptions,
  type Clock,
  type ConnectionPool,
  type Connector,
  type DiagnosticEvents,
  type Lease,
  type Poolable,
  type RunOptions,
  type Target,
} from "@tenantry/core";
import { reauthorize, runAttempts, type Lender, type Loan } from "./attempt.ts";
import { Capacity } from "./capacity.ts";
import { createDemand, Resolver, type Demand } from "./demand.ts";
import { Entry, type EntryHost } from "./entry.ts";
import { named, poolClosed } from "./failure.ts";
import { createLease } from "./lease.ts";
import { Lifetime } from "./lifetime.ts";
import { checkLimits, type PoolLimits } from "./limits.ts";
import { poolKey, type PoolKey } from "./pool-key.ts";
import { Population } from "./population.ts";
import { statsOf, type PoolStats } from "./stats.ts";

/** What a pool is made of. */
export interface PoolOptions<C extends Poolable<P>, P> {
  /** Opens the connections. */
  readonly connector: Connector<C, P>;
  /** Bounds that differ from the defaults of {@link PoolLimits}. */
  readonly limits?: Partial<PoolLimits>;
  /** Where time comes from; defaults to the system's clock. */
  readonly clock?: Clock;
}

/** Lends connections to many users and never one user's to another. */
export interface Pool<C> extends ConnectionPool<C>, AsyncDisposable {
  /** Tells what the pool holds; it looks at every connection. */
  stats(): PoolStats;
  /**
   * Refuses new work with `CLOSED`, lets leased connections finish for `drainTimeoutMs` and closes everything, what is
   * left of an aborted opening included, for which it waits 30 s at most.
   * Gives the same promise every time; rejects when an endpoint cannot be given back, after all else is closed.
   */
  close(): Promise<void>;
}

/** Creates a pool. It opens nothing before it is asked; throws `CONFIG_INVALID` for a limit out of its range. */
export function createPool<C extends Poolable<P>, P>(options: PoolOptions<C, P>): Pool<C> {
  const pool = new KeyedPool(options);
  return Object.freeze({
    run: pool.run.bind(pool) as Pool<C>["run"],
    acquire: (target: Target, options: AcquireOptions) => pool.acquire(target, options),
    stats: () => pool.stats(),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  });
}

/** A connection that does not fit is replaced; one that ends as soon as it opens is not replaced for ever. */
const maxRounds = 3;

class KeyedPool<C extends Poolable<P>, P> implements Lender<C, P>, EntryHost<C, P> {
  readonly connector: Connector<C, P>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly resolver: Resolver;
  readonly #lifetime = new Lifetime();
  /** The entry that is lent for each key; the population knows the retired ones too. */
  readonly #lent = new Map<PoolKey, Entry<C, P>>();
  readonly #population: Population<Entry<C, P>>;
  #closing: Promise<void> | undefined;

  constructor({ connector, limits, clock = systemClock }: PoolOptions<C, P>) {
    this.connector = connector;
    this.limits = checkLimits(limits);
    this.clock = clock;
    this.capacity = new Capacity(this.limits, clock);
    this.resolver = new Resolver(this.#lifetime);
    this.#population = new Population(clock);
  }

  async run<T>(
    target: Target,
    work: (connection: C, attempt: number) => Promise<T>,
    options: RunOptions,
  ): Promise<T> {
    return naming(target, options, async () =>
      runAttempts(this, await this.#demand(target, options), work, options.resend),
    );
  }

  async acquire(target: Target, options: AcquireOptions): Promise<Lease<C>> {
    return naming(target, options, async () => {
      const { connection, entry } = await this.borrow(await this.#demand(target, options));
      return createLease(connection, () => entry.release());
    });
  }

  stats(): PoolStats {
    return statsOf(this.#population);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  async borrow(demand: Demand): Promise<Loan<C, P>> {
    demand.signal?.throwIfAborted();
    const { scope, server } = demand.target;
    const payload = () => ({ scope, server: server.id });
    return traced("tenantry:pool:acquire", payload, (event) => this.#lend(demand, event));
  }

  retired(entry: Entry<C, P>): void {
    if (this.#lent.get(entry.key) === entry) this.#lent.delete(entry.key);
  }

  ended(entry: Entry<C, P>, ending: Promise<void>): void {
    this.retired(entry);
    this.#population.ended(entry, ending);
  }

  aborted(rest: Promise<void>): void {
    this.#population.aborted(rest);
  }

  async #demand(target: Target, options: AcquireOptions): Promise<Demand> {
    options.signal?.throwIfAborted();
    if (this.closed) throw poolClosed();
    return createDemand(this.resolver, target, options);
  }

  async #lend(demand: Demand, event: AcquireEvent | undefined): Promise<Loan<C, P>> {
    for (let round = 1; ; round++) {
      const entry = this.#entryFor(demand, event);
      const connection = await this.#lease(entry, demand);
      if (connection === undefined) continue;
      if (this.#serves(entry, demand) || round >= maxRounds)
        return { entry, connection, generation: entry.generation, order: entry.order };
      entry.release();
    }
  }

  /** The entry that is lent for the demand's key, or a new one. It is to be leased at once: nobody uses it yet. */
  #entryFor({ target, resolved }: Demand, event: AcquireEvent | undefined): Entry<C, P> {
    if (this.closed) throw poolClosed();
    const key = poolKey(target, resolved.credential?.subject);
    const known = this.#lent.get(key);
    const entry = known ?? new Entry<C, P>(this, key, target, resolved);
    if (known === undefined) {
      this.#lent.set(key, entry);
      this.#population.add(entry);
      entry.begin();
    }
    if (event) event.outcome ??= outcomeOf(entry, known === undefined);
    return entry;
  }

  /** Leases the entry's connection; `undefined` where its credential was refused at the door and there is another. */
  async #lease(entry: Entry<C, P>, demand: Demand): Promise<C | undefined> {
    try {
      return await entry.lease(demand.resolved, demand.signal);
    } catch (failure) {
      const { generation, order } = entry;
      if (isRefusal(failure) && (await reauthorize(this, demand, { entry, generation, order }, failure)))
        return undefined;
      throw failure;
    }
  }

  #serves(entry: Entry<C, P>, demand: Demand): boolean {
    try {
      return entry.serves(demand.resolved);
    } catch (failure) {
      entry.release();
      throw failure;
    }
  }

  async #close(): Promise<void> {
    const reason = poolClosed();
    this.#lifetime.end(reason);
    // Those who wait come first, or the room that the others make would be given to them.
    for (const entry of this.#population) if (entry.state === "waiting") entry.end(reason);
    for (const entry of this.#population) if (entry.state === "connecting") entry.end(reason);
    for (const entry of this.#population) entry.retire();
    await this.#population.drained(this.limits.drainTimeoutMs);
    for (const entry of this.#population) entry.end(reason);
    await this.#population.settled();
  }
}

/** Every failure names its server, whoever it comes from; the reason of the caller's own abort is left as it is. */
async function naming<T>({ server }: Target, { signal }: AcquireOptions, work: () => Promise<T>): Promise<T> {
  const { id } = server;
  try {
    return await work();
  } catch (failure) {
    throw signal?.aborted && signal.reason === failure ? failure : named(failure, id);
  }
}

type AcquireEvent = DiagnosticEvents["tenantry:pool:acquire"];

function outcomeOf(
  { state }: { readonly state: string },
  isNew: boolean,
): NonNullable<AcquireEvent["outcome"]> {
  if (state === "waiting") return "wait";
  if (isNew) return "open";
  return state === "connecting" ? "join" : "hit";
}

function isRefusal(failure: unknown): failure is TenantryError {
  return (
    failure instanceof TenantryError && (failure.recover === "reauthorize" || failure.code === "UNAUTHORIZED")
  );
}
