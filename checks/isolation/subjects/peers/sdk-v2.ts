import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { oneClientEach } from "../../one-client-each.ts";

export const subject = oneClientEach(
  { name: "@modelcontextprotocol/client 2.4", watches: true },
  async ({ url, headers }) => {
    const watchers: (() => void)[] = [];
    const onChanged = () => watchers.forEach((changed) => changed());
    const client = new Client(
      { name: "sdk-v2", version: "1.0.0" },
      { versionNegotiation: { mode: "auto" }, listChanged: { tools: { autoRefresh: false, onChanged } } },
    );
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    return {
      listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
      callTool: (name, args, options) => client.callTool({ name, arguments: { ...args } }, options),
      watch: (changed) => void watchers.push(changed),
      close: () => client.close(),
    };
  },
);
