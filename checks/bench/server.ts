// The server that every variant calls, in a process of its own: plain node:http, so that it costs as little as a server
// can. Its parent has it listen on as many ports as it likes and asks what has reached each of them.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  hangingTool,
  prepareAnswers,
  readPath,
  refusedToken,
  unknownMethod,
  type Answers,
} from "./answers.ts";

/** What the parent may ask, one at a time. */
export type Question =
  | { readonly ask: "listen"; readonly delayMs: number }
  | { readonly ask: "tally" | "close"; readonly port: number };

/** What has reached one port since it was asked before. */
export interface Tally {
  readonly sockets: number;
  readonly messages: number;
  /** How many of the messages spoke the modern era. */
  readonly modern: number;
  /** How many of them came with the token that is never accepted. */
  readonly refused: number;
  /** How many sessions began. */
  readonly begun: number;
  /** What is open now, whenever it was opened. */
  readonly open: { readonly sockets: number; readonly sessions: number };
  /** Every message in the order of its arrival, in milliseconds of one clock; kept only where answers are delayed. */
  readonly posts: readonly Post[];
}

/** One message and its answer. */
export interface Post {
  readonly method: string;
  readonly arrived: number;
  answered: number;
}

interface Port {
  readonly server: Server;
  readonly delayMs: number;
  sockets: number;
  messages: number;
  modern: number;
  refused: number;
  begun: number;
  posts: Post[];
  readonly open: Set<Socket>;
  readonly sessions: Set<string>;
}

const ports = new Map<number, Port>();
const prepared = new Map<string, Answers>();
/** The port where each session began. It goes on at any other, as at the machines behind one name. */
const sessions = new Map<string, Port>();
process.on("message", (question: Question) => {
  if (question.ask === "listen") listen(question.delayMs);
  else if (question.ask === "tally") process.send?.(tally(question.port));
  else process.send?.(close(question.port));
});
process.on("disconnect", () => process.exit());

function listen(delayMs: number): void {
  const server = createServer((request, response) => receive(port, request, response));
  const counted = { sockets: 0, messages: 0, modern: 0, refused: 0, begun: 0, posts: [] };
  const port: Port = { server, delayMs, ...counted, open: new Set(), sessions: new Set() };
  // Longer than any pause between two rounds of one variant: all of them find their sockets warm.
  server.keepAliveTimeout = 600_000;
  server.on("connection", (socket) => {
    port.sockets++;
    port.open.add(socket);
    socket.once("close", () => port.open.delete(socket));
    socket.setNoDelay(true);
  });
  server.listen(0, "127.0.0.1", () => {
    const { port: number } = server.address() as AddressInfo;
    ports.set(number, port);
    process.send?.(number);
  });
}

function tally(number: number): Tally | undefined {
  const port = ports.get(number);
  if (port === undefined) return undefined;
  const { sockets, messages, modern, refused, begun, posts } = port;
  Object.assign(port, { sockets: 0, messages: 0, modern: 0, refused: 0, begun: 0, posts: [] });
  const open = { sockets: port.open.size, sessions: port.sessions.size };
  return { sockets, messages, modern, refused, begun, posts, open };
}

function close(number: number): "closed" {
  const port = ports.get(number);
  ports.delete(number);
  port?.server.close();
  port?.server.closeAllConnections();
  for (const id of port?.sessions ?? []) sessions.delete(id);
  return "closed";
}

function receive(port: Port, request: IncomingMessage, response: ServerResponse): void {
  const { "mcp-session-id": session, authorization } = request.headers;
  // There is no standalone stream to GET.
  if (request.method === "GET") return void response.writeHead(405).end();
  if (request.method === "DELETE") {
    endSession(String(session));
    return void response.writeHead(204).end();
  }
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const message = JSON.parse(body) as Message;
    port.messages++;
    if (request.headers["mcp-protocol-version"] === "2026-07-28") port.modern++;
    if (authorization === `Bearer ${refusedToken}`) {
      port.refused++;
      return void response.writeHead(401, { "www-authenticate": "Bearer" }).end();
    }
    if (message.method === "tools/call" && message.params?.name === hangingTool) return;
    if (port.delayMs === 0) return answer(port, message, request, response);
    const post: Post = { method: message.method, arrived: performance.now(), answered: Infinity };
    port.posts.push(post);
    setTimeout(() => {
      post.answered = performance.now();
      answer(port, message, request, response);
    }, port.delayMs);
  });
}

interface Message {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly name?: string };
}

function answer(
  port: Port,
  { id, method }: Message,
  { url = "", headers }: IncomingMessage,
  response: ServerResponse,
) {
  const named = headers["mcp-session-id"];
  if (named !== undefined && !sessions.has(String(named))) return void response.writeHead(404).end();
  if (id === undefined) return void response.writeHead(202).end();
  const { eras, form } = readPath(url);
  const modern = headers["mcp-protocol-version"] === "2026-07-28";
  const uninitialised = method !== "initialize" && named === undefined;
  if (eras === "legacy" && (modern || uninitialised)) return refuse(response);

  let answers = prepared.get(url);
  if (answers === undefined) prepared.set(url, (answers = prepareAnswers(form)));
  const tail = (modern ? answers.modern : answers.legacy).get(method) ?? unknownMethod;
  const written = [Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)}`), tail];
  const session = method === "initialize" ? { "mcp-session-id": beginSession(port) } : {};
  if (form.reply === "sse") {
    response.writeHead(200, { "content-type": "text/event-stream", ...session });
    response.write(Buffer.concat([Buffer.from("event: message\ndata: "), ...written, Buffer.from("\n\n")]));
    return void response.end();
  }
  const whole = Buffer.concat(written);
  const length = { "content-length": whole.length };
  response.writeHead(200, { "content-type": "application/json", ...length, ...session }).end(whole);
}

function beginSession(port: Port): string {
  const id = randomUUID();
  sessions.set(id, port);
  port.sessions.add(id);
  port.begun++;
  return id;
}

function endSession(id: string): void {
  sessions.get(id)?.sessions.delete(id);
  sessions.delete(id);
}

/** As the official servers of the legacy line answer what comes before `initialize`. */
function refuse(response: ServerResponse): void {
  const error = { code: -32_000, message: "Bad Request: Server not initialized" };
  response.writeHead(400, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", error, id: null }));
}
