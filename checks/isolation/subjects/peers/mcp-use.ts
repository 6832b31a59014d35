import { importPeer } from "../../../bench/peer-folder.ts";
import { oneClientEach } from "../../one-client-each.ts";

interface Connector {
  listTools(): Promise<readonly { readonly name: string }[]>;
  callTool(name: string, args: object, options: { readonly signal: AbortSignal }): Promise<unknown>;
  onNotification(handler: (notification: { readonly method: string }) => void): void;
}
interface Library {
  MCPClient: new (config: object) => {
    createSession(name: string): Promise<{ readonly connector: Connector }>;
    closeAllSessions(): Promise<void>;
  };
}

export const subject = oneClientEach(
  { name: "mcp-use 1.34", eras: ["legacy"], watches: true },
  async ({ url, headers }) => {
    const { MCPClient } = (await importPeer("mcp-use", "mcp-use/client")) as Library;
    const client = new MCPClient({ mcpServers: { notes: { url: url.href, headers } } });
    const { connector } = await client.createSession("notes");
    return {
      listTools: async () => (await connector.listTools()).map(({ name }) => name),
      callTool: (name, args, options) => connector.callTool(name, args, options),
      watch: (changed) =>
        connector.onNotification(({ method }) => method === "notifications/tools/list_changed" && changed()),
      close: () => client.closeAllSessions(),
    };
  },
);
