import type { AbortableOptions } from "./abort.ts";
import type { RequestOptions } from "./connection.ts";
import type { TenantryError } from "./error.ts";
import type { ServerId } from "./id.ts";
import type { CallToolResult, Tool } from "./mcp.ts";
import type { Principal } from "./scope.ts";

/** One tool of the catalog: the server's own description under a name that is unique in the workspace. */
export interface CatalogTool extends Tool {
  /** At most 64 characters of `[A-Za-z0-9_-]`, the same whichever other servers come and go. */
  readonly name: string;
  /** Where it comes from, in the server's own words. */
  readonly origin: { readonly server: ServerId; readonly tool: string };
}

/** A server that could not be asked, and why. */
export interface UnavailableServer {
  readonly server: ServerId;
  readonly error: TenantryError;
}

/** What a principal may see, with the servers that are missing from it. */
export interface ToolListing {
  readonly tools: readonly CatalogTool[];
  readonly unavailable: readonly UnavailableServer[];
}

/** How one of a principal's servers is. */
export type ServerStatus =
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
  /** Asks every server and reports how it is. */
  servers(options?: ListOptions): Promise<readonly ServerStatus[]>;
}
