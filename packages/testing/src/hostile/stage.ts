import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { answerPolitely } from "./polite.ts";

/** A JSON-RPC message as it came. */
export interface WireMessage {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly cursor?: string;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

/** One HTTP request that reached a server. */
export interface HostileRequest {
  /** When its head arrived, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The JSON-RPC method of its body. */
  readonly rpc: string | undefined;
  /** The tool that it calls. */
  readonly tool: string | undefined;
  /** When its exchange ended, by either side; `undefined` while it lasts. */
  readonly endedAt: number | undefined;
}

/** What has reached one server. */
export interface HostileRecord {
  readonly requests: readonly HostileRequest[];
  /** How many sockets were ever accepted. */
  readonly connections: number;
  readonly openSockets: number;
  /** The most requests that were under way at one time. */
  readonly mostAtOnce: number;
  /** How much has been handed to the system for sending, in bytes. */
  readonly sentBytes: number;
}

/** One request, to be answered in any way, or not at all. */
export interface Exchange {
  readonly message: WireMessage;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answers with a JSON-RPC result. */
  result(value: object): void;
  /** Answers with pieces of one content type, as fast as they are read; ends with the last one. */
  pour(type: string, pieces: Iterable<string> | AsyncIterable<string>, options?: PourOptions): void;
}

interface PourOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** What the pieces pass through on their way. */
  readonly through?: readonly Transform[];
}

/** What a case does with a request; `false` leaves it to be answered politely. */
export type Act = (exchange: Exchange) => boolean;

type Noted = { -readonly [K in keyof HostileRequest]: HostileRequest[K] };

/** An HTTP server of which every byte is the case's own; it speaks just enough MCP to be believed. */
export class Stage {
  readonly record: HostileRecord;
  readonly #server;
  readonly #act: Act;
  readonly #sockets = new Set<Socket>();
  readonly #requests: Noted[] = [];
  #port = 0;
  #connections = 0;
  #atOnce = 0;
  #mostAtOnce = 0;
  #sentBytes = 0;

  constructor(act: Act) {
    this.#act = act;
    this.#server = createServer((request, response) => void this.#receive(request, response).catch(() => {}));
    this.#server.on("connection", (socket) => this.#accept(socket));
    const sent = () => [...this.#sockets].reduce((sum, socket) => sum + bytesSent(socket), this.#sentBytes);
    const stage = this;
    this.record = {
      requests: this.#requests,
      get connections() {
        return stage.#connections;
      },
      get openSockets() {
        return stage.#sockets.size;
      },
      get mostAtOnce() {
        return stage.#mostAtOnce;
      },
      get sentBytes() {
        return sent();
      },
    };
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server.close(), "close");
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#connections++;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#sentBytes += bytesSent(socket);
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const noted: Noted = {
      ...{ at: Date.now(), method, path: url, headers },
      ...{ rpc: undefined, tool: undefined, endedAt: undefined },
    };
    this.#requests.push(noted);
    this.#mostAtOnce = Math.max(this.#mostAtOnce, ++this.#atOnce);
    response.once("close", () => {
      this.#atOnce--;
      noted.endedAt = Date.now();
    });
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
    const message = (text === "" ? {} : JSON.parse(text)) as WireMessage;
    noted.rpc = message.method;
    noted.tool = message.params?.name;
    const exchange = exchangeOf(message, request, response);
    if (!this.#act(exchange)) answerPolitely(exchange);
  }
}

function exchangeOf(message: WireMessage, request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    message,
    request,
    response,
    result(result) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
    },
    pour(type, pieces, { headers = {}, through = [] } = {}) {
      response.writeHead(response.statusCode, { "content-type": type, ...headers });
      // The client may leave at any time, and mostly that is what is hoped for.
      pipeline([Readable.from(pieces), ...through, response]).catch(() => {});
    },
  };
}

function bytesSent(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}
