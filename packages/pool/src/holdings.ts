import type { Clock, Connector, Poolable } from "@tenantry/core";
import { createCallPermits } from "./caps/call-permits.ts";
import { Callers } from "./caps/callers.ts";
import { Capacity } from "./caps/capacity.ts";
import type { Permits } from "./caps/permits.ts";
import type { EntryHost } from "./entry-host.ts";
import { Entry } from "./entry.ts";
import type { PoolLimits } from "./limits.ts";
import { Farewells } from "./parking/farewells.ts";
import type { Parked } from "./parking/parked.ts";
import { Parking } from "./parking/parking.ts";
import { originKey, principalKey, type PoolKey } from "./keys.ts";
import { announceBreak } from "./notices.ts";
import { Population } from "./population.ts";
import type { Resolved } from "./resolver.ts";
import { selects, type Selection } from "./selection.ts";
import { statsOf, type PoolStats } from "./stats.ts";
import type { CheckedTarget } from "./targets.ts";
import type { Admission } from "./trouble/admission.ts";
import { Troubles } from "./trouble/troubles.ts";

/** What holdings are made of. */
export interface HoldingsParts<C extends Poolable<P>, P> {
  readonly connector: Connector<C, P>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Everything that a pool holds: connections by key, parked sessions, and what is known of servers in trouble. */
export class Holdings<C extends Poolable<P>, P> implements EntryHost<C, P> {
  readonly connector: Connector<C, P>;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly calls: Permits;
  readonly callers: Callers;
  readonly troubles: Troubles;
  /** The entry that is lent for each key; the population knows the retired ones too. */
  readonly #lent = new Map<PoolKey, Entry<C, P>>();
  readonly #population: Population<Entry<C, P>>;
  readonly #parking: Parking<P>;
  readonly #farewells: Farewells<C, P>;
  #isClosed = false;
  #entries = 0;

