import { InMemoryTransport, type JSONRPCMessage } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import {
  systemClock,
  TenantryError,
  type Clock,
  type CloseReason,
  type Era,
  type OpenPipeOptions,
  type Pipe,
} from "@tenantry/core";
import { defaultTools, type FakeTool } from "./fake-tools.ts";
import { describeMessage } from "./recording.ts";
import { createToolServers } from "./tool-server.ts";

/** How an in-memory server behaves. */
export interface InMemoryServerOptions {
  /** Which eras it speaks; defaults to `dual`: the first message on a pipe decides. */
  readonly era?: Era | "dual";
  /** The environment variable that carries the key, and the user of each key. */
  readonly authenticate?: { readonly variable: string; readonly keys: Readonly<Record<string, string>> };
  /** Its tools; defaults to {@link defaultTools}. */
  readonly tools?: readonly FakeTool[];
  /** The tools of each user, instead of `tools`. */
  readonly toolsFor?: (user: string | undefined) => readonly FakeTool[];
  /** How many tools a page of `tools/list` holds; defaults to all. */
  readonly pageSize?: number;
  /** Where time comes from; defaults to the real clock. */
  readonly clock?: Clock;
}

/** A pipe that was opened, and with what. */
export interface RecordedPipe {
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The credential's variables, in plain text. */
  readonly env: Readonly<Record<string, string>>;
  /** The user that its key belongs to. */
  readonly user: string | undefined;
  /** Whether it is still open. */
  readonly open: boolean;
}

/** One message that a client sent. */
export interface RecordedMessage {
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The pipe that it came through. */
  readonly pipe: RecordedPipe;
  /** The user of that pipe. */
  readonly user: string | undefined;
  /** Its JSON-RPC method; `undefined` for a response. */
  readonly rpc: string | undefined;
  /** The tool that it calls. */
  readonly tool: string | undefined;
  /** The message itself. */
  readonly body: unknown;
}

/** An MCP server in this process: a fake child, reached as an `InProcessServer` definition. */
export interface InMemoryServer {
  /** Opens a pipe to a server of its own; give it as a definition's `connect`. */
  readonly connect: (options: OpenPipeOptions) => Promise<Pipe>;
  /** Every pipe, in order of opening. */
  readonly pipes: readonly RecordedPipe[];
  /** How many pipes are open. */
  readonly openPipes: number;
  /** Every message from a client, in order. */
  readonly requests: readonly RecordedMessage[];
  /** Ends every open pipe from the server's side, as a crash does. */
  crash(): Promise<void>;
}

/** Creates an MCP server in this process; it holds nothing but what its pipes hold. */
export function inMemoryServer(options: InMemoryServerOptions = {}): InMemoryServer {
  const { clock = systemClock, era = "dual", authenticate, pageSize = Number.POSITIVE_INFINITY } = options;
  const tools = options.tools ?? defaultTools({ clock });
  const createToolServer = createToolServers({
    toolsOf: options.toolsFor ?? (() => tools),
    pageSize,
    progress: true,
  });
  const users = new Map(Object.entries(authenticate?.keys ?? {}));
  const pipes: RecordedPipe[] = [];
  const requests: RecordedMessage[] = [];
  const open = new Set<LinkedPipe>();

  const connect = async ({ env, signal }: OpenPipeOptions): Promise<Pipe> => {
    signal?.throwIfAborted();
    const plain = Object.freeze(
      Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.reveal()])),
    );
    const credential = authenticate === undefined ? undefined : plain[authenticate.variable];
    const user = credential === undefined ? undefined : users.get(credential);
    const [near, far] = InMemoryTransport.createLinkedPair();
    const record = { at: clock.now(), env: plain, user, open: true };
    pipes.push(record);
    const note = (body: unknown) =>
      requests.push({ at: clock.now(), pipe: record, user, ...describeMessage(body), body });
    const server = await serve(far, era, () => createToolServer(() => ({ user, credential })));
    const pipe = new LinkedPipe(near, server, note);
    open.add(pipe);
    void pipe.closed.then(() => {
      record.open = false;
      open.delete(pipe);
    });
    return pipe;
  };

  return {
    connect,
    pipes,
    requests,
    get openPipes() {
      return open.size;
    },
    async crash() {
      await Promise.all([...open].map((pipe) => pipe.lose()));
    },
  };
}

interface Closable {
  close(): Promise<void>;
}

/** Only a server that knows both eras leaves the choice to the first message. */
async function serve(
  transport: InMemoryTransport,
  era: Era | "dual",
  create: () => ReturnType<ReturnType<typeof createToolServers>>,
): Promise<Closable> {
  if (era !== "legacy")
    return serveStdio(create, { transport, legacy: era === "modern" ? "reject" : "serve" });
  const server = create();
  await server.connect(transport);
  return server;
}

/** The client's end. What crosses is copied as JSON, as a real pipe does: neither side sees the other's objects. */
class LinkedPipe implements Pipe {
  readonly closed: Promise<CloseReason>;
  readonly #transport: InMemoryTransport;
  readonly #server: Closable;
  readonly #note: (message: unknown) => void;
  readonly #end: (reason: CloseReason) => void;
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(transport: InMemoryTransport, server: Closable, note: (message: unknown) => void) {
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#end = (reason) => {
      this.#ended = true;
      resolve(reason);
    };
    this.#transport = transport;
    this.#server = server;
    this.#note = note;
    transport.onclose = () => this.#end({ kind: "lost" });
  }

  start(receive: (message: unknown) => void): void {
    this.#transport.onmessage = (message) => receive(copy(message));
    void this.#transport.start();
  }

  async send(message: unknown): Promise<void> {
    if (this.#ended) throw new TenantryError("CONNECTION_LOST", "The pipe has ended; open another.");
    this.#note(copy(message));
    await this.#transport.send(copy(message) as JSONRPCMessage);
  }

  close(): Promise<void> {
    this.#end({ kind: "closed" });
    return (this.#closing ??= this.#server.close());
  }

  /** Ends the server alone, which is how the client's end loses it. */
  lose(): Promise<void> {
    return this.#server.close();
  }
}

function copy(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}
