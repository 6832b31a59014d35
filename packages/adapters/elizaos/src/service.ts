import { Service, type Action, type IAgentRuntime, type Memory } from "@elizaos/core";
import {
  quote,
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
  type OfferedTool,
  type OfferedTools,
  type SharedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { ActionNames, loosely } from "./action-names.ts";
import { described, toolAction } from "./tool-action.ts";

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
  /** Whose tools a message's prompt tells of; absent: the catalog's, the same for everybody. */
  readonly show?: ((context: MessageContext) => CatalogClient | Promise<CatalogClient>) | undefined;
  /** Of which servers a message's prompt tells and its actions are run; absent: of all. */
  readonly allowed?: ((context: MessageContext) => Promise<readonly string[]>) | undefined;
  /** Other names by which models know a tool. */
  readonly aliases?: ((tool: CatalogTool) => readonly string[]) | undefined;
  /** Ends what the service owns, with it. */
  readonly close?: (() => Promise<void>) | undefined;
  readonly clock?: Clock | undefined;
}

/** A tool that has become an action. */
export interface ToolAction extends OfferedTool<MessageContext> {
  readonly name: string;
}

/**
 * What an agent has of MCP: its tools as actions, which it lists anew as time goes by, and each user's client. It holds
 * nothing of any user.
 */
export class McpService extends Service {
  static override readonly serviceType: string = serviceType;
  override capabilityDescription = "Calls the tools of MCP servers as the user whose message it is";
  readonly actions = new ActionNames<ToolAction>();
  readonly #runtime: IAgentRuntime;
  readonly #parts: ServiceParts;
  readonly #shared: SharedTools<MessageContext>;
  readonly #made = new Map<string, Action>();
  readonly #ending = new AbortController();
  readonly #clock: Clock;
  #known: Known = { names: new Set(), listing: { tools: [], unavailable: [] }, at: Number.NEGATIVE_INFINITY };
  /** What each message's prompt tells of: elizaOS asks once for each action. */
  readonly #shown = new WeakMap<Memory, Promise<Shown>>();
  #listing: Promise<void> | undefined;

  constructor(runtime: IAgentRuntime, parts: ServiceParts) {
    super(runtime);
    this.#runtime = runtime;
    this.#parts = parts;
    this.#shared = sharedTools(parts.source);
    this.#clock = parts.clock ?? systemClock;
  }

