import { importPeer } from "../../../bench/peer-folder.ts";
import { oneClientEach } from "../../one-client-each.ts";

interface Library {
  MCPClient: new (config: object) => {
    listTools(): Promise<Record<string, { execute: (args: object, context: object) => Promise<unknown> }>>;
    readonly tools: { onListChanged(server: string, changed: () => void): Promise<void> };
    disconnect(): Promise<void>;
  };
}

/** A client for each user, its id the user's. */
export const subject = oneClientEach({ name: "@mastra/mcp 2.0", watches: true }, async (host) => {
  const { MCPClient } = (await importPeer("mastra", "@mastra/mcp")) as Library;
  const { user, url, headers } = host;
  const client = new MCPClient({ id: user, servers: { notes: { url, requestInit: { headers } } } });
  return {
    listTools: async () => Object.keys(await client.listTools()),
    callTool: async (name, args, { signal }) =>
      (await client.listTools())[`notes_${name}`]?.execute(args, { abortSignal: signal }),
    watch: (changed) => client.tools.onListChanged("notes", changed),
    close: () => client.disconnect(),
  };
});
