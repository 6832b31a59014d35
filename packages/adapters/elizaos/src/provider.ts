import type { Provider, ProviderResult } from "@elizaos/core";
import { failureText } from "@tenantry/core/adapter";
import { actionParameters } from "./parameters.ts";
import { McpService, serviceType, type Shown } from "./service.ts";

/** Tells a prompt which tools there are for the user whose message it is, or for everybody; nothing of anybody else. */
export const mcpProvider: Provider = Object.freeze<Provider>({
  name: "MCP",
  description: "MCP servers and their tools",
  async get(runtime, message) {
    const service = runtime.getService(serviceType);
    if (!(service instanceof McpService)) return told({}, "");
    try {
      return describe(await service.shown({ runtime, message }));
    } catch (error) {
      return told({}, `MCP tools are not available: ${failureText(error)}`);
    }
  },
});

interface ServerFacts {
  status: "connected" | "unavailable";
  readonly tools: Record<string, { readonly description: string; readonly inputSchema: object }>;
  readonly resources: Record<string, never>;
}

/** In the shape that templates for the official plugin read: `values.mcp` by server, and `values.mcpText`. */
function describe({ listing: { tools, unavailable }, isUsersOwn }: Shown): ProviderResult {
  const servers = new Map<string, ServerFacts>();
  const server = (id: string): ServerFacts => {
    const made = servers.get(id) ?? { status: "connected", tools: {}, resources: {} };
    servers.set(id, made);
    return made;
  };
  const lines = new Map<string, string[]>();
  for (const { name, tool } of tools) {
    const { description = tool.title ?? "", inputSchema, origin } = tool;
    Object.defineProperty(server(origin.server).tools, origin.tool, {
      value: { description, inputSchema },
      enumerable: true,
    });
    const [first = ""] = description.split("\n");
    // Their actions do not tell it.
    const own = isUsersOwn ? `\n  Parameters: ${JSON.stringify(actionParameters(tool))}` : "";
    lines.set(origin.server, [...(lines.get(origin.server) ?? []), `- **${name}**: ${first}${own}`]);
  }
  for (const { server: id } of unavailable) server(id).status = "unavailable";
  const parts = [...lines].map(([id, own]) => `## ${id}\n${own.join("\n")}`);
  const missing = unavailable.map(({ server: id, error }) => `## ${id} is not available\n${error.message}`);
  const all = [...parts, ...missing];
  const text = all.length === 0 ? "No MCP servers are available." : ["# MCP", ...all].join("\n\n");
  return told(Object.fromEntries(servers), text);
}

function told(mcp: object, text: string): ProviderResult {
  return { text, values: { mcp, mcpText: text }, data: { mcp } };
}
