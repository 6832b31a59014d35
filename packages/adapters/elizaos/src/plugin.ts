import { Service, type IAgentRuntime, type Plugin } from "@elizaos/core";
import { sharedTools, type ToolOptions, type ToolSource } from "@tenantry/core/adapter";
import { confirmWorker } from "./approval.ts";
import { mcpProvider } from "./provider.ts";
import { outsideRequests } from "./request-context.ts";
import { resourceAction } from "./resource-action.ts";
import { McpService, serviceType, type MessageContext, type ServiceParts } from "./service.ts";

/** How a plugin is made. */
export interface PluginOptions extends ToolOptions<MessageContext> {
  /**
   * Whether a message's prompt tells of what its own user may see, which is listed as that user for every message; defaults
   * to `false`: of the catalog, the same for everybody and without a request.
   */
  readonly showOwn?: boolean | undefined;
  /** What ends with the agent, such as `() => tenantry.close()`; defaults to nothing. */
  readonly close?: (() => Promise<void>) | undefined;
}

/**
 * Gives an agent an action for each tool, an action that reads resources, and a provider that tells of them. Actions are
 * everybody's; whose credential and connection a call uses its message says, by `clientOf`. What fails is a result with
 * `success: false`. Throws `ARGUMENT_INVALID` for a source that is none.
 */
export function tenantryPlugin(source: ToolSource<MessageContext>, options: PluginOptions = {}): Plugin {
  sharedTools(source);
  return pluginOf(() => ({ ...options, source }));
}

/** The plugin whose service is made of what `open` gives, once an agent. */
export function pluginOf(open: (runtime: IAgentRuntime) => ServiceParts): Plugin {
  abstract class Opening extends Service {
    static override readonly serviceType: string = serviceType;
    // An agent may begin within a user's request.
    static override start(runtime: IAgentRuntime): Promise<Service> {
      return outsideRequests(() => started(new McpService(runtime, open(runtime)), runtime));
    }
  }
  return {
    name: "mcp",
    description: "Calls MCP tools as the user whose message it is.",
    services: [Opening],
    actions: [resourceAction()],
    providers: [mcpProvider],
  };
}

async function started(service: McpService, runtime: IAgentRuntime): Promise<McpService> {
  runtime.registerTaskWorker(confirmWorker(service));
  await service.refresh();
  return service;
}
