import type { Clock, Timer } from "@tenantry/core";
import { Outgoing } from "./outgoing.ts";

/** How a stream of events is kept. */
export interface EventStreamOptions {
  readonly clock: Clock;
  readonly keepAliveMs: number;
  readonly maxUnreadBytes: number;
  /** How long what has ended may wait to be read, in milliseconds. */
  readonly streamMs: number;
  /** Is told once when the stream is over before it was ended here: its client has left or does not read. */
  readonly onLeave: () => void;
}

/** A stream of messages to one client (Server-Sent Events; MCP, Streamable HTTP). */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #outgoing: Outgoing;
  #timer: Timer | undefined;
  #isOpen = true;
  #isSilent = true;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing({ ...options, onCancel: () => this.leave() });
    this.#beat();
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#outgoing.body;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends one message; does nothing once the stream is over. */
  send(message: object): void {
    this.#isSilent = false;
    this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  /** Ends the stream after what has been sent. */
  end(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#outgoing.end();
  }

  /** Gives the stream up, and what nobody has read of it: its client has left. */
  leave(reason: Error = left): void {
    this.#outgoing.drop(reason);
    if (!this.#isOpen) return;
    this.#close();
    this.#options.onLeave();
  }

  /** Runs `task` once the stream is over and hardly anything of it waits to be read. */
  whenRead(task: () => void): void {
    this.#outgoing.whenRead(task);
  }

  #close(): void {
    this.#isOpen = false;
    this.#timer?.cancel();
  }

  #write(text: string): void {
    if (!this.#isOpen) return;
    // A client that does not read what it is sent is given up: what waits for it is bounded, but for one message, which
    // may be as large as it is.
    if (this.#outgoing.unread < this.#options.maxUnreadBytes) this.#outgoing.write(text);
    else this.leave(new Error("The client does not read."));
  }

  /** Proxies cut what is silent for long. */
  #beat(): void {
    const { clock, keepAliveMs } = this.#options;
    this.#timer = clock.after(keepAliveMs, () => {
      if (this.#isSilent) this.#write(": here\n\n");
      this.#isSilent = true;
      if (this.#isOpen) this.#beat();
    });
  }
}

const left = Object.freeze(new Error("The client has left."));

/** The answer that carries a stream of events. */
export function streamResponse(
  stream: EventStream,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(stream.body, {
    status: 200,
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // nginx would gather the events otherwise.
      "x-accel-buffering": "no",
      ...headers,
    },
  });
}
