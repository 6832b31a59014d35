import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { HostileClient, HostileTarget } from "@tenantry/testing/hostile";

const info = { name: "stock", version: "1.0.0" };

/** The first line of it, which speaks the legacy era only and gives one page of a list. */
export function stockV1(): HostileClient {
  return {
    name: "stock v1",
    async open(target) {
      const options = { timeout: target.limits.timeoutMs };
      const client = new Client(info, { listChanged: { tools: { onChanged: () => {} } } });
      await client.connect(transportTo(target), { timeout: target.limits.openTimeoutMs });
      return {
        listTools: () => client.listTools({}, options),
        callTool: (name, args) =>
          client.callTool({ name, arguments: { ...args } }, undefined, { ...options, onprogress: () => {} }),
        close: () => client.close(),
      };
    },
  };
}

/** Its declarations do not fit its own interface under exactOptionalPropertyTypes. */
function transportTo(target: HostileTarget): Transport {
  if (target.kind === "stdio")
    return new StdioClientTransport({ command: target.command, args: [...target.args] });
  const options = { requestInit: { headers: target.headers } };
  return target.transport === "sse"
    ? new SSEClientTransport(new URL(target.url), options)
    : (new StreamableHTTPClientTransport(new URL(target.url), options) as Transport);
}