  constructor({ connector, limits, clock, random }: HoldingsParts<C, P>) {
    this.connector = connector;
    this.limits = limits;
    this.clock = clock;
    this.capacity = new Capacity(limits, clock);
    this.calls = createCallPermits(limits, clock);
    // More than these could neither call nor wait for their turn, once they had their connection.
    this.callers = new Callers(limits.maxCallsPerUser + limits.maxWaiting);
    this.troubles = new Troubles({ limits, clock, random, onBreak: announceBreak });
    this.#population = new Population(clock);
    this.#farewells = new Farewells(this);
    this.#parking = new Parking({
      clock,
      timeoutMs: limits.parkedTimeoutMs,
      max: limits.maxParked,
      maxPerUser: limits.maxParkedPerUser,
      dropped: (parked) => void this.dropped(parked),
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The entry that is lent for the key of `target` and `resolved`; one that is too old is retired and not given. */
  find(target: CheckedTarget, { subject }: Resolved): Entry<C, P> | undefined {
    const entry = this.#lent.get(target.key(subject));
    if (entry === undefined || this.clock.now() < entry.expiresAt) return entry;
    entry.retire("age");
    return undefined;
  }

  /**
   * Makes the entry that is lent from now on, and asks for its room. It is to be leased at once: nobody uses it yet.
   * Throws what a caller hears whose server is left alone.
   */
  create(target: CheckedTarget, resolved: Resolved): Entry<C, P> {
    const { scope, server } = target;
    const { id, origin } = server;
    const key = target.key(resolved.subject);
    const principal = principalKey(scope);
    const way = originKey(scope, server);
    const trouble = this.troubles.of({ poolKey: key, server: id, way, principal, origin });
    let admission: Admission;
    try {
      admission = trouble.admit(resolved.generation);
    } catch (failure) {
      this.troubles.drop(trouble);
      throw failure;
    }
    const parked = this.#parkedFor(key);
    const parts = { key, id: String(++this.#entries), target, resolved, trouble, admission, parked };
    const entry = new Entry<C, P>(this, parts);
    this.#lent.set(key, entry);
    this.#population.add(entry);
    this.capacity.request(entry.standing.slot);
    return entry;
  }

  /**
   * The selected connections, those of which only something is left included, in the order in which they are to end; it
   * looks at each of them.
   */
  select(selection: Selection): readonly Entry<C, P>[] {
    const all = [...this.#population, ...this.#population.ending];
    return waitingFirst(
      all.filter(({ target, carried }) => selects(selection, target, carried.resolved.subject)),
    );
  }

  /** Ends the selected users' calls that wait for their turn on connections that they share; it looks at each of them. */
  refuseWaits(selection: Selection): void {
    for (const { standing, target } of this.#population)
      if (target.scope.share !== "user") standing.refuseWaits(selection, target);
  }

  /** Ends the selected sessions that are parked, and gives when each is; it looks at each of them. */
  dropParked(selection: Selection, reason?: "revoked"): readonly Promise<void>[] {
    for (const { key, target, subject } of [...this.#parking])
      if (selects(selection, target, subject)) this.#parking.drop(key, reason);
    return this.#farewells.select(selection);
  }

  /** Waits until these have settled, but no longer than 30 s. */
  async settled(all: readonly Promise<void>[]): Promise<void> {
    await this.#population.within(all);
  }

  /** Retires entries, and waits until they have ended, but no longer than `drainTimeoutMs`. */
  async drain(entries: Iterable<Entry<C, P>>): Promise<void> {
    await this.retire(entries, this.limits.drainTimeoutMs);
  }

  /** Retires entries, and waits until they have ended, with their last leases at the latest. */
  async retire(entries: Iterable<Entry<C, P>>, timeoutMs?: number): Promise<void> {
    for (const entry of entries) entry.retire();
    await this.#population.drained(entries, timeoutMs);
  }

  stats(): PoolStats {
    const counts = { waiting: this.callers.size, ending: this.capacity.ending };
    return statsOf(this.#population, this.#parking, counts);
  }

  /** Ends everything, whoever waits hears `reason`; rejects with what could not be given back. */
  async close(reason: unknown): Promise<void> {
    this.#isClosed = true;
    this.#population.close();
    for (const entry of waitingFirst([...this.#population])) if (!entry.isOpen) void entry.end(reason);
    for (const { key } of [...this.#parking]) this.#parking.drop(key);
    await this.drain(this.#population);
    for (const entry of this.#population) void entry.end(reason);
    this.troubles.close();
    try {
      await this.#population.settled(this.#farewells.pending);
    } finally {
      this.#farewells.end();
    }
  }

  retired(entry: Entry<C, P>): void {
    if (this.#lent.get(entry.key) === entry) this.#lent.delete(entry.key);
  }

  ended(entry: Entry<C, P>, ending: Promise<void>): void {
    this.retired(entry);
    this.#population.ended(entry, ending);
  }

  parked(parked: Parked<P>): void {
    if (this.#isClosed) void this.dropped(parked);
    else this.#parking.put(parked);
  }

  dropped(parked: Parked<P>): Promise<void> {
    return this.#farewells.say(parked);
  }

  stopped(rest: Promise<void>): void {
    this.#population.stopped(rest);
  }

  /** A session that is too old is ended, and a new one begun. */
  #parkedFor(key: PoolKey): Parked<P> | undefined {
    const parked = this.#parking.take(key);
    if (parked === undefined || this.clock.now() < parked.expiresAt) return parked;
    void this.dropped(parked);
    return undefined;
  }
}

/** Those who wait for room end first, or the room that the others make would be given to them. */
function waitingFirst<E extends { readonly state: string }>(entries: readonly E[]): readonly E[] {
  const waits = ({ state }: E) => state === "waiting";
  return [...entries.filter(waits), ...entries.filter((entry) => !waits(entry))];
}
