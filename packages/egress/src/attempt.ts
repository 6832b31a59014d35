import type { Dispatcher } from "undici";
import { codingOf, Decoder, encodingError, type ContentCoding } from "./content-coding.ts";
import { failureOf, timeoutError, type Progress } from "./failure.ts";
import type { EgressLimits } from "./limits.ts";
import { ReceivedBody, type BodySource } from "./response-body.ts";
import { tooLongError, type Answer, type Hop } from "./transport.ts";
import { watchOf, type Watch } from "./watch.ts";

/** What becomes of an attempt. */
export interface AttemptListener {
  /** It is given up from this side before it had a socket. */
  left(attempt: Attempt): void;
  /** Its socket, if it had one, is of no more use to it; called once, after its last byte or any failure. */
  freed(attempt: Attempt): void;
  /** Nothing more happens to the caller's exchange; called once. */
  over(): void;
}

/** One request on undici's dispatch interface, which tells exactly when a request begins to be written. */
export class Attempt implements Dispatcher.DispatchHandler, BodySource {
  readonly #hop: Hop;
  readonly #listener: AttemptListener;
  readonly #answered: (answer: Answer) => void;
  readonly #failed: (failure: unknown) => void;
  readonly #onAbort: (() => void) | undefined;
  readonly #watch: Watch | undefined;
  #progress: Progress | "over" = "unsent";
  #controller: Dispatcher.DispatchController | undefined;
  #body: ReceivedBody | undefined;
  #decoder: Decoder | undefined;
  #encodedBytes = 0;

  constructor(
    hop: Hop,
    limits: EgressLimits,
    listener: AttemptListener,
    answered: (answer: Answer) => void,
    failed: (failure: unknown) => void,
  ) {
    this.#hop = hop;
    this.#listener = listener;
    this.#answered = answered;
    this.#failed = failed;
    this.#watch = watchOf(limits, hop.until, (limit) =>
      this.#leave(timeoutError(limit, this.#progress === "unsent" ? "unsent" : "unknown", hop.place.origin)),
    );
    if (hop.signal === undefined) return;
    this.#onAbort = () => this.#leave(hop.signal?.reason);
    hop.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** What undici is asked for. It reads the array and keeps none of it. */
  get options(): Dispatcher.DispatchOptions {
    const { place, method, headers, body = null } = this.#hop;
    return { path: place.path, method, headers: headers as string[], body, idempotent: false };
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Undici takes a throw here as "not any more": nothing is written and the socket serves the next request.
    if (this.#progress === "over") throw new Error("The request was given up before it was sent.");
    this.#controller = controller;
    this.#progress = "sent";
    this.#watch?.sent();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    given: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#progress === "over") return;
    const headers = flat(given);
    const { maxResponseBytes, place } = this.#hop;
    if (Number(headers["content-length"] ?? 0) > maxResponseBytes)
      return this.#leave(tooLongError(maxResponseBytes));
    const coding = codingOf(headers["content-encoding"]);
    if (coding === "unknown") return this.#leave(encodingError(place.origin));
    this.#progress = "answering";
    this.#watch?.answered();
    this.#body = new ReceivedBody(this, maxResponseBytes);
    if (coding !== undefined) {
      controller.pause();
      this.#decoder = this.#decode(coding, this.#body);
      // They describe what was on the wire.
      delete headers["content-encoding"];
      delete headers["content-length"];
    }
    this.#answered({ status, headers, body: this.#body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#received();
    if (this.#decoder !== undefined) return this.#feed(this.#decoder, controller, chunk);
    const room = this.#body?.push(chunk);
    if (room === "full") this.#pause(controller);
    else if (room === "over") this.#leave(tooLongError(this.#hop.maxResponseBytes));
  }

  onResponseEnd(): void {
    this.#listener.freed(this);
    if (this.#decoder !== undefined) this.#decoder.end();
    else if (this.#finish()) this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#listener.freed(this);
    if (this.#progress === "over") return;
    const failure = failureOf(error, this.#progress, this.#hop.place.origin);
    this.#finish();
    this.#decoder?.leave();
    if (this.#body === undefined) this.#failed(failure);
    else this.#body.fail(failure);
  }

  /** Is called when the reader has made room. */
  resume(): void {
    this.#watch?.received();
    if (this.#decoder !== undefined) this.#decoder.resume();
    // Not at once: a reader may be in the middle of a chunk, and so is then the one parser of all sockets.
    else queueMicrotask(() => this.#controller?.resume());
  }

  /** Is called when the reader gives up. */
  cancel(): void {
    this.#leave(undefined);
  }

  /** Gives the request up from this side; its socket is of no use to another one then. */
  #leave(reason: unknown): void {
    const wasUnsent = this.#progress === "unsent";
    if (!this.#finish()) return;
    this.#decoder?.leave();
    if (this.#body === undefined) this.#failed(reason);
    else this.#body.drop(reason);
    if (wasUnsent) this.#listener.left(this);
    this.#controller?.abort(new Error("The request was given up."));
  }

  #finish(): boolean {
    if (this.#progress === "over") return false;
    this.#progress = "over";
    this.#watch?.end();
    if (this.#onAbort !== undefined) this.#hop.signal?.removeEventListener("abort", this.#onAbort);
    this.#listener.over();
    return true;
  }

  /** While the decoder waits for its reader, nobody waits for the server, whatever still comes from it. */
  #received(): void {
    if (this.#decoder?.isFull !== true) this.#watch?.received();
  }

  #pause(controller: Dispatcher.DispatchController | undefined): void {
    this.#watch?.paused();
    controller?.pause();
  }

  #feed(decoder: Decoder, controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#encodedBytes += chunk.length;
    if (this.#encodedBytes > this.#hop.maxResponseBytes)
      this.#leave(tooLongError(this.#hop.maxResponseBytes));
    else if (!decoder.write(chunk)) this.#pause(controller);
  }

  #decode(coding: ContentCoding, body: ReceivedBody): Decoder {
    return new Decoder(coding, {
      decoded: (chunk) => {
        const room = body.push(chunk);
        if (room === "full") this.#watch?.paused();
        else if (room === "over") this.#leave(tooLongError(this.#hop.maxResponseBytes));
        return room;
      },
      drained: () => {
        this.#received();
        this.#controller?.resume();
      },
      ended: () => this.#finish() && body.end(),
      failed: (cause) => this.#leave(encodingError(this.#hop.place.origin, cause)),
    });
  }
}

/** Several values of one name are one list (RFC 9110, section 5.3). */
function flat(given: Record<string, string | string[] | undefined>): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return headers;
}
