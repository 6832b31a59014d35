import type { Action, ActionResult, IAgentRuntime, Memory, Plugin } from "@elizaos/core";
import {
  TenantryError,
  type CallToolResult,
  type CatalogClient,
  type CatalogTool,
  type WorkspaceClient,
} from "tenantry";

/** What elizaOS gives an action when it runs. The user is `message.entityId`. */
export interface ActionContext {
  readonly runtime: IAgentRuntime;
  readonly message: Memory;
}

export interface TenantryPluginOptions {
  /** Lists the tools when the agent starts, before there is any user. */
  readonly catalog: CatalogClient;
  /** Gives the client of the user whose message it is; called anew for each action that runs. */
  readonly clientOf: (context: ActionContext) => WorkspaceClient;
}

/** Gives an agent one action for each tool. The action is everybody's; whose connection it uses, its message says. */
export function tenantryPlugin({ catalog, clientOf }: TenantryPluginOptions): Plugin {
  return {
    name: "tenantry",
    description: "Calls MCP tools as the user whose message it is.",
    async init(_config, runtime) {
      const { tools, unavailable } = await catalog.listTools();
      for (const tool of tools) runtime.registerAction(actionOf(tool, clientOf));
      for (const { error } of unavailable) runtime.logger.warn(error.message);
    },
  };
}

function actionOf(tool: CatalogTool, clientOf: TenantryPluginOptions["clientOf"]): Action {
  return {
    name: tool.name,
    description: `${tool.description ?? tool.name} Parameters: ${JSON.stringify(tool.inputSchema)}`,
    validate: () => Promise.resolve(true),
    async handler(runtime, message, state) {
      try {
        const args = state?.data["actionParams"] as Record<string, unknown> | undefined;
        const result = await clientOf({ runtime, message }).callTool(tool.origin, args);
        return actionResult(tool, textOf(result), !result.isError);
      } catch (error) {
        if (error instanceof TenantryError) return actionResult(tool, error.message, false);
        throw error;
      }
    },
  };
}

/** elizaOS takes a result that has neither text nor data for a success, whatever it says, so there is always both. */
function actionResult({ name }: CatalogTool, text: string, success: boolean): ActionResult {
  return { success, text, data: { actionName: name }, ...(!success && { error: text }) };
}

function textOf({ content }: CallToolResult): string {
  return content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}
