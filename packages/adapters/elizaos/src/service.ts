import { Service, type IAgentRuntime, type Memory } from "@elizaos/core";
import {
  systemClock,
  TenantryError,
  type CatalogClient,
  type CatalogTool,
  type Clock,
  type WorkspaceClient,
} from "@tenantry/core";
import {
  clientFor,
  offerTools,
  sharedTools,
  type OfferedTools,
  type SharedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { byName, KnownTools, type ToolList } from "./known-tools.ts";
import { toolAction } from "./tool-action.ts";
import { ToolActions, type MessageTool } from "./tool-actions.ts";

/** Under what elizaOS knows the service; the official plugin's own name, so that an agent has one of the two. */
export const serviceType = "mcp";

/** What elizaOS says of a call: the user is `message.entityId`. */
export interface MessageContext {
  readonly runtime: IAgentRuntime;
  readonly message: Memory;
}

/** What a service is made of. */
export interface ServiceParts extends ToolOptions<MessageContext> {
  readonly source: ToolSource<MessageContext>;
  /** Whether a message's prompt tells of its own user's tools; defaults to `false`: of the catalog's. */
  readonly showOwn?: boolean | undefined;
  /** Of which servers of the catalog a message's prompt tells and its actions are run; absent: of all. */
  readonly allowed?: ((context: MessageContext) => Promise<readonly string[]>) | undefined;
  /** Other names by which models know a tool. */
  readonly aliases?: ((tool: CatalogTool) => readonly string[]) | undefined;
  /** Ends what the service owns, with it. */
  readonly close?: (() => Promise<void>) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * What an agent has of MCP: its tools as actions, which it lists anew as time goes by, and each user's client. It holds
 * nothing of any user.
 */
export class McpService extends Service {
  static override readonly serviceType: string = serviceType;
  override capabilityDescription = "Calls the tools of MCP servers as the user whose message it is";
  readonly actions: ToolActions;
  /** Whether a message's prompt tells of its own user's tools. */
  readonly showsOwn: boolean;
  readonly #parts: ServiceParts;
  readonly #shared: SharedTools<MessageContext>;
  readonly #known: KnownTools;
  readonly #ending = new AbortController();
  /** What each message's prompt tells of: elizaOS asks once for each action. */
  readonly #shown = new WeakMap<Memory, { readonly user: string; readonly list: Promise<ToolList> }>();

  constructor(runtime: IAgentRuntime, parts: ServiceParts) {
    super(runtime);
    this.#parts = parts;
    this.#shared = sharedTools(parts.source);
    this.showsOwn = parts.showOwn ?? false;
    this.actions = new ToolActions({
      runtime,
      aliases: parts.aliases,
      make: (name, similes) => toolAction(name, this, similes),
    });
    this.#known = new KnownTools({
      clock: parts.clock ?? systemClock,
      list: () => this.#offered(this.#shared.catalog),
      onListed: ({ tools }) => {
        this.actions.add(tools.values());
        this.actions.describe(tools.values());
      },
      warn: (message) => {
        // What is listed as each user is missing from the catalog, as it has to be.
        if (!this.showsOwn && !this.ending.aborted) runtime.logger.warn(message);
      },
    });
  }

  /** Aborts when the service ends. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Aborts with a call's own signal, and when the service ends. */
  untilEnd(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.ending : AbortSignal.any([this.ending, signal]);
  }

  /** The client of the user whose message it is; rejects with `PRINCIPAL_INVALID` where it is nobody's. */
  clientOf(context: MessageContext, signal: AbortSignal = this.ending): Promise<WorkspaceClient> {
    return clientFor(this.#shared.clientOf, context, signal);
  }

  /** Lists the catalog and makes actions of its tools. Rejects with nothing. */
  refresh(): Promise<void> {
    return this.#known.refresh();
  }

  /** What a message's prompt may tell of: never anything of another user's. */
  shown(context: MessageContext): Promise<ToolList> {
    const { message } = context;
    const known = this.#shown.get(message);
    // A host may take one object for one message after another.
    if (known !== undefined && known.user === message.entityId) return known.list;
    const list = this.#shownTo(context);
    this.#shown.set(message, { user: message.entityId, list });
    return list;
  }

  /**
   * The tool that is meant by a name, as the message's user is shown it; `undefined` where there is none, and likewise where
   * that user is not shown it. Rejects with the reason where its server fails that user.
   */
  async meant(asked: string, context: MessageContext): Promise<MessageTool | undefined> {
    const found = this.actions.find(asked);
    if (found === undefined) return undefined;
    const { tools, unavailable } = await this.shown(context);
    const shown = tools.get(found.tool.name);
    if (shown !== undefined) return shown;
    const missing = unavailable.find(({ server }) => server === found.tool.origin.server);
    // What is known of the tool then is what another user was told.
    if (missing !== undefined && this.showsOwn) throw missing.error;
    return missing && found;
  }

  override async stop(): Promise<void> {
    this.#ending.abort(new TenantryError("CLOSED", "The agent was stopped; start it again."));
    await this.#parts.close?.();
  }

  async #shownTo(context: MessageContext): Promise<ToolList> {
    if (this.showsOwn) {
      const own = byName(await this.#offered(await this.clientOf(context)));
      this.actions.add(own.tools.values());
      return own;
    }
    const allowed = await this.#parts.allowed?.(context);
    const { tools, unavailable } = this.#known.latest();
    if (allowed === undefined) return { tools, unavailable };
    return {
      tools: new Map([...tools].filter(([, { tool }]) => allowed.includes(tool.origin.server))),
      unavailable: unavailable.filter(({ server }) => allowed.includes(server)),
    };
  }

  #offered(catalog: CatalogClient): Promise<OfferedTools<readonly MessageTool[]>> {
    const list = { signal: this.ending, ...this.#parts.list };
    const source = { catalog, clientOf: this.#shared.clientOf };
    return offerTools(source, { ...this.#parts, list }, (offered) => ({
      ...offered,
      name: offered.tool.name,
    }));
  }
}
