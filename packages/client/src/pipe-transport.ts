import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { TenantryError, type CloseReason, type Pipe } from "@tenantry/core";
import type { Call } from "./call.ts";
import { lost } from "./failure.ts";
import { Inbox } from "./inbox.ts";

/** The SDK's transport over a pipe: a child's stdio, or a server in this process. */
export class PipeTransport implements Transport {
  onmessage?: NonNullable<Transport["onmessage"]>;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #pipe: Pipe;
  readonly #secrets: readonly string[];
  readonly #inbox = new Inbox((message) => this.onmessage?.(message));
  #ended = false;

  constructor(pipe: Pipe, secrets: readonly string[]) {
    this.#pipe = pipe;
    this.#secrets = secrets;
  }

  /** Announces the call whose request comes next. */
  expect(call: Call): void {
    this.#inbox.expect(call);
  }

  async start(): Promise<void> {
    void this.#pipe.closed.then((reason) => this.#end(reason));
    this.#pipe.start((message) => this.#inbox.receive(message));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const call = this.#inbox.bind(message);
    if (call === undefined) return this.#pipe.send(message);
    call.secrets = this.#secrets;
    call.sent = true;
    // A server that never answers a request that was given up must not keep it.
    call.signal.addEventListener("abort", () => this.#inbox.release(message), { once: true });
    try {
      await this.#pipe.send(message);
    } catch (failure) {
      this.#inbox.release(message);
      throw failure instanceof TenantryError
        ? failure
        : lost(call.method, "The pipe failed", { cause: failure });
    }
  }

  async close(): Promise<void> {
    await this.#pipe.close();
    this.#end({ kind: "closed" });
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const call of this.#inbox.pending) {
      const details = {
        recover: "reconnect",
        ...(reason.cause === undefined ? {} : { cause: reason.cause }),
      } as const;
      call.fail(lost(call.method, "The server went away", details));
    }
    this.onclose?.();
  }
}
