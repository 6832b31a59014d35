import { createHash } from "node:crypto";
import {
  TenantryError,
  withDeadline,
  type CatalogKey,
  type Clock,
  type Json,
  type Principal,
  type Store,
  type Target,
  type Version,
} from "@tenantry/core";
import type { RouterLimits } from "../limits.ts";
import type { Route } from "../routing.ts";
import type { Whom } from "./contexts.ts";
import { itemList, type UnkeptList } from "./item-list.ts";
import type { Kind } from "./kind.ts";
import type { KnownList } from "./known-list.ts";
import { itemsWithin } from "./pages.ts";

/** What a catalog takes of a store. */
export type CatalogStore = Pick<Store, "catalogs" | "lists">;

/** Whose lists they are: who asks, and whose authority the credential carried then. */
export interface Owner {
  readonly route: Route;
  readonly subject: string | undefined;
}

/** A list as it was saved. */
export interface SavedList<K extends Kind> {
  readonly list: UnkeptList<K>;
  readonly readAt: number;
  readonly ttlMs: number | undefined;
  readonly identity: object | undefined;
}

/** What a row says of one list; a store's rows are checked like anything from outside. */
interface Entry {
  readonly hash: string;
  readonly readAt: number;
  readonly ttlMs?: number;
  /** What the server said that it is. */
  readonly identity?: Json;
}

/** How long a list waits for the store, in milliseconds: a server that can be asked must not be kept waiting by it. */
const patienceMs = 1_000;
/** How long the store may take to save one, in milliseconds. */
const savingMs = 15_000;
const maxAttempts = 3;

/**
 * What is known of lists, in a store, so that it outlives the process: a row for each authorization context, and one for
 * each different list. A store that fails costs the lists of others their memory, and nobody an answer.
 */
export class SavedCatalogs {
  readonly #store: CatalogStore;
  readonly #clock: Clock;
  readonly #limits: RouterLimits;
  readonly #pending = new Set<Promise<void>>();

  constructor(store: CatalogStore, clock: Clock, limits: RouterLimits) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Gives a list that was saved; `undefined` where there is none, or the store does not give it. It never rejects. */
  async load<K extends Kind>(owner: Owner, kind: K): Promise<SavedList<K> | undefined> {
    const clock = this.#clock;
    const expired = () => new TenantryError("STORE_UNAVAILABLE", "The store did not give a list in time.");
    try {
      return await withDeadline({ clock, timeoutMs: patienceMs, expired }, () =>
        this.#load(keyOf(owner), kind),
      );
    } catch {
      return undefined;
    }
  }

  /** Saves a list, while nobody waits for it. */
  save(owner: Owner, known: KnownList): void {
    this.#begin(this.#save(keyOf(owner), known));
  }

  /** Forgets what one context was told, while nobody waits for it; what is being saved of it is to be there then. */
  drop(owner: Owner): void {
    this.#begin(this.settled().then(() => this.#store.catalogs.delete(keyOf(owner))));
  }

  /** Deletes what those users were told, and what is being saved of it; rejects as the store does. */
  async clear(whom: Whom): Promise<void> {
    await this.settled();
    const { workspace, user, server } = whom;
    await this.#store.catalogs.clear({ workspace, ...(user && { user }), ...(server && { server }) });
  }

