import type { Clock, Timer } from "@tenantry/core";

/** How a stream of events is kept. */
export interface EventStreamOptions {
  readonly clock: Clock;
  readonly keepAliveMs: number;
  readonly maxUnreadBytes: number;
  /** Is told once when the stream is over before it was ended here: its client has left or does not read. */
  readonly onLeave: () => void;
}

/** A stream of messages to one client (Server-Sent Events; MCP, Streamable HTTP). */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: EventStreamOptions;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #timer: Timer | undefined;
  #isOpen = true;
  #isSilent = true;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.leave(),
      },
      { highWaterMark: options.maxUnreadBytes, size: (chunk) => chunk.byteLength },
    );
    this.#beat();
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
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#controller.close();
  }

  /** Gives the stream up: its client has left. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#timer?.cancel();
    this.#options.onLeave();
  }

  #write(text: string): void {
    if (!this.#isOpen) return;
    // A client that does not read what it is sent is given up: what waits for it is bounded, but for one message, which
    // may be as large as it is.
    if ((this.#controller.desiredSize ?? 0) > 0) return this.#controller.enqueue(encoder.encode(text));
    this.#controller.error(new Error("The client does not read."));
    this.leave();
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

const encoder = new TextEncoder();

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
