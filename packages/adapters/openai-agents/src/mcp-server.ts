import { createHash } from "node:crypto";
import type { MCPServer, MCPToolErrorFunction } from "@openai/agents";
import {
  TenantryError,
  type CallToolResult,
  type Listing,
  type Principal,
  type WorkspaceClient,
} from "@tenantry/core";
import { offerTools, resultParts, tell, type OfferedTool, type ToolOptions } from "@tenantry/core/adapter";
import { modelTool } from "@tenantry/tool-schema";
import { modelError } from "./model-error.ts";
import { isImage } from "./model-output.ts";

/** How an MCP server of the SDK's kind is made. */
export interface McpServerOptions extends Omit<ToolOptions<undefined>, "needsApproval"> {
  /** What the server's name begins with; defaults to `tenantry`. The rest of it is the principal's own. */
  readonly name?: string | undefined;
  /** Hears, each time that the SDK lists the tools, what is missing from them. */
  readonly onMissing?: ((missing: Listing) => void) | undefined;
  /**
   * What a model is told of a call that failed, and `null` to end the run with the SDK's `ToolCallError`, whose `error` is
   * what failed; defaults to `modelError`.
   */
  readonly errorFunction?: MCPToolErrorFunction | null | undefined;
}

/**
 * One user's tools as an `MCPServer` of the SDK, for `mcpServers` of an agent that serves this user only. There is nothing to
 * connect and nothing to close. The SDK keeps lists by the server's name, for the whole process: the name is this principal's
 * and nobody else's, and no list is kept. Throws `ARGUMENT_INVALID` for anything but a user's client.
 */
export function mcpServer(
  client: WorkspaceClient,
  options: McpServerOptions = {},
): Required<Pick<MCPServer, "callToolResult">> & MCPServer {
  const { name = "tenantry", onMissing, errorFunction = ({ error }) => modelError(error) } = options;
  const principal = principalOf(client);
  let listed: ReadonlyMap<string, OfferedTool<undefined>> = new Map();
  const callToolResult: NonNullable<MCPServer["callToolResult"]> = async (called, args, meta, how) => {
    const request = { signal: how?.signal, meta: (meta ?? undefined) as never };
    const known = listed.get(called);
    const result = await (known === undefined
      ? client.callTool(called, args ?? {}, { ...request, timeoutMs: options.timeoutMs })
      : known.call(args ?? {}, { ...request, context: undefined }));
    return { ...result, content: contentOf(result) } as never;
  };
  const nothing = () => Promise.resolve();
  return {
    name: `${name}-${digestOf(principal)}`,
    cacheToolsList: false,
    errorFunction,
    ...{ connect: nothing, close: nothing, invalidateToolsCache: nothing, callToolResult },
    async listTools() {
      const { tools, ...missing } = await offerTools(client, options, sdkTool);
      listed = new Map(tools.map(({ made, offered }) => [made.name, offered]));
      if (missing.unavailable.length > 0 || missing.unapproved || missing.ambiguous) tell(onMissing, missing);
      return tools.map(({ made }) => made) as never;
    },
    callTool: async (...call) => {
      const { content, ...facts } = await callToolResult(...call);
      // The SDK reads what is beside the content from its array.
      return Object.assign([...content], facts);
    },
  };
}

/** A tool under the name that is its own to the SDK, which takes every sign but letters and digits for `_` and then refuses all tools. */
function sdkTool(offered: OfferedTool<undefined>) {
  const { name, description, schema: inputSchema } = modelTool(offered.tool);
  const made = { name, description, inputSchema };
  return { made, offered, name: name.replaceAll(/[^a-zA-Z0-9]/gu, "_") };
}

function principalOf(client: WorkspaceClient): Principal {
  const given = client as Partial<WorkspaceClient> | null | undefined;
  if (typeof given?.callTool === "function" && given.principal) return given.principal;
  throw new TenantryError(
    "ARGUMENT_INVALID",
    "An MCP server of the SDK is told of no context, so it can serve one user only; give `workspace.as(user)`, or use functionTools.",
  );
}

/** A name for a principal that tells nobody who that is: a server's name is in traces, and may be in a tool's. */
function digestOf({ workspace, user, session }: Principal): string {
  const parts = session === undefined ? [workspace, user] : [workspace, user, session];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** What the SDK shows a model of a result as it is: text and images. Everything else is text of its kind and size. */
function contentOf(result: CallToolResult): CallToolResult["content"] {
  const parts = resultParts(result, isImage);
  return typeof parts === "string" ? [{ type: "text", text: parts }] : (parts as CallToolResult["content"]);
}
