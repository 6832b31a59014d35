import { importPeer } from "../../../bench/peer-folder.ts";
import { oneClientEach } from "../../one-client-each.ts";

interface Server {
  connect(): Promise<void>;
  callTool(
    name: string,
    args: object,
    meta: null,
    options: { readonly signal: AbortSignal },
  ): Promise<unknown>;
  close(): Promise<void>;
}
interface Library {
  MCPServerStreamableHttp: new (config: object) => Server;
  getAllMcpTools(options: object): Promise<readonly { readonly name: string }[]>;
}

/** A server object for each user, with `cacheToolsList` as the documentation recommends; an agent lists as here. */
export const subject = oneClientEach({ name: "@openai/agents 0.20" }, async ({ url, headers }) => {
  const library = (await importPeer("openai-agents", "@openai/agents-core")) as Library;
  const server = new library.MCPServerStreamableHttp({
    ...{ name: "notes", url: url.href, cacheToolsList: true, requestInit: { headers } },
  });
  await server.connect();
  return {
    listTools: async () => (await library.getAllMcpTools([server])).map(({ name }) => name),
    callTool: (name, args, { signal }) => server.callTool(name, args, null, { signal }),
    close: () => server.close(),
  };
});
