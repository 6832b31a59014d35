import {
  scopeParts,
  type Scope,
  type ServerId,
  type ServerRef,
  type UserId,
  type WorkspaceId,
} from "@tenantry/core";
import type { ItemList } from "./item-list.ts";
import type { KeptLists } from "./kept-lists.ts";
import { kinds, type Kind } from "./kind.ts";
import type { KnownList } from "./known-list.ts";

/** What one server has told one scope under one authority. Nothing of it is ever given to another. */
export class Context {
  readonly server: ServerRef;
  readonly subject: string | undefined;
  tools: KnownList<"tools"> | undefined = undefined;
  prompts: KnownList<"prompts"> | undefined = undefined;
  resources: KnownList<"resources"> | undefined = undefined;
  resourceTemplates: KnownList<"resourceTemplates"> | undefined = undefined;

  constructor(server: ServerRef, subject: string | undefined) {
    this.server = server;
    this.subject = subject;
  }

  isOf({ id, digest }: ServerRef, subject: string | undefined): boolean {
    return this.subject === subject && this.server.id === id && this.server.digest === digest;
  }
}

/** The contexts of one scope. */
interface Owner {
  readonly scope: Scope;
  readonly contexts: Context[];
  /** Whether it was asked for since it was last looked at for removal. */
  used: boolean;
}

/** A user whose authority at one server changes keeps the lists of so many authorities. */
const maxSubjects = 4;

/** Whose lists, and of which server, where not of all. */
export interface Whom {
  readonly workspace: WorkspaceId;
  readonly user?: UserId | undefined;
  readonly server?: ServerId | undefined;
}

/** How much is kept. */
export interface ContextLimits {
  /** Of how many scopes. */
  readonly maxCatalogs: number;
  /** How large all different lists together may be. */
  readonly maxCatalogSize: number;
}

/**
 * Everything that is known of servers' lists, by scope. Where it is too much, a scope that was not asked for lately is
 * forgotten (the clock algorithm: a look-up leaves the order alone, and each mark is a second chance).
 */
export class Contexts {
  readonly #limits: ContextLimits;
  readonly #lists: KeptLists;
  readonly #owners = new Map<string, Owner>();
  /** A route keeps its scope, and every call by it asks for the context. */
  readonly #keys = new WeakMap<Scope, string>();

  constructor(lists: KeptLists, limits: ContextLimits) {
    this.#lists = lists;
    this.#limits = limits;
  }

  /** The context, where anything is known of it. */
  find(scope: Scope, server: ServerRef, subject: string | undefined): Context | undefined {
    const owner = this.#owners.get(this.#keyOf(scope));
    if (owner === undefined) return undefined;
    owner.used = true;
    return owner.contexts.find((one) => one.isOf(server, subject));
  }

  /** Has a context know a list. */
  learn(scope: Scope, context: Context, known: KnownList): void {
    const key = this.#keyOf(scope);
    let owner = this.#owners.get(key);
    if (owner === undefined) {
      if (this.#owners.size >= this.#limits.maxCatalogs) this.#makeRoom();
      this.#owners.set(key, (owner = { scope, contexts: [], used: false }));
    }
    this.#take(owner, context);
    this.#lists.hold(known.list);
    this.forget(context, known.list.kind);
    context[known.list.kind] = known as never;
    while (this.#lists.size > this.#limits.maxCatalogSize && this.#owners.size > 1) {
      owner.used = true;
      this.#makeRoom();
    }
  }

  /** Has a context know one list no more. */
  forget(context: Context, kind: Kind): void {
    const list: ItemList | undefined = context[kind]?.list;
    context[kind] = undefined;
    if (list !== undefined) this.#lists.letGo(list);
  }

  /** Has a context know nothing more. */
  drop(context: Context): void {
    for (const kind of Object.keys(kinds) as Kind[]) this.forget(context, kind);
  }

  /** Forgets what the users of a workspace, or one of them, know of its servers or of one of these. */
  forgetAll(whom: Whom): void {
    for (const { scope, contexts } of this.#owners.values()) {
      if (!isMeant(scope, whom)) continue;
      for (const context of contexts)
        if (whom.server === undefined || context.server.id === whom.server) this.drop(context);
    }
  }

  clear(): void {
    for (const { contexts } of this.#owners.values()) contexts.forEach((context) => this.drop(context));
    this.#owners.clear();
  }

  /** Puts a context among those of its owner, and the ones of long ago of the same server away. */
  #take({ contexts }: Owner, context: Context): void {
    if (contexts.includes(context)) return;
    const ofServer = contexts.filter(({ server }) => server.id === context.server.id);
    const [oldest] = ofServer;
    if (oldest !== undefined && ofServer.length >= maxSubjects) {
      contexts.splice(contexts.indexOf(oldest), 1);
      this.drop(oldest);
    }
    contexts.push(context);
  }

  #keyOf(scope: Scope): string {
    let key = this.#keys.get(scope);
    if (key === undefined) this.#keys.set(scope, (key = JSON.stringify(scopeParts(scope))));
    return key;
  }

  #makeRoom(): void {
    for (const [key, owner] of this.#owners) {
      this.#owners.delete(key);
      if (!owner.used) {
        owner.contexts.forEach((context) => this.drop(context));
        return;
      }
      owner.used = false;
      // Goes to the end of what is iterated.
      this.#owners.set(key, owner);
    }
  }
}

function isMeant(scope: Scope, { workspace, user }: Whom): boolean {
  if (!("workspace" in scope) || scope.workspace !== workspace) return false;
  return user === undefined || ("user" in scope && scope.user === user);
}
