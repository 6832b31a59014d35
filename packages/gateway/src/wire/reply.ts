import type { Clock, Timer } from "@tenantry/core";
import { EventStream, streamResponse } from "./event-stream.ts";
import type { Failure } from "./failure.ts";
import type { Id } from "./message.ts";

/** How one request is answered. */
export interface ReplyOptions {
  readonly id: Id;
  readonly clock: Clock;
  readonly keepAliveMs: number;
  readonly maxUnreadBytes: number;
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
  #isOver = false;

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

  #send(message: object): void {
    if (this.#isOver) return;
    this.#begin().send(message);
  }

  #begin(): EventStream {
    if (this.#stream !== undefined) return this.#stream;
    this.#waiting.cancel();
    this.#stream = new EventStream(this.#options);
    this.#settle(streamResponse(this.#stream));
    return this.#stream;
  }

  #finish(status: number, message: object): void {
    if (this.#isOver) return;
    // What is no JSON throws before anything is over, so that the client can be told.
    const whole = this.#stream === undefined ? jsonResponse(message, status) : undefined;
    this.#stream?.send(message);
    this.#isOver = true;
    this.#waiting.cancel();
    if (whole !== undefined) return this.#settle(whole);
    this.#stream?.end();
  }
}

/** An answer of one message. */
export function jsonResponse(
  message: object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(message), {
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
