import { importPeer } from "../../../bench/peer-folder.ts";
import { oneClientEach } from "../../one-client-each.ts";

// As much of it as is called. It is not installed where the types are checked; so for every peer.
interface Library {
  createMCPClient(config: object): Promise<{
    tools(): Promise<Record<string, { execute: (args: object, call: object) => Promise<unknown> }>>;
    close(): Promise<void>;
  }>;
}

export const subject = oneClientEach({ name: "@ai-sdk/mcp 2.0" }, async ({ url, headers }) => {
  const { createMCPClient } = (await importPeer("ai-sdk", "@ai-sdk/mcp")) as Library;
  const client = await createMCPClient({ transport: { type: "http", url: url.href, headers } });
  return {
    listTools: async () => Object.keys(await client.tools()),
    callTool: async (name, args, { signal }) =>
      (await client.tools())[name]?.execute(args, { toolCallId: "1", messages: [], abortSignal: signal }),
    close: () => client.close(),
  };
});