  /** Resolves when nothing is being saved; it never rejects. What the store has not taken in time is not waited for. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #begin(work: Promise<unknown>): void {
    const deadline = { clock: this.#clock, timeoutMs: savingMs, expired: () => undefined };
    const done = withDeadline(deadline, () => work).then(
      () => {},
      () => {},
    );
    this.#pending.add(done);
    void done.then(() => this.#pending.delete(done));
  }

  async #load<K extends Kind>(key: CatalogKey, kind: K): Promise<SavedList<K> | undefined> {
    const row = await this.#store.catalogs.get(key);
    const entry = entryOf(row?.value, kind);
    if (row === undefined || entry === undefined) return undefined;
    const listKey = { workspace: key.workspace, hash: entry.hash };
    const saved = await this.#store.lists.get(listKey);
    const items = itemsWithin(kind, saved?.value, this.#limits);
    if (saved === undefined || items === undefined) return undefined;
    const list = itemList(kind, items);
    if (list.hash !== entry.hash) return undefined;
    // Whoever is asked for goes on living.
    if (this.#isAgeing(row.expiresAt)) void this.#put("catalogs", key, row.value, row.version);
    if (this.#isAgeing(saved.expiresAt)) void this.#put("lists", listKey, saved.value, saved.version);
    const { ttlMs, readAt, identity } = entry;
    return {
      ...{ list, ttlMs, readAt: Math.min(readAt, this.#clock.now()) },
      identity: typeof identity === "object" && identity !== null ? Object.freeze(identity) : undefined,
    };
  }

  async #save(key: CatalogKey, { list, readAt, ttlMs, identity }: KnownList): Promise<void> {
    const { workspace } = key;
    const listKey = { workspace, hash: list.hash };
    const saved = await this.#store.lists.get(listKey);
    if (saved === undefined || this.#isAgeing(saved.expiresAt))
      await this.#put("lists", listKey, list.items as unknown as Json, saved?.version ?? null);
    const entry = {
      ...{ hash: list.hash, readAt },
      ...(ttlMs !== undefined && { ttlMs }),
      ...(identity !== undefined && { identity: identity as Json }),
    };
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const row = await this.#store.catalogs.get(key);
      const others = typeof row?.value === "object" && row.value !== null ? row.value : {};
      const value = { ...(others as Record<string, Json>), [list.kind]: entry };
      if (await this.#put("catalogs", key, value, row?.version ?? null)) return;
    }
  }

  /** Writes a row for as long as rows are kept; `false` where somebody else has, or the store does not take it. */
  async #put(
    slice: "catalogs" | "lists",
    key: object,
    value: Json,
    ifVersion: Version | null,
  ): Promise<boolean> {
    const expiresAt = this.#clock.now() + this.#limits.listKeepMs;
    try {
      await this.#store[slice].put(key as never, value, { ifVersion, expiresAt });
      return true;
    } catch {
      return false;
    }
  }

  #isAgeing(expiresAt: number | undefined): boolean {
    return expiresAt !== undefined && expiresAt - this.#clock.now() < this.#limits.listKeepMs / 2;
  }
}

function keyOf({ route: { target, principal }, subject }: Owner): CatalogKey {
  const { scope, server } = target;
  const person =
    scope.share === "user" ? { user: scope.user, ...(scope.session && { session: scope.session }) } : {};
  return {
    workspace: workspaceOf(target, principal),
    ...person,
    server: server.id,
    context: contextOf(target, subject),
  };
}

/** A scope that is everybody's has a row in each workspace whose users are in it. */
function workspaceOf({ scope }: Target, principal: Principal | undefined): CatalogKey["workspace"] {
  if ("workspace" in scope) return scope.workspace;
  if (principal !== undefined) return principal.workspace;
  throw new TenantryError("PRINCIPAL_INVALID", "A list of everybody's is asked for by somebody; say who.");
}

function contextOf(target: Target, subject: string | undefined): string {
  const { scope, server } = target;
  const parts = [scope.share, server.digest, subject ?? null];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

function entryOf(value: Json | undefined, kind: Kind): Entry | undefined {
  const entry = ((value ?? {}) as Partial<Record<Kind, Partial<Entry>>>)[kind];
  const { hash, readAt, ttlMs, identity } = entry ?? {};
  if (typeof hash !== "string" || typeof readAt !== "number") return undefined;
  return {
    ...{ hash, readAt },
    ...(typeof ttlMs === "number" && { ttlMs }),
    ...(identity !== undefined && { identity }),
  };
}
