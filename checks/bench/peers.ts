// The peers of the client, each in a folder of its own, because their ranges of the SDK and of zod clash.
import { randomUUID } from "node:crypto";
import { importPeer } from "./peer-folder.ts";
import { authorizationOf, call, nothing, type Host, type Link, type Variant } from "./variant.ts";

/** Every peer, as its own documentation has it connect and call; a listing is part of that where its API needs one. */
export const peers: readonly Variant[] = [
  peer("ai-sdk", "@ai-sdk/mcp", async (url, headers, library: AiSdk) => {
    const client = await library.createMCPClient({ transport: { type: "http", url: url.href, headers } });
    const { [call.name]: tool } = await client.tools();
    return {
      call: () => tool?.execute(call.arguments, { toolCallId: "1", messages: [] }),
      close: () => client.close(),
    };
  }),
  peer("langchain", "@langchain/mcp-adapters", async (url, headers, { MultiServerMCPClient }: LangChain) => {
    const client = new MultiServerMCPClient({ mcpServers: { bench: { url: url.href, headers } } });
    const tool = (await client.getTools()).find(({ name }) => name.endsWith(call.name));
    return { call: () => tool?.invoke(call.arguments), close: () => client.close() };
  }),
  peer("mastra", "@mastra/mcp", async (url, headers, { MCPClient }: Mastra) => {
    const client = new MCPClient({ id: randomUUID(), servers: { bench: { url, requestInit: { headers } } } });
    const tool = (await client.listTools())[`bench_${call.name}`];
    return { call: () => tool?.execute(call.arguments, {}), close: () => client.disconnect() };
  }),
  peer(
    "openai-agents",
    "@openai/agents-core",
    async (url, headers, { MCPServerStreamableHttp }: OpenAiAgents) => {
      const server = new MCPServerStreamableHttp({
        ...{ url: url.href, name: randomUUID(), requestInit: { headers } },
      });
      await server.connect();
      return { call: () => server.callTool(call.name, call.arguments), close: () => server.close() };
    },
  ),
  peer("mcp-use", "mcp-use/client", async (url, headers, { MCPClient }: McpUse) => {
    const client = new MCPClient({ mcpServers: { bench: { url: url.href, headers } } });
    const { connector } = await client.createSession("bench");
    return {
      call: () => connector.callTool(call.name, call.arguments),
      close: () => client.closeAllSessions(),
    };
  }),
];

function peer<Library>(
  folder: string,
  specifier: string,
  open: (url: URL, headers: Readonly<Record<string, string>>, library: Library) => Promise<Fallible>,
): Variant {
  return {
    name: specifier.replace(/\/client$/, ""),
    kind: "peer",
    async start(): Promise<Host> {
      const library = (await importPeer(folder, specifier)) as Library;
      return {
        open: (url, bearerToken) =>
          open(url, { authorization: authorizationOf(bearerToken) }, library) as Promise<Link>,
        close: nothing,
      };
    },
  };
}

/** A tool that the listing does not have gives no promise, which the check of its result says. */
interface Fallible {
  call(): Promise<unknown> | undefined;
  close(): Promise<unknown>;
}

// As much of each library as is called. They are not installed where the types are checked.
type Call = (name: string, args: object) => Promise<unknown>;
interface AiSdk {
  createMCPClient(config: object): Promise<{
    tools(): Promise<Record<string, { execute: (args: object, context: object) => Promise<unknown> }>>;
    close(): Promise<void>;
  }>;
}
interface LangChain {
  MultiServerMCPClient: new (config: object) => {
    getTools(): Promise<{ name: string; invoke: (args: object) => Promise<unknown> }[]>;
    close(): Promise<void>;
  };
}
interface Mastra {
  MCPClient: new (config: object) => {
    listTools(): Promise<Record<string, { execute: (args: object, context: object) => Promise<unknown> }>>;
    disconnect(): Promise<void>;
  };
}
interface OpenAiAgents {
  MCPServerStreamableHttp: new (config: object) => {
    connect(): Promise<void>;
    callTool: Call;
    close(): Promise<void>;
  };
}
interface McpUse {
  MCPClient: new (config: object) => {
    createSession(name: string): Promise<{ connector: { callTool: Call } }>;
    closeAllSessions(): Promise<void>;
  };
}
