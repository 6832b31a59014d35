import { createHash } from "node:crypto";
import type { MCPServer, MCPToolErrorFunction } from "@openai/agents";
import {
  TenantryError,
  type CallToolResult,
  type CatalogTool,
  type Listing,
  type Principal,
  type WorkspaceClient,
} from "@tenantry/core";
import { resultText, type ToolOptions } from "@tenantry/core/adapter";
import { modelError } from "./model-error.ts";

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
  const { name = "tenantry", list, onMissing, onProgress, timeoutMs } = options;
  const principal = principalOf(client);
  let listed: ReadonlyMap<string, CatalogTool> = new Map();
  const nothing = () => Promise.resolve();
  const callToolResult: NonNullable<MCPServer["callToolResult"]> = async (tool, args, meta, how) => {
    const known = listed.get(tool);
    const tell =
      known &&
      onProgress &&
      ((progress: Parameters<typeof onProgress>[0]) => onProgress(progress, known, undefined));
    const result = await client.callTool(known?.origin ?? tool, args ?? {}, {
      ...{ timeoutMs, signal: how?.signal, meta: (meta ?? undefined) as never },
      onProgress: tell,
    });
    return { ...result, content: contentOf(result) } as never;
  };
  return {
    name: `${name}-${digestOf(principal)}`,
    cacheToolsList: false,
    errorFunction:
      options.errorFunction === undefined ? ({ error }) => modelError(error) : options.errorFunction,
    ...{ connect: nothing, close: nothing, invalidateToolsCache: nothing, callToolResult },
    async listTools() {
      const { tools, ...missing } = await client.listTools(list);
      const { named, ambiguous } = toldApart(tools);
      listed = new Map(named.map((tool) => [tool.name, tool]));
      const all = [...(missing.ambiguous ?? []), ...ambiguous];
      if (missing.unavailable.length > 0 || missing.unapproved || all.length > 0)
        onMissing?.({ ...missing, ...(all.length > 0 && { ambiguous: all }) });
      return named.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })) as never;
    },
    callTool: async (...call) => {
      const { content, ...facts } = await callToolResult(...call);
      // The SDK reads what is beside the content from its array.
      return Object.assign([...content], facts);
    },
  };
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

/** Leaves out tools whose names are one to the SDK, which takes every sign but letters and digits for `_` and then refuses all tools. */
function toldApart(tools: readonly CatalogTool[]): {
  named: readonly CatalogTool[];
  ambiguous: NonNullable<Listing["ambiguous"]>;
} {
  const sameName = Map.groupBy(tools, ({ name }) => name.replaceAll(/[^a-zA-Z0-9]/gu, "_"));
  const groups = [...sameName];
  return {
    named: groups.flatMap(([, group]) => (group.length === 1 ? group : [])),
    ambiguous: groups.flatMap(([name, group]) =>
      group.length === 1 ? [] : [{ name, servers: [...new Set(group.map(({ origin }) => origin.server))] }],
    ),
  };
}

/** What the SDK shows a model of a result as it is: text and images. Everything else is text of its kind and size. */
function contentOf(result: CallToolResult): CallToolResult["content"] {
  if (result.content.length === 0) return [{ type: "text", text: resultText(result) }];
  return result.content.map((block) =>
    block.type === "image" ? block : { type: "text", text: resultText({ content: [block] }) },
  );
}
