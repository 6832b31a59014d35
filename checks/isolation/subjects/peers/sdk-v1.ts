import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { oneClientEach } from "../../one-client-each.ts";

export const subject = oneClientEach(
  { name: "@modelcontextprotocol/sdk 1.32", eras: ["legacy"], watches: true },
  async ({ url, headers }) => {
    const client = new Client({ name: "sdk-v1", version: "1.0.0" });
    // Its declaration does not fit its own interface under exactOptionalPropertyTypes.
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as Transport);
    return {
      listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
      callTool: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
      watch: (changed) => client.setNotificationHandler(ToolListChangedNotificationSchema, changed),
      close: () => client.close(),
    };
  },
);
