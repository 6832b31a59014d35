import {
  isAbortReason,
  SharedFlight,
  TenantryError,
  withDeadline,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Delivery,
} from "@tenantry/core";
import { learnSubject, subjectOf } from "../authority.ts";
import type { Identities } from "../approvals/identities.ts";
import type { RouterLimits } from "../limits.ts";
import { runAt, type Candidate, type Route } from "../routing.ts";
import { Context, Contexts, type Whom } from "./contexts.ts";
import { listTimeout, notAuthorized } from "./failure.ts";
import { itemList, type ItemList } from "./item-list.ts";
import { KeptLists } from "./kept-lists.ts";
import type { Kind } from "./kind.ts";
import { KnownList } from "./known-list.ts";
import { readPages } from "./pages.ts";
import { PublicLists } from "./public-lists.ts";

/** What a catalog works with. */
export interface CatalogParts {
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly limits: RouterLimits;
  readonly identities: Identities;
}

/** How a list is asked for. */
export interface ListRequest {
  readonly signal: AbortSignal | undefined;
  /** How long the server may take, connecting included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the server is asked whatever is known. */
  readonly fresh: boolean;
}

/** A list, and why it is an old one, where it is. */
export interface ListAnswer<K extends Kind> {
  readonly list: ItemList<K>;
  /** What the server said that it is; absent where it was not asked. */
  readonly identity?: object | undefined;
  readonly error?: TenantryError | undefined;
}

/** A server that could not be asked is left alone for so long, in milliseconds, unless somebody wants a fresh list. */
const retryMs = 5_000;
/** So often within so many milliseconds a server is asked again for names that its list does not have. */
const maxMisses = 3;
const missMs = 5_000;

/** The names that were looked for in vain of late. */
interface Misses {
  readonly since: number;
  count: number;
}

/**
 * What the servers of a router list, by authorization context: who asks, which server, and whose authority the
 * credential carries. It asks a server as whoever wants to know, and keeps what it says for that context alone.
 */
