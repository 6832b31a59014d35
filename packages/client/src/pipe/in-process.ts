import { raceAbort, TenantryError, type CloseReason, type OpenPipeOptions, type Pipe } from "@tenantry/core";

/** The server's end of a pipe within this process, in the shape of the official SDK's `Transport`. */
export interface InProcessTransport {
  onmessage?: (message: unknown, extra?: unknown) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  sessionId?: string;
  start(): Promise<void>;
  send(message: unknown): Promise<void>;
  close(): Promise<void>;
}

/**
 * Gives the `connect` of an `InProcessServer` definition. `accept` is called once for each connection with the
 * server's end of it: `inProcess((transport) => createServer().connect(transport))`. Give every connection a server of
 * its own; one server on two transports mixes up their callers. Opening rejects with `CONNECT_FAILED` where it throws.
 */
export function inProcess(
  accept: (transport: InProcessTransport) => Promise<unknown>,
): (options: OpenPipeOptions) => Promise<Pipe> {
  return async ({ signal }) => {
    signal?.throwIfAborted();
    const link = new InProcessLink();
    try {
      await raceAbort(Promise.resolve(link.server).then(accept), signal);
    } catch (cause) {
      await link.client.close();
      if (signal?.aborted) throw signal.reason;
      throw new TenantryError(
        "CONNECT_FAILED",
        "The server in this process did not accept a connection; see the cause.",
        {
          cause,
        },
      );
    }
    return link.client;
  };
}

/** Two ends. What crosses is copied as JSON, as by a wire: neither side holds the other's objects. */
class InProcessLink {
  readonly client: Pipe;
  readonly server: InProcessTransport;
  readonly #toClient = new Lane((cause) => this.#end({ kind: "lost", cause }));
  readonly #toServer = new Lane((cause) => this.#end({ kind: "lost", cause }));
  readonly #closed = Promise.withResolvers<CloseReason>();
  #ended = false;

  constructor() {
    const transport: InProcessTransport = {
      start: async () => this.#toServer.open((message) => transport.onmessage?.(message)),
      send: async (message) => this.#send(this.#toClient, message),
      close: async () => this.#end({ kind: "lost" }),
    };
    this.server = transport;
    const closing = async () => this.#end({ kind: "closed" });
    this.client = {
      closed: this.#closed.promise,
      start: (receive) => this.#toClient.open(receive),
      send: async (message) => this.#send(this.#toServer, message),
      close: closing,
    };
  }

  #send(lane: Lane, message: unknown): void {
    if (this.#ended) {
      const details = { recover: "reconnect" } as const;
      throw new TenantryError(
        "CONNECTION_LOST",
        "The server in this process has closed the connection; open another.",
        details,
      );
    }
    const text = JSON.stringify(message) as string | undefined;
    if (text === undefined) throw new TypeError("A message is a JSON object.");
    lane.push(text);
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#closed.resolve(reason);
    // What the server makes of its end is its own affair.
    void (async () => this.server.onclose?.())().catch(() => {});
  }
}

/**
 * Messages one way, in order; they wait until the other side has started, and are never delivered within `send`. What
 * a receiver throws, or rejects with, is given to `broken`.
 */
class Lane {
  readonly #broken: (cause: unknown) => void;
  #waiting: string[] = [];
  #receive: ((message: unknown) => void) | undefined;

  constructor(broken: (cause: unknown) => void) {
    this.#broken = broken;
  }

  open(receive: (message: unknown) => void): void {
    this.#receive = receive;
    for (const text of this.#waiting.splice(0)) this.push(text);
  }

  push(text: string): void {
    const receive = this.#receive;
    if (receive === undefined) this.#waiting.push(text);
    else
      void Promise.resolve()
        .then(() => receive(JSON.parse(text)))
        .catch(this.#broken);
  }
}
