import type { Clock, Timer } from "@tenantry/core";

/** The largest piece that a body is given out in, in bytes; of a body that has ended no more than this waits for nobody. */
export const pieceBytes: number = 64 * 1_024;

/** How a body is given out. */
export interface OutgoingOptions {
  readonly clock: Clock;
  /** How long what has ended may wait to be read before it is dropped, in milliseconds. */
  readonly streamMs: number;
  /** Is told where whoever reads it stops. */
  readonly onCancel: () => void;
}

/** The body of an answer, given out in pieces as fast as its client reads, so that it is known how much of it waits. */
export class Outgoing {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: Omit<OutgoingOptions, "onCancel">;
  readonly #waiting: Uint8Array[] = [];
  #unread = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #state: "open" | "ended" | "over" = "open";
  #more: (() => void) | undefined;
  #onRead: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor({ onCancel, ...options }: OutgoingOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: async () => {
          if (this.#waiting.length === 0 && this.#state === "open")
            await new Promise<void>((resolve) => (this.#more = resolve));
          this.#give();
        },
        cancel: (reason) => {
          this.drop(reason);
          onCancel();
        },
      },
      // What nobody has asked for waits here, where it is counted.
      { highWaterMark: 0 },
    );
  }

  /** How many bytes wait to be read. */
  get unread(): number {
    return this.#unread;
  }

  /** Adds text to the end; does nothing once it has ended. */
  write(text: string): void {
    if (this.#state !== "open") return;
    const bytes = encoder.encode(text);
    this.#unread += bytes.byteLength;
    this.#waiting.push(bytes);
    this.#more?.();
  }

  /** Ends it after what has been written. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#more?.();
    if (this.#isRead) return this.#read();
    const { clock, streamMs } = this.#options;
    this.#timer = clock.after(streamMs, () => this.drop(new Error("The client does not read.")));
  }

  /** Gives up what nobody has read; whoever reads it gets `reason` as its error. */
  drop(reason: unknown): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#waiting.length = 0;
    this.#unread = 0;
    this.#controller.error(reason);
    this.#more?.();
    this.#read();
  }

  /** Runs `task` once hardly anything waits any more of what has ended: at once, where that is so. */
  whenRead(task: () => void): void {
    if (this.#isRead) task();
    else this.#onRead = task;
  }

  get #isRead(): boolean {
    return this.#state !== "open" && this.#unread <= pieceBytes;
  }

  #give(): void {
    if (this.#state === "over") return;
    const first = this.#waiting.shift();
    if (first === undefined) {
      this.#state = "over";
      return this.#controller.close();
    }
    if (first.byteLength > pieceBytes) this.#waiting.unshift(first.subarray(pieceBytes));
    const piece = first.subarray(0, pieceBytes);
    this.#unread -= piece.byteLength;
    this.#controller.enqueue(piece);
    if (this.#isRead) this.#read();
  }

  #read(): void {
    this.#timer?.cancel();
    this.#onRead?.();
    this.#onRead = undefined;
  }
}

const encoder = new TextEncoder();