export class Catalog {
  readonly #parts: CatalogParts;
  readonly #lists = new KeptLists();
  readonly #contexts: Contexts;
  readonly #public: PublicLists;
  /** What is being read, by the connection that it is read on: one reading serves all who wait for it there. */
  readonly #readings = new WeakMap<Connection, Map<Kind, SharedFlight<KnownList>>>();
  #isClosed = false;
  readonly #refreshing = new WeakSet<KnownList>();
  readonly #misses = new WeakMap<Context, Partial<Record<Kind, Misses>>>();

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#contexts = new Contexts(this.#lists, parts.limits);
    this.#public = new PublicLists(this.#lists);
  }

  /**
   * Gives a list: the known one, at once, where it is good enough, else what the server says. Throws where the server says
   * nothing and nothing is known.
   */
  list<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    const learning = learnSubject(candidate.route.target, {
      context: candidate.route.context,
      signal: request.signal,
    });
    if (learning !== undefined) return learning.then(() => this.#list(candidate, kind, request));
    return this.#list(candidate, kind, request);
  }

  /** What is known of a list, for whoever's authority the candidate's route carried last. */
  known<K extends Kind>({ route: { target } }: Candidate, kind: K): KnownList<K> | undefined {
    const context = this.#contexts.find(target.scope, target.server, subjectOf(target));
    return (context?.[kind] as KnownList<K> | undefined) ?? this.#publicOne(target, kind);
  }

  /**
   * Looks for something in a list on a borrowed connection: in the known one, then in what the server says now. Where a list
   * is known, the server is asked three times within five seconds at most, whatever is looked for.
   */
  async find<K extends Kind, T>(
    connection: Connection,
    candidate: Candidate,
    kind: K,
    pick: (list: ItemList<K>) => T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const known = this.known(candidate, kind);
    const found = known && pick(known.list);
    if (found !== undefined) return found;
    if (known !== undefined && !this.#mayMiss(candidate.route, kind)) return undefined;
    return pick((await this.read(connection, candidate.route, kind, signal)).list);
  }

  /** Forgets what whoever asks was told by a server that refuses them now: it is theirs no more. */
  heed<T>(route: Route, asked: Promise<T>): Promise<T> {
    asked.catch((failure: unknown) => this.#refused(route, failure));
    return asked;
  }

  /** Forgets what those users were told; it looks at every one. */
  forget(whom: Whom): void {
    this.#contexts.forgetAll(whom);
  }

  /** Forgets everything; whoever asks for a list then hears what the pool says. */
  close(): void {
    this.#isClosed = true;
    this.#contexts.clear();
  }

  /** Reads a list on a borrowed connection; joins a reading of it that is under way there. */
  async read<K extends Kind>(
    connection: Connection,
    route: Route,
    kind: K,
    signal: AbortSignal,
  ): Promise<KnownList<K>> {
    const current = this.#readings.get(connection)?.get(kind);
    const reading =
      current === undefined || current.abandoned ? this.#begin(connection, route, kind) : current;
    return (await reading.join({ signal })) as KnownList<K>;
  }

  #list<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    const { clock, limits } = this.#parts;
    const known = this.known(candidate, kind);
    if (known === undefined || request.fresh) return this.#ask(candidate, kind, request, known);
    switch (known.age(clock.now(), limits.listTtlMs)) {
      case "over":
        return this.#ask(candidate, kind, request, known);
      case "old":
        this.#refresh(candidate, kind, known);
        return known;
      case "current":
        return known;
    }
  }

  /** Asks the server; where it cannot be asked, what it said earlier is better than nothing. */
  async #ask<K extends Kind>(
    { route }: Candidate,
    kind: K,
    { signal: caller, timeoutMs }: Pick<ListRequest, "signal" | "timeoutMs">,
    known: KnownList<K> | undefined,
    keepAlive = true,
  ): Promise<ListAnswer<K>> {
    const { pool, clock } = this.#parts;
    const { target } = route;
    let delivery: Delivery = "unsent";
    const expired = () => listTimeout(target.server.id, kind, timeoutMs, delivery);
    try {
      return await withDeadline({ keepAlive, clock, timeoutMs, signal: caller, expired }, (signal) =>
        runAt(
          pool,
          route,
          (connection) => {
            delivery = "unknown";
            return this.read(connection, route, kind, signal);
          },
          { signal, resend: "safe" },
        ),
      );
    } catch (failure) {
      if (known === undefined || isAbortReason(failure, caller)) throw failure;
      this.#refused(route, failure);
      if (!(failure instanceof TenantryError) || notAuthorized(failure)) throw failure;
      known.trouble = { error: failure, at: clock.now() };
      return { list: known.list, identity: known.identity, error: failure };
    }
  }

  /** Asks anew for a list that was given meanwhile, once for all who were given it, as the one who was given it first. */
  #refresh<K extends Kind>(candidate: Candidate, kind: K, known: KnownList<K>): void {
    const { clock, limits } = this.#parts;
    const { trouble } = known;
    if (this.#refreshing.has(known)) return;
    if (typeof trouble === "object" && clock.now() - trouble.at < retryMs) return;
    this.#refreshing.add(known);
    const request = { signal: undefined, timeoutMs: limits.listTimeoutMs };
    const done = () => void this.#refreshing.delete(known);
    this.#ask(candidate, kind, request, known, false).then(done, done);
  }

  #begin<K extends Kind>(connection: Connection, route: Route, kind: K): SharedFlight<KnownList> {
    const readings = this.#readings.get(connection) ?? new Map<Kind, SharedFlight<KnownList>>();
    this.#readings.set(connection, readings);
    const reading: SharedFlight<KnownList> = new SharedFlight(async (signal) => {
      try {
        return await this.#read(connection, route, kind, signal);
      } finally {
        // An abandoned one may have a successor.
        if (readings.get(kind) === reading) readings.delete(kind);
      }
    });
    readings.set(kind, reading);
    return reading;
  }

  async #read<K extends Kind>(
    connection: Connection,
    { target }: Route,
    kind: K,
    signal: AbortSignal,
  ): Promise<KnownList<K>> {
    const { clock, limits } = this.#parts;
    const { scope, server } = target;
    const subject = subjectOf(target);
    const at = clock.now();
    const { items, ttlMs, isPublic } = await readPages(connection, kind, {
      server: server.id,
      limits,
      signal,
    });
    const said = { ttlMs, identity: this.#parts.identities.of(connection) };
    const known = new KnownList<K>(this.#lists.one(itemList(kind, items)), at, said);
    if (this.#isClosed) return known;
    this.#contexts.learn(
      scope,
      this.#contexts.find(scope, server, subject) ?? new Context(server, subject),
      known as KnownList,
    );
    if (isPublic) this.#public.learn(server, known as KnownList);
    else this.#public.forget(server, kind);
    return known;
  }

  /** A list that is everybody's is given for as long as its server says. */
  #publicOne<K extends Kind>({ server }: Route["target"], kind: K): KnownList<K> | undefined {
    const { clock, limits } = this.#parts;
    const known = this.#isClosed ? undefined : this.#public.find(server, kind);
    return known?.age(clock.now(), limits.listTtlMs) === "current" ? known : undefined;
  }

  #refused({ target }: Route, failure: unknown): void {
    if (!(failure instanceof TenantryError) || !notAuthorized(failure)) return;
    const context = this.#contexts.find(target.scope, target.server, subjectOf(target));
    if (context !== undefined) this.#contexts.drop(context);
  }

  /** Counts a name that is not in the list; `false` where there were too many of late. */
  #mayMiss({ target }: Route, kind: Kind): boolean {
    const now = this.#parts.clock.now();
    const context = this.#contexts.find(target.scope, target.server, subjectOf(target));
    if (context === undefined) return true;
    const misses = this.#misses.get(context) ?? {};
    this.#misses.set(context, misses);
    const late = misses[kind];
    if (late === undefined || now - late.since >= missMs) misses[kind] = { since: now, count: 1 };
    else if (++late.count > maxMisses) return false;
    return true;
  }
}
