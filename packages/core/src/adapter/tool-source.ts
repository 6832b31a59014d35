import { TenantryError } from "../error.ts";
import type { CatalogClient, WorkspaceClient } from "../workspace-client.ts";

/** What a model gives a tool. */
export type CallArguments = Readonly<Record<string, unknown>>;

/**
 * Gives the client of whoever a call is made for. It is asked for every call, with what the framework says of that call,
 * so that no user is kept in anything that users share.
 */
export type ClientOf<Context> = (context: Context) => WorkspaceClient | Promise<WorkspaceClient>;

/** Tools that are listed once, for everybody, and called by each user as themselves. */
export interface SharedTools<Context> {
  /** Lists the tools: `workspace.discovery()` where a framework wants them before there is a user. */
  readonly catalog: CatalogClient;
  readonly clientOf: ClientOf<Context>;
}

/** Where tools come from: one user's client, for as long as one request takes; or {@link SharedTools}. */
export type ToolSource<Context> = WorkspaceClient | SharedTools<Context>;

/** Either source as the general one; throws `ARGUMENT_INVALID` for what is neither. */
export function sharedTools<Context>(source: ToolSource<Context>): SharedTools<Context> {
  // It comes from a host's JavaScript as often as not.
  const given = source as Partial<SharedTools<Context> & WorkspaceClient> | null | undefined;
  if (typeof given?.clientOf === "function" && typeof given.catalog?.listTools === "function")
    return source as SharedTools<Context>;
  if (typeof given?.listTools === "function" && typeof given.callTool === "function") {
    const client = source as WorkspaceClient;
    return { catalog: client, clientOf: () => client };
  }
  throw new TenantryError(
    "ARGUMENT_INVALID",
    "There is nothing to take tools from; give a user's client, `workspace.as(user)`, or `{ catalog, clientOf }`.",
  );
}
