import {
  isAbortReason,
  TenantryError,
  withDeadline,
  type Clock,
  type Connection,
  type ConnectionPool,
  type Delivery,
  type ServerEvent,
  type Target,
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
import { Misses } from "./misses.ts";
import { Readings } from "./readings.ts";
import { SavedCatalogs, type CatalogStore } from "./saved-catalogs.ts";

/** What a catalog works with. */
export interface CatalogParts {
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly limits: RouterLimits;
  /** Where lists outlive the process; absent: they do not. */
  readonly store?: CatalogStore | undefined;
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

/** One reading of one list. */
interface Reading<K extends Kind> {
  readonly connection: Connection;
  readonly route: Route;
  readonly kind: K;
  readonly signal: AbortSignal;
  /** Whether the server has said meanwhile that the list changes. */
  readonly hasChanged: () => boolean;
}

/** What a server can say that has changed. */
export type ChangeKind = Exclude<ServerEvent["kind"], "resource_updated">;

const changedKinds = {
  tools_changed: ["tools"],
  prompts_changed: ["prompts"],
  resources_changed: ["resources", "resourceTemplates"],
} as const satisfies Record<ChangeKind, readonly Kind[]>;

/** A server that could not be asked is left alone for so long, in milliseconds, unless somebody wants a fresh list. */
const retryMs = 5_000;
/**
 * What the servers of a router list, by authorization context: who asks, which server, and whose authority the
 * credential carries. It asks a server as whoever wants to know, and keeps what it says for that context alone.
 */
export class Catalog {
  readonly #parts: CatalogParts;
  readonly #lists = new KeptLists();
  readonly #contexts: Contexts;
  readonly #public: PublicLists;
  readonly #saved: SavedCatalogs | undefined;
  readonly #readings = new Readings();
  readonly #misses = new Misses();
  readonly #refreshing = new WeakSet<KnownList>();
  #isClosed = false;
  /** The connections on which changes are heard of in passing. */
  readonly #overheard = new WeakSet<Connection>();

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#contexts = new Contexts(this.#lists, parts.limits);
    this.#public = new PublicLists(this.#lists);
    const { store, clock, limits } = parts;
    this.#saved = store && new SavedCatalogs(store, clock, limits);
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
    const known = this.known(candidate, kind) ?? (await this.#load(candidate, kind));
    const found = known && pick(known.list);
    if (found !== undefined) return found;
    const isCurrent = known !== undefined && known.trouble !== "changed";
    if (isCurrent && !this.#mayMiss(candidate.route, kind)) return undefined;
    return pick((await this.read(connection, candidate.route, kind, signal)).list);
  }

  /** Forgets what whoever asks was told by a server that refuses them now: it is theirs no more. */
  heed<T>(route: Route, asked: Promise<T>): Promise<T> {
    asked.catch((failure: unknown) => this.#refused(route, failure));
    return asked;
  }

  /** Forgets what those users were told, in the store too; it looks at every one. Rejects as the store does. */
  async forget(whom: Whom): Promise<void> {
    this.#contexts.forgetAll(whom);
    await this.#saved?.clear(whom);
  }

  /** Forgets everything that is in memory; whoever asks for a list then hears what the pool says. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#contexts.clear();
    await this.#saved?.settled();
  }

  /** A server has said that its lists of a kind have changed; on which connection, where that is known. */
  changed({ target }: Pick<Route, "target">, change: ChangeKind, connection?: Connection): void {
    this.#changed(target, subjectOf(target), change, connection);
  }

  /** Reads a list on a borrowed connection; joins a reading of it that is under way there. */
  async read<K extends Kind>(
    connection: Connection,
    route: Route,
    kind: K,
    signal: AbortSignal,
  ): Promise<KnownList<K>> {
    const known = await this.#readings.join(connection, kind, signal, (ending, hasChanged) =>
      this.#read({ connection, route, kind, signal: ending, hasChanged }),
    );
    return known as KnownList<K>;
  }

  #list<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    const known = this.known(candidate, kind);
    if (known !== undefined) return this.#judge(candidate, kind, request, known);
    if (this.#saved === undefined || this.#isClosed) return this.#ask(candidate, kind, request, undefined);
    return this.#load(candidate, kind).then((saved) =>
      saved === undefined
        ? this.#ask(candidate, kind, request, undefined)
        : this.#judge(candidate, kind, request, saved),
    );
  }

  #judge<K extends Kind>(
    candidate: Candidate,
    kind: K,
    request: ListRequest,
    known: KnownList<K>,
  ): ListAnswer<K> | Promise<ListAnswer<K>> {
    if (request.fresh) return this.#ask(candidate, kind, request, known);
    const { clock, limits } = this.#parts;
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

  /** What the store has of a list, where nothing is known of it here. */
  async #load<K extends Kind>(candidate: Candidate, kind: K): Promise<KnownList<K> | undefined> {
    const { route } = candidate;
    const subject = subjectOf(route.target);
    const saved = await this.#saved?.load({ route, subject }, kind);
    const meanwhile = this.known(candidate, kind);
    if (saved === undefined || meanwhile !== undefined || this.#isClosed) return meanwhile;
    const known = new KnownList<K>(this.#lists.one(saved.list), saved.readAt, saved);
    this.#learn(route, subject, known);
    return known;
  }

  #learn<K extends Kind>({ target }: Route, subject: string | undefined, known: KnownList<K>): void {
    const { scope, server } = target;
    const context = this.#contexts.find(scope, server, subject) ?? new Context(server, subject);
    this.#contexts.learn(scope, context, known as KnownList);
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

  async #read<K extends Kind>({
    connection,
    route,
    kind,
    signal,
    hasChanged,
  }: Reading<K>): Promise<KnownList<K>> {
    const { clock, limits } = this.#parts;
    const { server } = route.target;
    const subject = subjectOf(route.target);
    this.#overhear(connection, route.target, subject);
    const at = clock.now();
    const { items, ttlMs, isPublic } = await readPages(connection, kind, {
      server: server.id,
      limits,
      signal,
    });
    const said = { ttlMs, identity: this.#parts.identities.of(connection) };
    const known = new KnownList<K>(this.#lists.one(itemList(kind, items)), at, said);
    if (this.#isClosed) return known;
    if (hasChanged()) known.trouble = "changed";
    this.#learn(route, subject, known);
    this.#saved?.save({ route, subject }, known as KnownList);
    if (isPublic && !hasChanged()) this.#public.learn(server, known as KnownList);
    else this.#public.forget(server, kind);
    return known;
  }

  /** A list that is everybody's is given for as long as its server says. */
  #publicOne<K extends Kind>({ server }: Route["target"], kind: K): KnownList<K> | undefined {
    const { clock, limits } = this.#parts;
    const known = this.#isClosed ? undefined : this.#public.find(server, kind);
    return known?.age(clock.now(), limits.listTtlMs) === "current" ? known : undefined;
  }

  #changed(
    { scope, server }: Pick<Target, "scope" | "server">,
    subject: string | undefined,
    change: ChangeKind,
    connection: Connection | undefined,
  ): void {
    const context = this.#contexts.find(scope, server, subject);
    for (const kind of changedKinds[change]) {
      const known = context?.[kind];
      if (known !== undefined) known.trouble = "changed";
      this.#public.forget(server, kind);
      if (connection !== undefined) this.#readings.changed(connection, kind);
    }
  }

  /** Hears of changes where that costs nothing. */
  #overhear(connection: Connection, { scope, server }: Target, subject: string | undefined): void {
    if (connection.overhear === undefined || this.#overheard.has(connection)) return;
    const isHeard = connection.overhear(({ kind }) => {
      if (kind !== "resource_updated") this.#changed({ scope, server }, subject, kind, connection);
    });
    if (isHeard) this.#overheard.add(connection);
  }

  #refused(route: Route, failure: unknown): void {
    if (!(failure instanceof TenantryError) || !notAuthorized(failure)) return;
    const { target } = route;
    const subject = subjectOf(target);
    this.#saved?.drop({ route, subject });
    const context = this.#contexts.find(target.scope, target.server, subject);
    if (context !== undefined) this.#contexts.drop(context);
  }

  /** Counts a name that is not in the list; `false` where there were too many of late. */
  #mayMiss({ target }: Route, kind: Kind): boolean {
    const context = this.#contexts.find(target.scope, target.server, subjectOf(target));
    return context === undefined || this.#misses.add(context, kind, this.#parts.clock.now());
  }
}
