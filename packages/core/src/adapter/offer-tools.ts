import { isAbortReason, raceAbort } from "../abort.ts";
import { TenantryError } from "../error.ts";
import type { CatalogTool, Listing } from "../listing.ts";
import type { CallToolResult, Progress } from "../mcp.ts";
import type { CallToolOptions, WorkspaceClient } from "../workspace-client.ts";
import { tell } from "../tell.ts";
import { toldApart } from "./told-apart.ts";
import type { ToolOptions } from "./tool-options.ts";
import { sharedTools, type CallArguments, type ClientOf, type ToolSource } from "./tool-source.ts";

/** What a framework says of one call. */
export interface OfferedCall<Context> {
  /** The framework's own account of the call, which names the user. */
  readonly context: Context;
  readonly signal?: AbortSignal | undefined;
  /** What the request says beside its arguments; see `CallToolOptions`. */
  readonly meta?: CallToolOptions["meta"];
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

/**
 * Lists the tools of a source and lets an adapter give each its framework's shape and its framework's name. Tools of one name
 * are left out, and are in `ambiguous`. Throws as `listTools()` does.
 */
export async function offerTools<Context, Tool extends { readonly name: string }>(
  source: ToolSource<Context>,
  { list, needsApproval, onProgress, timeoutMs }: ToolOptions<Context>,
  shape: (offered: OfferedTool<Context>) => Tool,
): Promise<OfferedTools<Tool[]>> {
  const { catalog, clientOf } = sharedTools(source);
  const listing = await catalog.listTools(list);
  const offer = (tool: CatalogTool): OfferedTool<Context> => ({
    tool,
    ...(needsApproval && { needsApproval: (args) => needsApproval(tool, args) }),
    async call(args, { context, signal, meta }) {
      const client = await clientFor(clientOf, context, signal);
      const hear = onProgress && ((progress: Progress) => tell(onProgress, progress, tool, context));
      return client.callTool(tool.origin, args, { signal, timeoutMs, meta, onProgress: hear });
    },
  });
  const shaped = listing.tools.map((tool) => ({ made: shape(offer(tool)), server: tool.origin.server }));
  const { apart, ambiguous } = toldApart(shaped, ({ made: { name }, server }) => ({ name, server }));
  const all = [...(listing.ambiguous ?? []), ...ambiguous];
  return { ...listing, ...(all.length > 0 && { ambiguous: all }), tools: apart.map(({ made }) => made) };
}

/**
 * The client of whoever a call's own context names, for adapters that offer more than tools. Throws `PRINCIPAL_INVALID` where
 * the host gives none, and the reason of an abort while the host still looks for it.
 */
export async function clientFor<Context>(
  clientOf: ClientOf<Context>,
  context: Context,
  signal?: AbortSignal,
): Promise<WorkspaceClient> {
  const client = await raceAbort(askHost(clientOf, context, signal), signal);
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
    if (cause instanceof TenantryError || isAbortReason(cause, signal)) throw cause;
    throw new TenantryError(
      "PRINCIPAL_INVALID",
      "clientOf failed, so nobody is known to make this call for; see what the call's context holds, and the cause.",
      { cause },
    );
  }
}
