import type { Provider, ProviderResult } from "@elizaos/core";
import { failureText } from "@tenantry/core/adapter";
import { actionParameters } from "./parameters.ts";
import type { ToolList } from "./known-tools.ts";
import { McpService, serviceType } from "./service.ts";

/** Tells a prompt which tools there are for the user whose message it is, or for everybody; nothing of anybody else. */
export const mcpProvider: Provider = Object.freeze<Provider>({
  name: "MCP",
  description: "MCP servers and their tools",
  async get(runtime, message) {
    const service = runtime.getService(serviceType);
    if (!(service instanceof McpService)) return told({}, "");
    try {
      return describe(await service.shown({ runtime, message }), service.showsOwn);
    } catch (error) {
      return told({}, `MCP tools are not available: ${failureText(error)}`);
    }
  },
});

/** A server as templates for the official plugin read it, and the lines of its tools. */
interface Told {
  readonly status: "connected" | "unavailable";
  readonly tools: Map<string, object>;
  readonly lines: string[];
}

/** In the shape that templates for the official plugin read: `values.mcp` by server, and `values.mcpText`. */
function describe({ tools, unavailable }: ToolList, isUsersOwn: boolean): ProviderResult {
  const missing = new Map(unavailable.map(({ server, error }) => [server as string, error.message]));
  const servers = new Map<string, Told>();
  const at = (id: string): Told => {
    const status = missing.has(id) ? "unavailable" : "connected";
    const told = servers.get(id) ?? { status, tools: new Map(), lines: [] };
    servers.set(id, told);
    return told;
  };
  for (const [name, { tool }] of tools) {
    const { description = tool.title ?? "", inputSchema, origin } = tool;
    const [first = ""] = description.split("\n", 1);
    // Their actions do not tell it.
    const own = isUsersOwn ? `\n  Parameters: ${JSON.stringify(actionParameters(tool))}` : "";
    at(origin.server).tools.set(origin.tool, { description, inputSchema });
    at(origin.server).lines.push(`- **${name}**: ${first}${own}`);
  }
  const listed = [...servers].map(([id, { lines }]) => `## ${id}\n${lines.join("\n")}`);
  const failing = [...missing].map(([id, why]) => `## ${id} is not available\n${why}`);
  for (const id of missing.keys()) at(id);
  const all = [...listed, ...failing];
  const text = all.length === 0 ? "No MCP servers are available." : ["# MCP", ...all].join("\n\n");
  // `fromEntries` defines what it is given, so that a tool "__proto__" is one like any other.
  const facts = [...servers].map(([id, { status, tools: own }]) => {
    return [id, { status, tools: Object.fromEntries(own), resources: {} }] as const;
  });
  return told(Object.fromEntries(facts), text);
}

function told(mcp: object, text: string): ProviderResult {
  return { text, values: { mcp, mcpText: text }, data: { mcp } };
}
