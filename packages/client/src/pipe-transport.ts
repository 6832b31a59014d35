import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { TenantryError, type CloseReason, type Pipe } from "@tenantry/core";
import { Asides, isAside } from "./asides.ts";
import type { Call } from "./call.ts";
import { lost, pipeLost } from "./failure.ts";
import { Inbox } from "./inbox.ts";
import { toJson } from "./json-text.ts";
import { withParts } from "./request-headers.ts";

/** The SDK's transport over a pipe: a child's stdio, or a server in this process. */
export class PipeTransport implements Transport {
  onmessage?: NonNullable<Transport["onmessage"]>;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #pipe: Pipe;
  readonly #secrets: readonly string[];
  readonly #inbox = new Inbox((message) => this.onmessage?.(message));
  readonly #asides = new Asides();
  readonly #ending = Promise.withResolvers<void>();
  #ended = false;

  constructor(pipe: Pipe, secrets: readonly string[]) {
    this.#pipe = pipe;
    this.#secrets = secrets.flatMap(withParts);
  }

  /** Announces the call whose request comes next. */
  expect(call: Call): void {
    this.#inbox.expect(call);
  }

  async start(): Promise<void> {
    void this.#pipe.closed.then(
      (reason) => this.#end(reason),
      (cause: unknown) => this.#end({ kind: "lost", cause }),
    );
    this.#pipe.start((message) => this.#inbox.receive(message));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const call = this.#inbox.bind(message);
    if (isAside(message)) return this.#asides.send(message, () => this.#pipe.send(message));
    if (call === undefined) return this.#pipe.send(message);
    call.secrets = this.#secrets;
    call.sent = true;
    // A server that never answers a request that was given up must not keep it.
    call.signal.addEventListener("abort", () => this.#inbox.release(message), { once: true });
    try {
      await this.#pipe.send(message);
    } catch (failure) {
      throw await this.#unsent(message, call, failure);
    }
  }

  /** Ends the pipe; how well that goes is no concern of whoever has no use for it any more. */
  async close(): Promise<void> {
    try {
      await this.#pipe.close();
    } catch {
      // It is let go either way.
    }
    this.#end({ kind: "closed" });
  }

  /** What the caller gets for a request that the pipe did not take whole. */
  async #unsent(message: JSONRPCMessage, call: Call, failure: unknown): Promise<unknown> {
    const isLost = failure instanceof TenantryError && failure.code === "CONNECTION_LOST";
    if (isLost) {
      call.sent = failure.delivery !== "unsent";
      // The pipe has ended, and what it says of that, which follows, tells more than what failed first.
      await Promise.race([this.#ending.promise, aborted(call.signal)]);
    }
    this.#inbox.release(message);
    if (call.failure !== undefined) return call.failure.reason;
    if (isLost) return pipeLost(call, failure);
    if (failure instanceof TenantryError) return failure;
    toJson(message);
    return lost(call.method, "The pipe failed", { cause: failure });
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const call of this.#inbox.pending) call.fail(pipeLost(call, reason.cause));
    this.#ending.resolve();
    this.onclose?.();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
