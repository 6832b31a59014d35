import { dynamicTool, jsonSchema, type Tool, type ToolExecutionOptions, type ToolSet } from "ai";
import type { CallToolResult } from "@tenantry/core";
import {
  offerTools,
  type OfferedTool,
  type OfferedTools,
  type ToolOptions,
  type ToolSource,
} from "@tenantry/core/adapter";
import { modelTool, type Target } from "@tenantry/tool-schema";
import { modelOutput } from "./model-output.ts";

/** What the AI SDK says of one call; `context` (version 7) or `experimental_context` (6) is the host's own. */
export type ToolCall<Context = unknown> = ToolExecutionOptions<Context> & {
  readonly experimental_context?: Context;
};

/** How a tool set is made. */
export interface ToolSetOptions<Context = unknown> extends ToolOptions<ToolCall<Context>> {
  /** Whose limits the schemas are fitted to; defaults to none, for models whose provider takes any schema. */
  readonly target?: Target | undefined;
}

/**
 * Gives the tools of a user, or of whoever `clientOf` finds in a call's own context, as a `ToolSet`, and names the servers
 * that are missing from it. What a tool answers is its output, `isError` included; what else fails is thrown as a
 * `TenantryError`, and the SDK makes a `tool-error` of it. Throws as `listTools()` does.
 */
export async function toolSet<Context = unknown>(
  source: ToolSource<ToolCall<Context>>,
  { target, ...options }: ToolSetOptions<Context> = {},
): Promise<OfferedTools<ToolSet>> {
  const { tools, ...missing } = await offerTools(source, options, (offered) => namedTool(offered, target));
  // Without a prototype, whose names a tool may have: `constructor` is one.
  const set = Object.create(null) as ToolSet;
  for (const { name, made } of tools) set[name] = made;
  return { ...missing, tools: set };
}

function namedTool<Context>(
  { tool, call, needsApproval }: OfferedTool<ToolCall<Context>>,
  target?: Target,
): { readonly name: string; readonly made: Tool } {
  const { name, description, schema, restore } = modelTool(tool, target);
  const made = dynamicTool({
    ...(description !== undefined && { description }),
    ...(tool.title !== undefined && { title: tool.title }),
    inputSchema: jsonSchema(schema as Parameters<typeof jsonSchema>[0]),
    ...(needsApproval && { needsApproval: (input: unknown) => needsApproval(restore(input)) }),
    execute: (input, context) =>
      call(restore(input), { context: context as ToolCall<Context>, signal: context.abortSignal }),
    toModelOutput: ({ output }) => modelOutput(output as CallToolResult),
  });
  return { name, made };
}