  /** Aborts when the service ends. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** The client of the user whose message it is; rejects with `PRINCIPAL_INVALID` where it is nobody's. */
  clientOf(context: MessageContext, signal: AbortSignal = this.ending): Promise<WorkspaceClient> {
    return clientFor(this.#shared.clientOf, context, signal);
  }

  /** Lists the tools and makes actions of those that are new; lists once for all who ask meanwhile. Rejects with nothing. */
  refresh(): Promise<void> {
    return (this.#listing ??= this.#list().finally(() => (this.#listing = undefined)));
  }

  /** What a message's prompt may tell of: never anything of another user's. */
  shown(context: MessageContext): Promise<Shown> {
    const { show, allowed } = this.#parts;
    if (show === undefined && allowed === undefined) return Promise.resolve(this.#latest());
    const listed = this.#shown.get(context.message) ?? this.#shownTo(context);
    this.#shown.set(context.message, listed);
    return listed;
  }

  /**
   * The tool that is meant by a name, as it was last listed; `undefined` where there is none, and likewise where the message's
   * user is not shown it, although its server answers that user.
   */
  async meant(asked: string, context: MessageContext): Promise<ToolAction | undefined> {
    const found = this.actions.find(asked);
    if (found === undefined) return undefined;
    const { show, allowed } = this.#parts;
    const isOpen = show === undefined && allowed === undefined;
    const { listing } = isOpen ? this.#known : await this.shown(context);
    const listed = listing.tools.find(({ name }) => name === found.name);
    const isSilent = listing.unavailable.some(({ server }) => server === found.tool.origin.server);
    return listed ?? (isOpen || isSilent ? found : undefined);
  }

  override async stop(): Promise<void> {
    const gone = new TenantryError("CLOSED", "The agent was stopped; start it again.");
    this.#ending.abort(gone);
    await this.#parts.close?.();
  }

  /** What is known, at once: a prompt waits for no server. What is old is listed anew meanwhile. */
  #latest(): Shown {
    const { at, listing, names } = this.#known;
    const age = this.#clock.now() - at;
    const isComplete = listing.unavailable.length === 0;
    if (age >= (isComplete ? completeMs : incompleteMs)) void this.refresh();
    return { names, listing };
  }

  async #list(): Promise<void> {
    try {
      const offered = await this.#offered(this.#shared);
      const before = new Set(this.#known.listing.unavailable.map(({ error }) => error.message));
      this.#known = { ...shownOf(offered), at: this.#clock.now() };
      this.#register(offered.tools, false);
      for (const { error } of offered.unavailable)
        // What is listed as each user is missing from the catalog, as it has to be.
        if (!before.has(error.message) && this.#parts.show === undefined)
          this.#runtime.logger.warn(error.message);
    } catch (error) {
      this.#known = { ...this.#known, at: this.#clock.now() };
      if (!this.ending.aborted) this.#runtime.logger.warn(messageOf(error));
    }
  }

  async #shownTo(context: MessageContext): Promise<Shown> {
    const { show, allowed } = this.#parts;
    const [client, servers] = await Promise.all([show?.(context), allowed?.(context)]);
    const shown = client === undefined ? this.#latest() : await this.#listFor(client);
    if (servers === undefined) return shown;
    const { tools, unavailable } = shown.listing;
    const isAllowed = (server: string) => servers.includes(server);
    const rest = {
      tools: tools.filter(({ tool }) => isAllowed(tool.origin.server)),
      unavailable: unavailable.filter(({ server }) => isAllowed(server)),
    };
    return { ...shown, ...shownOf(rest) };
  }

  async #listFor(catalog: CatalogClient): Promise<Shown> {
    const listed = await this.#offered({ catalog, clientOf: this.#shared.clientOf });
    this.#register(listed.tools, true);
    return { ...shownOf(listed), isUsersOwn: true };
  }

  #offered(source: SharedTools<MessageContext>): Promise<Offered> {
    const { list, needsApproval, onProgress, timeoutMs } = this.#parts;
    const options = { needsApproval, onProgress, timeoutMs, list: { signal: this.ending, ...list } };
    return offerTools(source, options, (offered) => ({ ...offered, name: offered.tool.name }));
  }

  /**
   * Makes actions of tools, or tells them anew. An action is everybody's: of a tool that one user was listed it tells the name
   * alone, because what a server says of it may be that user's own.
   */
  #register(tools: readonly ToolAction[], isUsersOwn: boolean): void {
    for (const offered of tools) {
      const { name, tool } = offered;
      const known = this.#made.get(name);
      if (known !== undefined && !isUsersOwn) Object.assign(known, described(offered));
      if (known !== undefined || this.#isTaken(name)) continue;
      const aliases = this.#parts.aliases?.(tool) ?? [];
      const action = toolAction(offered, this, aliases);
      if (!isUsersOwn) Object.assign(action, described(offered));
      this.#made.set(name, action);
      this.actions.add(name, offered, aliases);
      this.#runtime.registerAction(action);
    }
  }

  /** Whether elizaOS would run another plugin's action for this one. */
  #isTaken(name: string): boolean {
    const isOther = (one: string) => loosely(one) === loosely(name) && !this.#made.has(one);
    const other = this.#runtime.actions.find((action) => isOther(action.name));
    if (other === undefined) return false;
    const names = `${quote(name)} and ${quote(other.name)}`;
    this.#runtime.logger.warn(`elizaOS does not tell the actions ${names} apart; the tool is left out.`);
    return true;
  }
}

type Offered = OfferedTools<readonly ToolAction[]>;

/** What a prompt may tell of. */
export interface Shown {
  readonly names: ReadonlySet<string>;
  readonly listing: Offered;
  /** Whether it was listed for the message's user alone. */
  readonly isUsersOwn?: true;
}

interface Known extends Shown {
  readonly at: number;
}

/** How long a list is good, in milliseconds: one that has all servers, and one that lacks some. */
const completeMs = 60_000;
const incompleteMs = 10_000;

function shownOf(listing: Offered): Shown {
  return { listing, names: new Set(listing.tools.map(({ name }) => name)) };
}

function messageOf(error: unknown): string {
  return error instanceof TenantryError ? error.message : "The tools could not be listed.";
}
