import { originOf, type Origin } from "@tenantry/core";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a server was sent. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestServer extends AsyncDisposable {
  readonly url: URL;
  readonly origin: Origin;
  readonly seen: readonly Seen[];
  connections(): Promise<number>;
  /** Ends every connection; resolves when they are gone. */
  endConnections(): Promise<void>;
}

/** A real HTTP server on the loopback that records every request before it answers. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, seen: Seen) => void | Promise<void> = (
    _,
    response,
  ) => void response.end("ok"),
): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
      seen.push(one);
      void answer(request, response, one);
    });
  });
  return { seen, ...(await listening(server, () => server.closeAllConnections())) };
}

/** A TCP server that speaks for itself. */
export async function serveRaw(speak: (socket: Socket) => void): Promise<Omit<TestServer, "seen">> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    speak(socket);
  });
  return listening(server, () => sockets.forEach((socket) => socket.destroy()));
}

async function listening(server: Server, endAll: () => void): Promise<Omit<TestServer, "seen">> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  return {
    url,
    origin: originOf(url),
    connections,
    endConnections: () => {
      endAll();
      return until(async () => (await connections()) === 0);
    },
    [Symbol.asyncDispose]: () => {
      endAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Waits until `holds` is true; fails after five seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const last = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > last) throw new Error("It did not come true.");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The reason that a promise rejects with; fails where it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol("nothing");
  const reason = await promise.then(
    () => nothing,
    (thrown: unknown) => thrown,
  );
  if (reason === nothing) throw new Error("It did not reject.");
  return reason;
}
