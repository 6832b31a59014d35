import type { Progress, RpcError } from "@tenantry/core";

/** What a server answered, as it came. */
export type Answer =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly error: RpcError };

/** One request in flight: what its caller, the SDK's client and the wire must know of each other. */
export class Call {
  readonly method: string;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** Every secret that went out with it, so that none of them comes back in a message. */
  secrets: readonly string[] = [];
  /** What goes beside it in headers of its own. */
  headers: Readonly<Record<string, string>> = {};
  /** Whether any of it may have left the process. */
  sent = false;
  readonly #controller = new AbortController();
  #answer: Answer | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(method: string, onProgress?: (progress: Progress) => void) {
    this.method = method;
    this.onProgress = onProgress;
  }

  /** Aborts when the request is given up; its reason says nothing, because a server is told of it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the server answered; it stands even where the SDK has a complaint about it. */
  get answer(): Answer | undefined {
    return this.#answer;
  }

  /** Why the request ended without an answer, where this side knows better than the SDK. */
  get failure(): { readonly reason: unknown } | undefined {
    return this.#failure;
  }

  /** Records the answer; the first one counts, and none after the request has failed. */
  answered(answer: Answer): boolean {
    if (this.#answer !== undefined || this.#failure !== undefined) return false;
    this.#answer = answer;
    return true;
  }

  /** Records why there will be no answer; does nothing once there is one. */
  fail(reason: unknown): void {
    if (this.#answer === undefined) this.#failure ??= { reason };
  }

  /** Gives the request up: records why, tells the server and ends the exchange. */
  end(reason: unknown): void {
    this.fail(reason);
    if (this.#answer === undefined) this.#controller.abort("The request was given up.");
  }

  /** Tells the caller how far the work has come; what its callback throws is its own affair. */
  progressed(progress: Progress): void {
    try {
      this.onProgress?.(progress);
    } catch {
      // A broken progress bar does not cost the answer.
    }
  }
}
