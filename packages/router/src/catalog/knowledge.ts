import { TenantryError, type Clock, type Target } from "@tenantry/core";
import { subjectOf } from "../authority.ts";
import type { RouterLimits } from "../limits.ts";
import type { Route } from "../routing.ts";
import { Context, Contexts, type Whom } from "./contexts.ts";
import { notAuthorized } from "./failure.ts";
import type { ItemList, UnkeptList } from "./item-list.ts";
import { KeptLists } from "./kept-lists.ts";
import type { Kind } from "./kind.ts";
import { KnownList } from "./known-list.ts";
import { Misses } from "./misses.ts";
import { PublicLists } from "./public-lists.ts";
import { SavedCatalogs, type CatalogStore } from "./saved-catalogs.ts";

/** What knowledge is kept with. */
export interface KnowledgeParts {
  readonly clock: Clock;
  readonly limits: RouterLimits;
  /** Where lists outlive the process; absent: they do not. */
  readonly store?: CatalogStore | undefined;
}

/** Whose authority a list was read with. */
export interface Learner {
  readonly route: Route;
  readonly subject: string | undefined;
}

/**
 * What is known of servers' lists, by authorization context: in memory, and in the store where there is one. What a server
 * says is everybody's is kept once more for all.
 */
export class Knowledge {
  readonly #parts: KnowledgeParts;
  readonly #lists = new KeptLists();
  readonly #contexts: Contexts;
  readonly #public: PublicLists;
  readonly #saved: SavedCatalogs | undefined;
  readonly #misses = new Misses();
  #isClosed = false;
  /** Grows whenever somebody is forgotten. */
  #forgotten = 0;

  constructor(parts: KnowledgeParts) {
    const { store, clock, limits } = (this.#parts = parts);
    this.#contexts = new Contexts(this.#lists, limits);
    this.#public = new PublicLists(this.#lists);
    this.#saved = store && new SavedCatalogs(store, clock, limits);
  }

  /** Whether the store may know what is not known here. */
  get isSaved(): boolean {
    return this.#saved !== undefined && !this.#isClosed;
  }

  /** What is known of a list under one authority. */
  find<K extends Kind>(target: Target, kind: K, subject: string | undefined): KnownList<K> | undefined {
    return this.own(target, kind, subject) ?? this.#everybodys(target, kind);
  }

  /** What this context was told itself. */
  own<K extends Kind>(
    { scope, server }: Pick<Target, "scope" | "server">,
    kind: K,
    subject: string | undefined,
  ): KnownList<K> | undefined {
    return this.#contexts.find(scope, server, subject)?.[kind] as KnownList<K> | undefined;
  }

  /** What the store has of a list, where nothing is known of it here. */
  async load<K extends Kind>({ route, subject }: Learner, kind: K): Promise<KnownList<K> | undefined> {
    const forgotten = this.#forgotten;
    const saved = await this.#saved?.load({ route, subject }, kind);
    const meanwhile = this.find(route.target, kind, subject);
    if (saved === undefined || meanwhile !== undefined || this.#isClosed) return meanwhile;
    // It may be of whoever was forgotten while it was on its way.
    if (forgotten !== this.#forgotten) return undefined;
    const known = new KnownList<K>(this.#lists.one(saved.list), saved.readAt, saved);
    this.#learn({ route, subject }, known as KnownList);
    return known;
  }

  /** The list that is kept with this content, else a new one. */
  one<K extends Kind>(unkept: UnkeptList<K>): ItemList<K> {
    return this.#lists.one(unkept);
  }

  /** Learns what a server has listed, and writes it down; `isPublic` where that is everybody's. */
  learn(learner: Learner, known: KnownList, isPublic: boolean): void {
    if (this.#isClosed) return;
    const { server } = learner.route.target;
    this.#learn(learner, known);
    this.#saved?.save(learner, known);
    // A hosted server is another one for whomever it is started, and speaks for nobody else's.
    if (isPublic && server.url !== undefined)
      this.#public.learn(server, new KnownList(known.list, known.readAt, known));
    else this.#public.forget(server, known.list.kind);
  }

  /** A server has said that its lists of these kinds have changed. */
  changed(
    { scope, server }: Pick<Target, "scope" | "server">,
    subject: string | undefined,
    changed: readonly Kind[],
  ): void {
    const context = this.#contexts.find(scope, server, subject);
    for (const kind of changed) {
      const known = context?.[kind];
      if (known !== undefined) known.trouble = "changed";
      this.#public.forget(server, kind);
    }
  }

  /** Forgets what whoever asks was told, where the server refuses them now: it is theirs no more. */
  refused(route: Route, failure: unknown): void {
    if (!(failure instanceof TenantryError) || !notAuthorized(failure)) return;
    const { scope, server } = route.target;
    const subject = subjectOf(route.target);
    this.#saved?.drop({ route, subject });
    const context = this.#contexts.find(scope, server, subject);
    if (context !== undefined) this.#contexts.drop(context);
  }

  /** Counts a name that is not in the list; `false` where there were too many of late. */
  mayMiss({ route, subject }: Learner, kind: Kind): boolean {
    const { scope, server } = route.target;
    const context = this.#contexts.find(scope, server, subject);
    return context === undefined || this.#misses.add(context, kind, this.#parts.clock.now());
  }

  /** Forgets what those users were told, in the store too; it looks at every one. Rejects as the store does. */
  async forget(whom: Whom): Promise<void> {
    this.#forget(whom);
    await this.#saved?.clear(whom);
    // Whoever asked before the store had forgotten has been told of it once more.
    this.#forget(whom);
  }

  /** Forgets everything that is in memory, and learns nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#contexts.clear();
    await this.#saved?.settled();
  }

  #forget(whom: Whom): void {
    this.#forgotten++;
    this.#contexts.forgetAll(whom);
  }

  #learn({ route, subject }: Learner, known: KnownList): void {
    const { scope, server } = route.target;
    const context = this.#contexts.find(scope, server, subject) ?? new Context(server, subject);
    this.#contexts.learn(scope, context, known);
  }

  /** A list that is everybody's is given for as long as its server says. */
  #everybodys<K extends Kind>({ server }: Target, kind: K): KnownList<K> | undefined {
    const { clock, limits } = this.#parts;
    const known = this.#isClosed ? undefined : this.#public.find(server, kind);
    return known?.age(clock.now(), limits.listTtlMs) === "current" ? known : undefined;
  }
}
