import { TenantryError } from "@tenantry/core";
import type { Dispatcher } from "undici";
import { failureOf, type Progress } from "./failure.ts";
import { ReceivedBody } from "./response-body.ts";
import { tooLongError, type Answer, type Hop } from "./transport.ts";

/** What becomes of an attempt. */
export interface AttemptListener {
  answered(answer: Answer): void;
  /** It failed before it was answered. */
  failed(failure: unknown): void;
  /** Nothing more happens; called once, after an answer's last byte or after any failure. */
  over(): void;
}

/** One request on undici's dispatch interface, which tells exactly when a request begins to be written. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #hop: Hop;
  readonly #origin: string;
  readonly #listener: AttemptListener;
  #progress: Progress | "over" = "unsent";
  #controller: Dispatcher.DispatchController | undefined;
  #body: ReceivedBody | undefined;
  readonly #onAbort = () => this.#leave(this.#hop.signal?.reason);

  constructor(hop: Hop, origin: string, listener: AttemptListener) {
    this.#hop = hop;
    this.#origin = origin;
    this.#listener = listener;
    hop.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Undici takes a throw here as "not any more": nothing is written and the socket serves the next request.
    if (this.#progress === "over") throw new Error("The request was given up before it was sent.");
    this.#controller = controller;
    this.#progress = "sent";
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    given: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#progress === "over") return;
    const headers = flat(given);
    const refusal = this.#refusal(headers);
    if (refusal !== undefined) return this.#leave(refusal);
    this.#progress = "answering";
    const source = { resume: () => this.#controller?.resume(), cancel: () => this.#leave(undefined) };
    this.#body = new ReceivedBody(source, this.#hop.maxResponseBytes);
    this.#listener.answered({ status, headers, body: this.#body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const room = this.#body?.push(chunk);
    if (room === "full") controller.pause();
    else if (room === "over") this.#leave(tooLongError(this.#hop.maxResponseBytes));
  }

  onResponseEnd(): void {
    if (this.#finish()) this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#progress === "over") return;
    const failure = failureOf(error, this.#progress, this.#origin);
    this.#finish();
    if (this.#body === undefined) this.#listener.failed(failure);
    else this.#body.fail(failure);
  }

  /** Gives the request up from this side; the socket is of no use to another one then. */
  #leave(reason: unknown): void {
    if (!this.#finish()) return;
    if (this.#body === undefined) this.#listener.failed(reason);
    else this.#body.drop(reason);
    this.#controller?.abort(new Error("The request was given up."));
  }

  #finish(): boolean {
    if (this.#progress === "over") return false;
    this.#progress = "over";
    this.#hop.signal?.removeEventListener("abort", this.#onAbort);
    this.#listener.over();
    return true;
  }

  #refusal(headers: Readonly<Record<string, string>>): TenantryError | undefined {
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      const what = `${this.#origin} encoded its response although nothing was offered; have it answer without content-encoding.`;
      return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
    }
    const tooLong = Number(headers["content-length"] ?? 0) > this.#hop.maxResponseBytes;
    return tooLong ? tooLongError(this.#hop.maxResponseBytes) : undefined;
  }
}

function flat(given: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  const headers = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return headers;
}
