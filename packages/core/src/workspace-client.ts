import type { AbortableOptions } from "./abort.ts";
import type { RequestOptions } from "./connection.ts";
import type { ErrorCode, TenantryError } from "./error.ts";
import type { ServerId } from "./id.ts";
import type { PromptListing, ResourceListing, ResourceTemplateListing, ToolListing } from "./listing.ts";
import type { CallToolResult, CompleteResult, GetPromptResult, ReadResourceResult } from "./mcp.ts";
import type { Principal } from "./scope.ts";
import type { UnavailableServer } from "./listing.ts";
import type { ServerEvent, Subscription } from "./subscription.ts";
import type { Route } from "./switched-server.ts";

/** A route that was taken back by itself, because what it newly led to failed. */
export interface RolledBack {
  /** The route that was tried. */
  readonly from: Route;
  /** When it was taken back, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** How it failed last. */
  readonly reason: ErrorCode;
}

/** Where a principal's calls to a server with several upstreams go. */
export interface RouteStatus {
  readonly route: Route;
  /** Which upstream it is for this principal. */
  readonly upstream: string;
  /** Absent unless an earlier route was taken back by itself, and no other was set since. */
  readonly rolledBack?: RolledBack;
}

/** How one of a principal's servers is; `route` is there where it has several upstreams. */
export type ServerStatus = OwnStatus & { readonly route?: RouteStatus };

type OwnStatus =
  | { readonly server: ServerId; readonly status: "ready"; readonly tools: number }
  | {
      readonly server: ServerId;
      readonly status: "needs_authorization";
      readonly error: TenantryError;
      readonly url?: URL;
    }
  | { readonly server: ServerId; readonly status: "unavailable"; readonly error: TenantryError };

/** How a list is asked for. */
export interface ListOptions extends AbortableOptions {
  /** How long each server may take, in milliseconds; one that takes longer is reported as unavailable. Defaults to 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Whether every server is asked again, whatever is known of its lists; defaults to `false`. */
  readonly fresh?: boolean | undefined;
  /** The one server that is asked; defaults to all. The list throws `SERVER_UNKNOWN` where there is no such server. */
  readonly server?: string | undefined;
}

/** How a tool is called. */
export interface CallToolOptions extends RequestOptions {
  /**
   * Says that running the tool twice does no harm, so that it is sent again when its delivery is unknown;
   * defaults to `false`.
   */
  readonly idempotent?: boolean | undefined;
}

/** A tool, by its catalog name or by its server and its own name. */
export type ToolAddress = string | { readonly server: string; readonly tool: string };

/** A prompt, by its catalog name or by its server and its own name. */
export type PromptAddress = string | { readonly server: string; readonly prompt: string };

/** A resource by its URI, where one server alone has it, or by its server and its URI. */
export type ResourceAddress = string | { readonly server: string; readonly uri: string };

/** What is completed: a prompt's argument, or a variable of a resource template. */
export type CompletionTarget =
  { readonly prompt: PromptAddress } | { readonly resourceTemplate: ResourceAddress };

/** What has been typed so far. */
export interface CompletionArgument {
  readonly name: string;
  readonly value: string;
}

/** How a completion is asked for. */
export interface CompleteOptions extends RequestOptions {
  /** Arguments that are settled already, by name (MCP 2025-06-18, completion). */
  readonly settled?: Readonly<Record<string, string>> | undefined;
}

/** Which changes a subscriber wants to hear of, of all servers that the principal may see. */
export interface WorkspaceFilter {
  readonly tools?: boolean | undefined;
  readonly prompts?: boolean | undefined;
  readonly resources?: boolean | undefined;
  /** The one server whose lists are meant; defaults to all. Throws `SERVER_UNKNOWN` where there is no such server. */
  readonly server?: string | undefined;
  /** Resources whose content is watched. */
  readonly watched?: readonly ResourceAddress[] | undefined;
}

/** One change at one server. */
export type WorkspaceEvent = ServerEvent & { readonly server: ServerId };

/** What a subscriber hears of until it is closed; a server that it cannot hear is named. */
export interface WorkspaceSubscription extends Omit<Subscription, "honored"> {
  readonly unavailable: readonly UnavailableServer[];
}

/** Lists what a workspace offers. */
export interface CatalogClient {
  /** Lists the tools of every server that answers, and names the ones that do not. */
  listTools(options?: ListOptions): Promise<ToolListing>;
}

/** Everything that one principal can do with the servers of one workspace. */
export interface WorkspaceClient extends CatalogClient {
  readonly principal: Principal;
  /**
   * Calls a tool; `args` is a plain object of JSON values. A tool's own failure is a result with `isError`; everything
   * else throws a `TenantryError`.
   */
  callTool(tool: ToolAddress, args?: object, options?: CallToolOptions): Promise<CallToolResult>;
  /** Lists the resources of every server that answers, as {@link listTools} does. */
  listResources(options?: ListOptions): Promise<ResourceListing>;
  /** Lists the resource templates of every server that answers, as {@link listTools} does. */
  listResourceTemplates(options?: ListOptions): Promise<ResourceTemplateListing>;
  /**
   * Reads a resource of a server that the principal may see. Throws `RESOURCE_UNKNOWN` for a bare URI that no server, or
   * more than one, lists or has a template for.
   */
  readResource(resource: ResourceAddress, options?: RequestOptions): Promise<ReadResourceResult>;
  /** Lists the prompts of every server that answers, as {@link listTools} does. */
  listPrompts(options?: ListOptions): Promise<PromptListing>;
  /** Gives a prompt's messages; `args` is text by name. Throws `PROMPT_UNKNOWN` for one that there is not. */
  getPrompt(
    prompt: PromptAddress,
    args?: Readonly<Record<string, string>>,
    options?: RequestOptions,
  ): Promise<GetPromptResult>;
  /** Suggests how an argument goes on; throws as {@link getPrompt} and {@link readResource} do. */
  complete(
    target: CompletionTarget,
    argument: CompletionArgument,
    options?: CompleteOptions,
  ): Promise<CompleteResult["completion"]>;
  /** Hears of changes at the servers that the principal may see, until the subscription is closed. */
  subscribe(
    filter: WorkspaceFilter,
    listener: (event: WorkspaceEvent) => void,
    options?: AbortableOptions,
  ): Promise<WorkspaceSubscription>;
  /** Asks every server and reports how it is. */
  servers(options?: ListOptions): Promise<readonly ServerStatus[]>;
}
