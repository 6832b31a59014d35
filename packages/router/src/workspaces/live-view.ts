import {
  raceAbort,
  scopeOf,
  type AbortableOptions,
  type CallToolOptions,
  type CatalogClient,
  type ClientOptions,
  type CompleteOptions,
  type CompletionArgument,
  type CompletionTarget,
  type Context,
  type ListOptions,
  type Principal,
  type PromptAddress,
  type RequestOptions,
  type ResourceAddress,
  type ServerStatus,
  type ToolAddress,
  type WorkspaceClient,
  type WorkspaceEvent,
  type WorkspaceFilter,
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

  listTools(options?: ListOptions) {
    return this.#ask(options, (view) => view.listTools(options));
  }

  callTool(tool: ToolAddress, args: object = {}, options?: CallToolOptions) {
    let own = args;
    // Its caller may change them while the workspace is read.
    const copy = () => (own = jsonArguments(args, this.#viewer.limits));
    return this.#ask(options, (view) => view.callTool(tool, own, options), copy);
  }

  listResources(options?: ListOptions) {
    return this.#ask(options, (view) => view.listResources(options));
  }

  listResourceTemplates(options?: ListOptions) {
    return this.#ask(options, (view) => view.listResourceTemplates(options));
  }

  readResource(resource: ResourceAddress, options?: RequestOptions) {
    return this.#ask(options, (view) => view.readResource(resource, options));
  }

  listPrompts(options?: ListOptions) {
    return this.#ask(options, (view) => view.listPrompts(options));
  }

  getPrompt(prompt: PromptAddress, args?: Readonly<Record<string, string>>, options?: RequestOptions) {
    return this.#ask(options, (view) => view.getPrompt(prompt, args, options));
  }

  complete(target: CompletionTarget, argument: CompletionArgument, options?: CompleteOptions) {
    return this.#ask(options, (view) => view.complete(target, argument, options));
  }

  subscribe(filter: WorkspaceFilter, listener: (event: WorkspaceEvent) => void, options?: AbortableOptions) {
    return this.#ask(options, (view) => view.subscribe(filter, listener, options));
  }

  servers(options?: ListOptions): Promise<readonly ServerStatus[]> {
    return this.#ask(options, async (view, { entries }) => {
      const statuses = await view.servers(options);
      return statuses.map((status) => {
        const { way, server } = entries.get(status.server) ?? {};
        if (way === undefined || server === undefined) return status;
        return { ...status, route: way.status(scopeOf(this.#viewer.principal, server.share)) };
      });
    });
  }

  /** No promise of its own where the workspace is at hand, which it is for all calls but the first. */
  #ask<T>(
    options: AbortableOptions | undefined,
    verb: (view: WorkspaceClient, workspace: LoadedWorkspace) => Promise<T>,
    beforeWaiting?: () => unknown,
  ): Promise<T> {
    const workspace = this.#current();
    if (!(workspace instanceof Promise)) return verb(this.#viewOf(workspace), workspace);
    return this.#askLater(workspace, options, verb, beforeWaiting);
  }

  async #askLater<T>(
    loading: Promise<LoadedWorkspace>,
    options: AbortableOptions | undefined,
    verb: (view: WorkspaceClient, workspace: LoadedWorkspace) => Promise<T>,
    beforeWaiting?: () => unknown,
  ): Promise<T> {
    const { signal } = checkOptions(options ?? {});
    beforeWaiting?.();
    const workspace = await raceAbort(loading, signal);
    return verb(this.#viewOf(workspace), workspace);
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
      const { routed } = await raceAbort(Promise.resolve(current()), checkOptions(options).signal);
      return routed.discovery().listTools(options);
    },
  });
}
