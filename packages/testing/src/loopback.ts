import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { toWebRequest } from "@modelcontextprotocol/node";
import { TenantryError } from "@tenantry/core";
import type { Arrival } from "./recording.ts";

/** An HTTP listener on a free port of 127.0.0.1. */
export class Loopback {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #closed: Promise<void> | undefined;

  /** Gives each request to `receive`, and answers 500 where that rejects. */
  constructor(receive: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
    this.#server = createServer((request, response) => {
      receive(request, response).catch((failure: unknown) => apologise(response, failure));
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Listens and gives the origin as a URL; throws `CONNECT_FAILED`. */
  async listen(): Promise<URL> {
    try {
      await once(this.#server.listen(0, "127.0.0.1"), "listening");
    } catch (cause) {
      throw new TenantryError("CONNECT_FAILED", "No port of 127.0.0.1 could be opened; see the cause.", {
        cause,
      });
    }
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** Stops listening and ends every socket, busy or not. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#server.close();
    const ending = [...this.#sockets].map((socket) => once(socket.destroy(), "close"));
    await Promise.all(ending);
  }
}

/** The request as the SDK takes it, with the bytes that were read for the record; it aborts when the client leaves. */
export function toRequest({ request, response, bytes }: Arrival): Promise<Request> {
  const { method = "GET", url = "/", headers } = request;
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  const body = Readable.from([bytes]);
  const replay = { method, url, headers, [Symbol.asyncIterator]: () => body[Symbol.asyncIterator]() };
  return toWebRequest(replay, undefined, {
    signal: leaving.signal,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  });
}

/**
 * Writes an answer as it comes. When the client leaves, the answer's stream is cancelled at once; the SDK's own
 * adapter notices at the next chunk only, and the idle stream of a session has none.
 */
export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), response);
}

function apologise(response: ServerResponse, failure: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const tooLarge = failure instanceof TenantryError && failure.code === "LIMIT_EXCEEDED";
  response
    .writeHead(tooLarge ? 413 : 500, { "content-type": "text/plain", connection: "close" })
    .end(String(failure));
}
