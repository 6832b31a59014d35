import type { RequestContext } from "@mastra/core/request-context";
import { createTool, type MCPToolProperties, type Tool, type ToolExecutionContext } from "@mastra/core/tools";
import type { CallToolResult } from "@tenantry/core";
import {
  offerTools,
  type CallArguments,
  type OfferedTool,
  type OfferedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { modelTool, type Target } from "@tenantry/tool-schema";
import { modelOutput } from "./model-output.ts";
import { unchecked } from "./unchecked.ts";

/** What Mastra says of one call; its `requestContext`, which may be empty, holds the host's own values. */
export type ToolCall<Values extends Record<string, unknown> = Record<string, unknown>> = Omit<
  ToolExecutionContext,
  "requestContext"
> & { readonly requestContext: RequestContext<Values> };

/** How a toolset is made. */
export interface ToolsetOptions<
  Values extends Record<string, unknown> = Record<string, unknown>,
> extends ToolOptions<ToolCall<Values>> {
  /** Whose limits the schemas are fitted to; defaults to none, and Mastra fits them to the agent's model as it does its own. */
  readonly target?: Target | undefined;
}

/** Tools by the names that a model calls them by. */
export type Toolset = Record<string, Tool<CallArguments, CallToolResult>>;

/**
 * Gives the tools of a user, or of whoever `clientOf` finds in a call's own `requestContext`, for one of the `toolsets` of a
 * request, and names the servers that are missing from it. What a tool answers is its output, `isError` included; what else
 * fails is thrown as a `TenantryError`, and the `cause` of Mastra's `tool-error`. Throws as `listTools()` does.
 */
export async function toolset<Values extends Record<string, unknown> = Record<string, unknown>>(
  source: ToolSource<ToolCall<Values>>,
  { target, ...options }: ToolsetOptions<Values> = {},
): Promise<OfferedTools<Toolset>> {
  const { tools, ...missing } = await offerTools(source, options, (offered) => namedTool(offered, target));
  const set = Object.fromEntries(tools.map(({ name, made }) => [name, made]));
  return { ...missing, tools: set };
}

function namedTool<Values extends Record<string, unknown>>(
  { tool, call, needsApproval }: OfferedTool<ToolCall<Values>>,
  target?: Target,
): { readonly name: string; readonly made: Toolset[string] } {
  const { name, description = "", schema, strict, restore } = modelTool(tool, target);
  const { annotations, _meta, title, origin } = tool;
  const id = agentName(name);
  const made = createTool({
    id,
    description,
    ...(title !== undefined && { title }),
    inputSchema: unchecked(schema),
    // What is fitted already is not fitted by Mastra again, which `false` is for.
    ...(target && { strict }),
    mcp: { ...(annotations && { annotations }), ...(_meta && { _meta }) } as MCPToolProperties,
    mcpMetadata: { serverName: origin.server },
    ...(needsApproval && { requireApproval: (input: CallArguments) => needsApproval(restore(input)) }),
    execute: (input, context) =>
      call(restore(input), { context: context as ToolCall<Values>, signal: context.abortSignal }),
    toModelOutput: (output) => modelOutput(output as CallToolResult),
  });
  return { name: id, made: made as Toolset[string] };
}

/** The name under which an agent has a tool: it begins with a letter or `_`, and has at most 63 characters. */
function agentName(name: string): string {
  // Mastra copies tools into plain objects, where a tool of this one name would be lost.
  const isTaken = /^[A-Za-z_]/u.test(name) && name !== "__proto__";
  return (isTaken ? name : `_${name}`).slice(0, 63);
}
