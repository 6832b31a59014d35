import { Client, StreamableHTTPClientTransport, SSEClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { HostileClient, HostileTarget } from "@tenantry/testing/hostile";

const info = { name: "stock", version: "1.0.0" };
const negotiation = { legacy: "legacy", modern: { pin: "2026-07-28" } } as const;
const content = { type: "text", text: "" } as const;

/** The official client's second line, as its documentation uses it, with the case's deadline and nothing else. */
export function stockV2(): HostileClient {
  return {
    name: "stock v2",
    async open(target) {
      const options = { timeout: target.limits.timeoutMs };
      const client = new Client(info, {
        versionNegotiation: { mode: negotiation[target.era] },
        listChanged: { tools: { onChanged: () => {} } },
        capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
      });
      client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: {} }));
      client.setRequestHandler("sampling/createMessage", () => ({
        model: "none",
        role: "assistant",
        content,
      }));
      client.setRequestHandler("roots/list", () => ({ roots: [] }));
      await client.connect(transportTo(target), { timeout: target.limits.openTimeoutMs });
      return {
        listTools: () => client.listTools({}, options),
        callTool: (name, args) =>
          client.callTool({ name, arguments: { ...args } }, { ...options, onprogress: () => {} }),
        close: () => client.close(),
      };
    },
  };
}

function transportTo(target: HostileTarget) {
  if (target.kind === "stdio")
    return new StdioClientTransport({ command: target.command, args: [...target.args] });
  const options = { requestInit: { headers: target.headers } };
  return target.transport === "sse"
    ? new SSEClientTransport(new URL(target.url), options)
    : new StreamableHTTPClientTransport(new URL(target.url), options);
}
