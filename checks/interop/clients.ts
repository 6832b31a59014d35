import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { commandOf, home, importPackage } from "./installed.ts";

/** A client that is connected. */
export interface Visitor {
  /** The names of the tools that it lists. */
  list(): Promise<readonly string[]>;
  /** Calls a tool and gives everything that it was told, as text. */
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

/** Connects a published client to a URL, as its documentation has it. */
export type Connect = (url: URL, token: string) => Promise<Visitor>;

const info = { name: "interop", version: "1.0.0" };
const run = promisify(execFile);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const namesOf = (tools: readonly { readonly name: string }[]) => tools.map(({ name }) => name);

/** What they keep of their own, they keep where it is in nobody's way. */
const atHome = () => ({ PATH: process.env["PATH"] ?? "", HOME: home });

/** The clients, by what they are called on npm. */
export const clients: Readonly<Record<string, Connect>> = {
  "@modelcontextprotocol/sdk": async (url, token) => {
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: bearer(token) } });
    const client = new Client(info);
    await client.connect(transport as never);
    return { ...stock(client), close: () => transport.terminateSession().then(() => client.close()) };
  },
  "@modelcontextprotocol/client, modern": (url, token) => modern(url, token, "auto"),
  "@modelcontextprotocol/client, legacy": (url, token) => modern(url, token, "legacy"),
  "@modelcontextprotocol/inspector --cli": async (url, token) => {
    const inspect = async (...args: readonly string[]) => {
      const to = ["--cli", url.href, "--transport", "http", "--header", `Authorization: Bearer ${token}`];
      const { stdout } = await run(process.execPath, [
        commandOf("@modelcontextprotocol/inspector"),
        ...to,
        ...args,
      ]);
      return stdout;
    };
    return {
      list: async () =>
        namesOf((JSON.parse(await inspect("--method", "tools/list")) as { tools: { name: string }[] }).tools),
      call: (tool, args) => {
        const pairs = Object.entries(args).flatMap(([name, value]) => [
          "--tool-arg",
          `${name}=${String(value)}`,
        ]);
        return inspect("--method", "tools/call", "--tool-name", tool, ...pairs);
      },
      close: () => Promise.resolve(),
    };
  },
  "@ai-sdk/mcp": async (url, token) => {
    const { createMCPClient } = await importPackage<AiSdk>("@ai-sdk/mcp");
    const client = await createMCPClient({
      transport: { type: "http", url: url.href, headers: bearer(token) },
    });
    return {
      list: async () => Object.keys(await client.tools()),
      call: async (tool, args) =>
        JSON.stringify(await (await client.tools())[tool]?.execute(args, { toolCallId: "1", messages: [] })),
      close: () => client.close(),
    };
  },
  "@langchain/mcp-adapters": async (url, token) => {
    const { MultiServerMCPClient } = await importPackage<LangChain>("@langchain/mcp-adapters");
    const client = new MultiServerMCPClient({
      mcpServers: { one: { url: url.href, headers: bearer(token) } },
    });
    return {
      list: async () => namesOf(await client.getTools()),
      call: async (tool, args) =>
        JSON.stringify(await (await client.getTools()).find(({ name }) => name === tool)?.invoke(args)),
      close: () => client.close(),
    };
  },
  "mcp-remote": async (url, token) => {
    const to = [
      url.href,
      "--allow-http",
      "--transport",
      "http-only",
      "--header",
      `Authorization:Bearer ${token}`,
    ];
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [commandOf("mcp-remote"), ...to],
      env: atHome(),
      stderr: "ignore",
    });
    const client = new Client(info);
    await client.connect(transport as never);
    return stock(client);
  },
};

async function modern(url: URL, token: string, mode: "auto" | "legacy"): Promise<Visitor> {
  const client = new ModernClient(info, { versionNegotiation: { mode } });
  await client.connect(new ModernTransport(url, { requestInit: { headers: bearer(token) } }));
  return stock(client);
}

/** What both lines of the official SDK have in common. */
function stock(client: {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}): Visitor {
  return {
    list: async () => namesOf((await client.listTools()).tools),
    call: async (name, args) => JSON.stringify(await client.callTool({ name, arguments: { ...args } })),
    close: () => client.close(),
  };
}

interface AiSdk {
  createMCPClient(options: object): Promise<{
    tools(): Promise<Record<string, { execute(args: object, options: object): unknown } | undefined>>;
    close(): Promise<void>;
  }>;
}

interface LangChain {
  readonly MultiServerMCPClient: new (options: object) => {
    getTools(): Promise<readonly { readonly name: string; invoke(args: object): Promise<unknown> }[]>;
    close(): Promise<void>;
  };
}
