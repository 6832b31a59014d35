import {
  isPlainObject,
  raceAbort,
  scopeOf,
  type AbortableOptions,
  type CatalogClient,
  type ClientOptions,
  type Context,
  type ListOptions,
  type Principal,
  type ServerStatus,
  type WorkspaceClient,
} from "@tenantry/core";
import { jsonArguments } from "../calls/arguments.ts";
import type { RouterLimits } from "../limits.ts";
import { checkOptions } from "../request-options.ts";
import type { LoadedWorkspace } from "./loaded-workspace.ts";

/** Gives a workspace as it is now: at once where that is known. */
export type Current = () => LoadedWorkspace | Promise<LoadedWorkspace>;

/** Whose view it is, and what the host has given it. */
export interface Viewer {
  readonly principal: Principal;
  readonly context: Context;
  readonly options: ClientOptions;
  readonly limits: RouterLimits;
}

type Given<V extends Exclude<keyof WorkspaceClient, "principal">> = Parameters<WorkspaceClient[V]>;

/** What is done once the workspace is known, with what was given. */
type Ask<G, T> = (view: WorkspaceClient, given: G, workspace: LoadedWorkspace) => Promise<T>;

/** One principal's view over a workspace whose servers change: each call sees those that there are when it begins. */
export class LiveView implements WorkspaceClient {
  readonly #current: Current;
  readonly #viewer: Viewer;
  #seen: { readonly workspace: LoadedWorkspace; readonly view: WorkspaceClient } | undefined;

  static {
    // What an object inherits is as good as its own: a changed method here would be every user's.
    Object.freeze(this.prototype);
  }

  constructor(current: Current, viewer: Viewer) {
    this.#current = current;
    this.#viewer = viewer;
    Object.freeze(this);
  }

  get principal(): Principal {
    return this.#viewer.principal;
  }

  listTools(...given: Given<"listTools">) {
    return this.#ask(given, given[0], (view, own) => view.listTools(...own));
  }

  callTool(...given: Given<"callTool">) {
    const [, , options] = given;
    // Arguments are many and deep, and so they have a copy of their own where they have to wait.
    const keep = ([tool, args = {}, how]: Given<"callTool">): Given<"callTool"> => {
      const [address, own] = kept([tool, how] as const);
      return [address, jsonArguments(args, this.#viewer.limits), own];
    };
    return this.#ask(given, options, (view, own) => view.callTool(...own), keep);
  }

  listResources(...given: Given<"listResources">) {
    return this.#ask(given, given[0], (view, own) => view.listResources(...own));
  }

  listResourceTemplates(...given: Given<"listResourceTemplates">) {
    return this.#ask(given, given[0], (view, own) => view.listResourceTemplates(...own));
  }

  readResource(...given: Given<"readResource">) {
    return this.#ask(given, given[1], (view, own) => view.readResource(...own));
  }

  listPrompts(...given: Given<"listPrompts">) {
    return this.#ask(given, given[0], (view, own) => view.listPrompts(...own));
  }

  getPrompt(...given: Given<"getPrompt">) {
    return this.#ask(given, given[2], (view, own) => view.getPrompt(...own));
  }

  complete(...given: Given<"complete">) {
    return this.#ask(given, given[2], (view, own) => view.complete(...own));
  }

  subscribe(...given: Given<"subscribe">) {
    return this.#ask(given, given[2], (view, own) => view.subscribe(...own));
  }

  servers(...given: Given<"servers">): Promise<readonly ServerStatus[]> {
    return this.#ask(given, given[0], async (view, own, { entries }) => {
      const statuses = await view.servers(...own);
      return statuses.map((status) => {
        const { way, server } = entries.get(status.server) ?? {};
        if (way === undefined || server === undefined) return status;
        return { ...status, route: way.status(scopeOf(this.#viewer.principal, server.share)) };
      });
    });
  }

  /** No promise of its own where the workspace is at hand, which it is for all calls but the first. */
  #ask<G extends readonly unknown[], T>(
    given: G,
    options: AbortableOptions | undefined,
    ask: Ask<G, T>,
    keep: (given: G) => G = kept,
  ): Promise<T> {
    const workspace = this.#current();
    if (!(workspace instanceof Promise)) return ask(this.#viewOf(workspace), given, workspace);
    return this.#askLater(workspace, options, () => keep(given), ask);
  }

  async #askLater<G, T>(
    loading: Promise<LoadedWorkspace>,
    options: AbortableOptions | undefined,
    keep: () => G,
    ask: Ask<G, T>,
  ): Promise<T> {
    const { signal } = checkOptions(options ?? {});
    // Whatever becomes of the caller's objects meanwhile.
    const own = keep();
    const workspace = await raceAbort(loading, signal);
    return ask(this.#viewOf(workspace), own, workspace);
  }

  #viewOf(workspace: LoadedWorkspace): WorkspaceClient {
    if (this.#seen?.workspace === workspace) return this.#seen.view;
    const { principal, context, options } = this.#viewer;
    const view = workspace.routed.as(principal, context, options);
    this.#seen = { workspace, view };
    return view;
  }
}

/** Lists what a workspace whose servers change offers before there is a user. */
export function liveDiscovery(current: Current): CatalogClient {
  return Object.freeze({
    async listTools(options: ListOptions = {}) {
      const { signal } = checkOptions(options);
      const own = { ...options };
      const { routed } = await raceAbort(Promise.resolve(current()), signal);
      return routed.discovery().listTools(own);
    },
  });
}

/** How deep what is given to a verb can be, arguments of tools apart. */
const maxDepth = 3;

/** A copy of what was given, so that it stays as it was. Functions, signals and whatever is of a class are themselves. */
function kept<G extends readonly unknown[]>(given: G): G {
  return given.map((value) => copyOf(value, maxDepth)) as readonly unknown[] as G;
}

function copyOf(value: unknown, depth: number): unknown {
  if (depth === 0) return value;
  if (Array.isArray(value)) return value.map((item) => copyOf(item, depth - 1));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member, depth - 1)]));
}
