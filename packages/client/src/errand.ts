import { TenantryError, type Clock, type Timer } from "@tenantry/core";
import type { Call } from "./call.ts";

/** Until when, and for whom, an errand is run. */
export interface ErrandOptions {
  readonly method: string;
  readonly clock: Clock;
  /** `Infinity` where whoever asks sets no deadline but its signal. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a caller asked for, from its first request to its result: one call after another, where a server wants more than
 * one, under one deadline and one signal. Dispose of it when it is done.
 */
export class Errand implements Disposable {
  readonly #options: ErrandOptions;
  readonly #timer: Timer | undefined;
  readonly #leave: (() => void) | undefined;
  #call: Call | undefined;
  #mayHaveRun = false;
  #end: { readonly reason: unknown } | undefined;
  #onEnd: (() => void) | undefined;

  constructor(options: ErrandOptions) {
    const { clock, timeoutMs, signal } = options;
    this.#options = options;
    if (timeoutMs !== Infinity) this.#timer = clock.after(timeoutMs, () => this.end(this.#timedOut()));
    if (signal === undefined) return;
    this.#leave = () => this.end(signal.reason);
    signal.addEventListener("abort", this.#leave, { once: true });
  }

  /** Whether any of it may have reached the server. */
  get sent(): boolean {
    return this.#mayHaveRun || this.#call?.sent === true;
  }

  /** Goes on with the next call; throws where the errand has ended meanwhile. */
  next(call: Call): void {
    this.#mayHaveRun = this.sent;
    this.throwIfEnded();
    this.#call = call;
  }

  /** Gives up whatever is under way; whoever waits for it hears the reason. */
  end(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    this.#call?.end(reason);
    this.#onEnd?.();
  }

  /** Ends it without a word to the server, whose connection is closed anyway. */
  fail(reason: unknown): void {
    this.#call?.fail(reason);
    this.end(reason);
  }

  /** Whether a failure is why the errand has ended, and nothing that the server said. */
  wasEndedBy(failure: unknown): boolean {
    return this.#end !== undefined && this.#end.reason === failure;
  }

  throwIfEnded(): void {
    if (this.#end !== undefined) throw this.#end.reason;
  }

  /** Waits for something else than a call, for as long as the errand is run. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const ended = Promise.withResolvers<never>();
    this.throwIfEnded();
    this.#onEnd = () => ended.reject(this.#end?.reason);
    try {
      return await Promise.race([work, ended.promise]);
    } finally {
      this.#onEnd = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    if (this.#leave !== undefined) this.#options.signal?.removeEventListener("abort", this.#leave);
  }

  #timedOut(): TenantryError {
    const { method, timeoutMs } = this.#options;
    const { sent } = this;
    const mayHaveRun = method === "tools/call" && sent;
    const next = mayHaveRun
      ? "it may have run, so look before calling it again"
      : "ask again or allow more time";
    const message = `${method} took longer than ${timeoutMs} ms; ${next}.`;
    const delivery = sent ? "unknown" : "unsent";
    return new TenantryError("TIMEOUT", message, { delivery, retryable: !mayHaveRun });
  }
}
