import { raceAbort, TenantryError, type CloseReason, type HttpEndpoint, type Pipe } from "@tenantry/core";
import { readEventStream } from "../http/event-stream.ts";
import { lost } from "../failure.ts";
import { parseJson } from "../json-text.ts";
import type { ClientLimits } from "../limits.ts";
import { postEndpoint } from "./sse-endpoint.ts";
import { SseRequests, streamEnded, type SseRequestsOptions } from "./sse-requests.ts";

/** How an {@link SsePipe} is opened. */
export interface SsePipeOptions extends SseRequestsOptions {
  /** Governs the opening alone. */
  readonly signal: AbortSignal;
}

/** A pipe over HTTP: a stream of events brings what the server says, and what is said to it is posted. */
export interface SsePipe extends Pipe {
  /** What was sent in secret headers and queries lately, so that no message repeats it. */
  readonly secrets: readonly string[];
}

/**
 * Opens the HTTP+SSE transport (MCP 2024-11-05) and waits until the server has said where messages go, which it may
 * never do: give the signal a deadline. Nothing is left open where it fails: with what the egress throws, with the
 * failure that an answer's status tells, with `PROTOCOL_VIOLATION` where the answer is no stream of events or one that
 * ends, with `LIMIT_EXCEEDED`, or with the refusal of {@link postEndpoint}.
 */
export async function openSsePipe({ signal, ...options }: SsePipeOptions): Promise<SsePipe> {
  signal.throwIfAborted();
  const pipe = new EventStreamPipe(options);
  try {
    await raceAbort(pipe.open(), signal);
    return pipe;
  } catch (failure) {
    await pipe.close();
    throw failure;
  }
}

/** Each message that waits for the start counts a little more than its text, because a tiny one costs more too. */
const messageCost = 128;

/** States: opening → open → ended (by its owner, or lost). */
class EventStreamPipe implements SsePipe {
  readonly closed: Promise<CloseReason>;
  readonly #limits: ClientLimits;
  readonly #server: HttpEndpoint;
  readonly #requests: SseRequests;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #closing: Promise<void>;
  /** Where messages go, once the server has said so. */
  #target: HttpEndpoint | undefined;
  #receive: ((message: unknown) => void) | undefined;
  #started = false;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #ended: CloseReason["kind"] | undefined;

  constructor(options: SseRequestsOptions) {
    this.closed = this.#closed.promise;
    this.#closing = this.closed.then(() => {});
    this.#limits = options.limits;
    this.#server = options.endpoint;
    this.#requests = new SseRequests(options);
  }

  get secrets(): readonly string[] {
    return this.#requests.secrets;
  }

  /** Opens the stream; resolves when the server has said where messages go. */
  open(): Promise<void> {
    void this.#read().then(
      () => this.#lose(undefined),
      (failure: unknown) => this.#lose(failure),
    );
    return this.#opened.promise;
  }

  start(receive: (message: unknown) => void): void {
    if (this.#started) throw new TypeError("This pipe has been started; start it once.");
    this.#started = true;
    queueMicrotask(() => {
      this.#receive = receive;
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        for (const text of waiting) this.#deliver(text);
      } catch (cause) {
        this.#lose(cause);
      }
    });
  }

  async send(message: unknown): Promise<void> {
    if (this.#target === undefined) throw streamEnded("unsent");
    await this.#requests.post(this.#target, message);
  }

  close(): Promise<void> {
    this.#end({ kind: "closed" });
    return this.#closing;
  }

  async #read(): Promise<void> {
    const response = await this.#requests.stream();
    // It lasts as long as the connection; only each of its events has a bound.
    const limits = {
      maxMessageBytes: this.#limits.maxMessageBytes,
      maxStreamBytes: Number.POSITIVE_INFINITY,
    };
    await readEventStream(response, limits, { event: (data, event) => this.#take(data, event) });
  }

  #take(data: string, event = "message"): void {
    if (event === "message") this.#deliver(data);
    else if (event === "endpoint" && this.#target === undefined) {
      this.#target = postEndpoint(this.#server, data);
      this.#opened.resolve();
    }
  }

  #deliver(text: string): void {
    if (this.#ended === "closed") return;
    if (this.#receive === undefined) return this.#keep(text);
    const message = parsed(text, this.#limits);
    if (message !== undefined) this.#receive(message);
  }

  #keep(text: string): void {
    const { maxMessageBytes } = this.#limits;
    this.#waitingBytes += text.length + messageCost;
    if (this.#waitingBytes > maxMessageBytes) {
      const what = `The server sent more than ${maxMessageBytes} bytes before anything was asked of it; raise limits.maxMessageBytes if that is expected.`;
      throw new TenantryError("LIMIT_EXCEEDED", what, { delivery: "unknown", recover: "reconnect" });
    }
    this.#waiting.push(text);
  }

  #lose(failure: unknown): void {
    this.#opened.reject(unopened(failure));
    const isBroken = failure === undefined || isLost(failure);
    this.#end({ kind: "lost", cause: isBroken ? streamEnded("unknown", failure) : failure });
  }

  #end(reason: CloseReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason.kind;
    if (reason.kind === "closed") this.#waiting = [];
    this.#requests.end();
    this.#closed.resolve(reason);
  }
}

/** A message; `undefined` for what is not JSON, which some servers send between messages. */
function parsed(text: string, limits: ClientLimits): unknown {
  try {
    return parseJson(text, limits);
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined;
    throw failure;
  }
}

/** Why a pipe was not opened, where its stream ended like this. */
function unopened(failure: unknown): unknown {
  if (isLost(failure)) return lost("GET", "The connection to the server broke", { cause: failure });
  if (failure !== undefined) return failure;
  const what =
    "The server's stream of events ended without saying where messages go; check that its url leads to an MCP server.";
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}

function isLost(failure: unknown): boolean {
  return failure instanceof TenantryError && failure.code === "CONNECTION_LOST";
}
