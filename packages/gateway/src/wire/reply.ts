import type { Clock, Timer } from "@tenantry/core";
import { EventStream, streamResponse } from "./event-stream.ts";
import type { Failure } from "./failure.ts";
import type { Id } from "./message.ts";
import { Outgoing, pieceBytes } from "./outgoing.ts";

/** How one request is answered. */
export interface ReplyOptions {
  readonly id: Id;
  readonly clock: Clock;
  readonly keepAliveMs: number;
  readonly maxUnreadBytes: number;
  /** How long a large answer may wait to be read, in milliseconds. */
  readonly streamMs: number;
  /** Is told once when the client leaves before it has its answer. */
  readonly onLeave: () => void;
}

/**
 * The answer to one POST: a single JSON body, or a stream of events as soon as something is to be said before the result,
 * or nothing has been for long.
 */
export class Reply {
  /** Resolves with the HTTP answer as soon as it begins. */
  readonly response: Promise<Response>;
  readonly #options: ReplyOptions;
  readonly #waiting: Timer;
  #settle!: (response: Response) => void;
  #stream: EventStream | undefined;
  /** The body of a message that is too large to be given out at once. */
  #large: Outgoing | undefined;
  #isOver = false;
  #hasLeft = false;

  constructor(options: ReplyOptions) {
    this.#options = options;
    this.response = new Promise((resolve) => (this.#settle = resolve));
    this.#waiting = options.clock.after(options.keepAliveMs, () => this.#begin());
  }

  /** Whether the client can still be told anything. */
  get isOpen(): boolean {
    return !this.#isOver && this.#stream?.isOpen !== false;
  }

  /** Tells the client something that nobody answers. */
  notify(method: string, params: object): void {
    this.#send({ jsonrpc: "2.0", method, params });
  }

  /** Asks the client something. */
  ask(id: string, method: string, params: object | undefined): void {
    this.#send({ jsonrpc: "2.0", id, method, ...(params !== undefined && { params }) });
  }

  /** Gives the result; nothing is said after it. */
  answer(result: object): void {
    this.#finish(200, { jsonrpc: "2.0", id: this.#options.id, result });
  }

  /** Gives the error; nothing is said after it. */
  fail(failure: Failure): void {
    this.#finish(failure.status, errorMessage(this.#options.id, failure));
  }

  /** Gives somebody else's answer as the whole of it; what has been said already cannot be taken back. */
  pass(response: Response): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.cancel();
    if (this.#stream === undefined) return this.#settle(response);
    this.#stream.end();
  }

  /** Gives up what the client has not read: it has left. */
  leave(): void {
    this.#hasLeft = true;
    this.#stream?.leave();
    this.#large?.drop(new Error("The client has left."));
  }

  /** Runs `task` once hardly anything of the whole answer waits to be read; at once, where that is so. */
  whenRead(task: () => void): void {
    const body = this.#stream ?? this.#large;
    if (body === undefined) task();
    else body.whenRead(task);
  }

  #send(message: object): void {
    if (this.#isOver) return;
    this.#begin().send(message);
  }

  #begin(): EventStream {
    if (this.#stream !== undefined) return this.#stream;
    this.#waiting.cancel();
    this.#stream = new EventStream(this.#options);
    this.#settle(streamResponse(this.#stream));
    if (this.#hasLeft) this.#stream.leave();
    return this.#stream;
  }

  #finish(status: number, message: object): void {
    if (this.#isOver) return;
    // What is no JSON throws before anything is over, so that the client can be told.
    const whole = this.#stream === undefined ? JSON.stringify(message) : undefined;
    this.#stream?.send(message);
    this.#isOver = true;
    this.#waiting.cancel();
    if (whole !== undefined) return this.#settle(messageResponse(this.#bodyOf(whole), status));
    this.#stream?.end();
  }

  #bodyOf(whole: string): string | ReadableStream<Uint8Array> {
    if (whole.length <= pieceBytes) return whole;
    this.#large = new Outgoing({ ...this.#options, onCancel: () => {} });
    this.#large.write(whole);
    this.#large.end();
    if (this.#hasLeft) this.leave();
    return this.#large.body;
  }
}

/** An answer of one message. */
export function jsonResponse(
  message: object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return messageResponse(JSON.stringify(message), status, headers);
}

function messageResponse(
  body: string | ReadableStream<Uint8Array>,
  status: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** An error as JSON-RPC has it. */
function errorMessage(id: Id | null, { code, message, data }: Failure): object {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data !== undefined && { data }) } };
}

/** An error that is the whole answer. */
export function errorResponse(id: Id | null, failure: Failure): Response {
  return jsonResponse(errorMessage(id, failure), failure.status);
}
