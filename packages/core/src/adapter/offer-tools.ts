import { TenantryError } from "../error.ts";
import type { CatalogTool, Listing } from "../listing.ts";
import type { CallToolResult } from "../mcp.ts";
import type { WorkspaceClient } from "../workspace-client.ts";
import type { ToolOptions } from "./tool-options.ts";
import { sharedTools, type CallArguments, type ClientOf, type ToolSource } from "./tool-source.ts";

/** What a framework says of one call. */
export interface OfferedCall<Context> {
  /** The framework's own account of the call, which names the user. */
  readonly context: Context;
  readonly signal?: AbortSignal | undefined;
}

/** A tool that waits for a framework's own shape. */
export interface OfferedTool<Context> {
  readonly tool: CatalogTool;
  /** Whether this call waits for a person; absent where none does. */
  readonly needsApproval?: (args: CallArguments) => boolean | Promise<boolean>;
  /**
   * Calls the tool as whoever the call's own context names. A tool's own failure is a result with `isError`. Throws
   * `PRINCIPAL_INVALID` where the host gives no client or fails to, and otherwise as `callTool` does.
   */
  call(args: CallArguments, call: OfferedCall<Context>): Promise<CallToolResult>;
}

/** Tools in a framework's shape, and what is missing from them, as `listTools()` tells it. */
export interface OfferedTools<Tools> extends Listing {
  readonly tools: Tools;
}

/** Lists the tools of a source and lets an adapter give each its framework's shape. Throws as `listTools()` does. */
export async function offerTools<Context, Tool>(
  source: ToolSource<Context>,
  { list, needsApproval, onProgress, timeoutMs }: ToolOptions<Context>,
  shape: (offered: OfferedTool<Context>) => Tool,
): Promise<OfferedTools<Tool[]>> {
  const { catalog, clientOf } = sharedTools(source);
  const listing = await catalog.listTools(list);
  const offer = (tool: CatalogTool): OfferedTool<Context> => ({
    tool,
    ...(needsApproval && { needsApproval: (args) => needsApproval(tool, args) }),
    async call(args, { context, signal }) {
      const client = await clientFor(clientOf, context, signal);
      const tell =
        onProgress && ((progress: Parameters<typeof onProgress>[0]) => onProgress(progress, tool, context));
      return client.callTool(tool.origin, args, { signal, timeoutMs, onProgress: tell });
    },
  });
  return { ...listing, tools: listing.tools.map((tool) => shape(offer(tool))) };
}

/**
 * The client of whoever a call's own context names, for adapters that offer more than tools. Throws `PRINCIPAL_INVALID` where
 * the host gives none.
 */
export async function clientFor<Context>(
  clientOf: ClientOf<Context>,
  context: Context,
  signal?: AbortSignal,
): Promise<WorkspaceClient> {
  const client = await askHost(clientOf, context, signal);
  if (typeof client?.callTool === "function") return client;
  throw new TenantryError(
    "PRINCIPAL_INVALID",
    "clientOf gave no client for this call; let it give `workspace.as(user)` for the user whom the call's context names.",
  );
}

/** A host reads the user from a context that may be missing; what comes of that is nobody, not an accident. */
async function askHost<Context>(
  clientOf: ClientOf<Context>,
  context: Context,
  signal?: AbortSignal,
): Promise<WorkspaceClient | undefined> {
  try {
    return await clientOf(context);
  } catch (cause) {
    if (cause instanceof TenantryError || signal?.aborted) throw cause;
    throw new TenantryError(
      "PRINCIPAL_INVALID",
      "clientOf failed, so nobody is known to make this call for; see what the call's context holds, and the cause.",
      { cause },
    );
  }
}
