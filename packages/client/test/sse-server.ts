import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** What an {@link SseServer} does otherwise than it should. */
export interface SseServerOptions {
  /** Answers the GET with this status, and a challenge that repeats the credential. */
  readonly streamStatus?: number;
  /** Names this instead of where messages go; `null` names nothing. */
  readonly endpoint?: string | null;
  /** Writes this into the stream, as it is, behind the first event; in one piece with it where `endpoint` is given. */
  readonly noise?: string;
  /** Writes comments into the stream, as fast as they are taken. */
  readonly comments?: boolean;
  /** Ends the stream after so many messages. */
  readonly endAfter?: number;
  /** What becomes of a POST: a status instead of 202, an answer that does not end, none at all, or a broken socket. */
  readonly post?: number | "endless" | "silence" | "break";
}

/** What a server was sent. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A server of the HTTP+SSE transport (MCP 2024-11-05) on the loopback. */
export interface SseServer extends AsyncDisposable {
  /** Where its streams are asked for. */
  readonly url: URL;
  readonly seen: readonly SeenRequest[];
  /** How many streams are open. */
  readonly openStreams: number;
  /** How many sockets are open. */
  connections(): Promise<number>;
  /** Ends every stream. */
  endStreams(): void;
}

/** Starts a server of the official SDK's first line, which has the tools `echo`, and `count` with a notification for each step. */
export async function startSseServer(options: SseServerOptions = {}): Promise<SseServer> {
  const sessions = new Map<string, SSEServerTransport>();
  const streams = new Set<ServerResponse>();
  const seen: SeenRequest[] = [];

  async function stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { streamStatus, endpoint, comments = false, endAfter } = options;
    let { noise = "" } = options;
    if (streamStatus !== undefined) return refuse(request, response, streamStatus);
    streams.add(response);
    response.once("close", () => streams.delete(response));
    if (endpoint === undefined) {
      const transport = new SSEServerTransport("/messages", response);
      sessions.set(transport.sessionId, transport);
      await toolServer().connect(transport);
      if (endAfter !== undefined) endStreamAfter(transport, endAfter);
    } else {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      if (endpoint !== null) noise = `event: endpoint\ndata: ${endpoint}\n\n${noise}`;
    }
    if (noise !== "") response.write(noise);
    if (comments) comment(response);
  }

  async function message(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { post } = options;
    if (post === "silence") return;
    if (post === "endless") return void response.writeHead(202).write("Accepted");
    if (post === "break") return void request.socket.destroy();
    if (post !== undefined) return refuse(request, response, post);
    const id = new URL(request.url ?? "", "http://127.0.0.1").searchParams.get("sessionId") ?? "";
    const transport = sessions.get(id);
    if (transport === undefined) return void response.writeHead(404).end();
    await transport.handlePostMessage(request, response);
  }

  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    seen.push({ method, path: url, headers });
    void (method === "GET" ? stream(request, response) : message(request, response));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    seen,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`),
    get openStreams() {
      return streams.size;
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((failure, count) => (failure ? reject(failure) : resolve(count))),
      ),
    endStreams: () => streams.forEach((response) => response.end()),
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function toolServer(): Server {
  const server = new Server({ name: "old", version: "1.0.0" }, { capabilities: { tools: {}, logging: {} } });
  const tools = ["echo", "count"].map((name) => ({ name, inputSchema: { type: "object" as const } }));
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { text = "", steps = 0 } = params.arguments ?? {};
    for (let step = 1; step <= Number(steps); step++)
      await server.sendLoggingMessage({ level: "info", data: step });
    return { content: [{ type: "text", text: String(text) }] };
  });
  return server;
}

function endStreamAfter(transport: SSEServerTransport, messages: number): void {
  const send = transport.send.bind(transport);
  let sent = 0;
  transport.send = async (one) => {
    await send(one);
    if (++sent === messages) await transport.close();
  };
}

function comment(response: ServerResponse): void {
  if (response.closed) return;
  const room = response.write(`: ${"-".repeat(1_024)}\n\n`);
  if (room) setImmediate(() => comment(response));
  else response.once("drain", () => comment(response));
}

function refuse({ headers }: IncomingMessage, response: ServerResponse, status: number): void {
  const realm = headers.authorization ?? "";
  response.writeHead(status, { "www-authenticate": `Bearer realm="${realm}"` }).end(`I was sent ${realm}.`);
}
