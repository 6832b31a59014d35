import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { McpServer } from "@modelcontextprotocol/server";

/** A Streamable HTTP MCP server on loopback that knows its users by their API keys and answers `whoami`. */
export interface WhoamiServer {
  readonly url: URL;
  /** The key of every call of a tool, in order. */
  readonly calls: readonly string[];
  /** Calls that came on a session which another key had opened. */
  readonly crossings: number;
  /** Accepts one more key; a key that was replaced stays good until its sessions are over. */
  addKey(key: string, name: string): void;
  /** Answers calls with this key by a redirect, until it is given `undefined`. */
  redirect(key: string, to: URL | undefined): void;
  /** How many sessions and sockets there are, once the network has told of those that just ended. */
  left(): Promise<readonly [sessions: number, sockets: number]>;
  close(): Promise<void>;
}

interface Session {
  readonly key: string;
  readonly transport: NodeStreamableHTTPServerTransport;
}

export async function startWhoamiServer(initial: Readonly<Record<string, string>>): Promise<WhoamiServer> {
  const keys: Record<string, string> = { ...initial };
  let crossings = 0;
  const redirects = new Map<string, URL | undefined>();
  const sessions = new Map<string, Session>();
  const calls: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers["x-api-key"]);
    const redirect = redirects.get(key);
    if (keys[key] === undefined) return void response.writeHead(401, { "www-authenticate": "ApiKey" }).end();
    if (redirect) return void response.writeHead(307, { location: redirect.href }).end();
    const body = request.method === "POST" ? await readJson(request) : undefined;
    if (body?.method === "tools/call") calls.push(key);
    const id = request.headers["mcp-session-id"];
    const session = id === undefined ? await open(key) : sessions.get(String(id));
    if (session === undefined) return void response.writeHead(404).end();
    if (session.key !== key) crossings++;
    await session.transport.handleRequest(request, response, body);
  }

  async function open(key: string): Promise<Session> {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const session = { key, transport };
    const server = new McpServer({ name: "whoami", version: "1.0.0" });
    server.registerTool("whoami", { description: "Says whose key this is." }, () => ({
      content: [{ type: "text", text: keys[key] ?? "nobody" }],
    }));
    await server.connect(transport);
    return session;
  }

  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`),
    calls,
    get crossings() {
      return crossings;
    },
    addKey: (key, name) => void (keys[key] = name),
    redirect: (key, to) => void redirects.set(key, to),
    left: async () => [sessions.size, await countSockets(http)],
    close: () => new Promise((resolve) => void http.close(() => resolve())),
  };
}

/** The end of a socket reaches the other side a little later; a second is plenty on loopback. */
async function countSockets(http: Server): Promise<number> {
  for (let turn = 0; ; turn++) {
    const open = await new Promise<number>((resolve) => http.getConnections((_, count) => resolve(count)));
    if (open === 0 || turn === 100) return open;
    await setTimeout(10);
  }
}

async function readJson(request: IncomingMessage): Promise<{ method?: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as { method?: string };
}
