import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { Loopback, sendResponse } from "./loopback.ts";

/** A handler of the platform's requests behind a real HTTP server. */
export interface FetchServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: URL;
  /** How many sockets are open. */
  readonly openSockets: number;
  /** Stops listening and ends every socket. */
  close(): Promise<void>;
}

/**
 * Serves a handler on a free port of 127.0.0.1. Requests come with the headers as they were sent, `host` included, and abort
 * when their client leaves; bodies are passed on as they arrive. Where the handler rejects, the answer is a 500.
 */
export async function startFetchServer(
  handle: (request: Request) => Response | Promise<Response>,
): Promise<FetchServer> {
  const loopback = new Loopback(async (request, response) => {
    await sendResponse(response, await handle(toRequest(request, response)));
  });
  const url = await loopback.listen();
  const close = () => loopback.close();
  return {
    url,
    get openSockets() {
      return loopback.openSockets;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function toRequest(request: IncomingMessage, response: ServerResponse): Request {
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  const { method = "GET", url = "/", rawHeaders } = request;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  const hasBody = method !== "GET" && method !== "HEAD";
  // Whoever sends the request chooses its host, which may be none of a URL: it is told in the headers only.
  return new Request(new URL(url, "http://127.0.0.1"), {
    ...{ method, headers, signal: leaving.signal },
    ...(hasBody && { body: Readable.toWeb(request), duplex: "half" }),
  } as RequestInit);
}
