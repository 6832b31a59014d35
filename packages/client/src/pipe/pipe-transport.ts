import { TenantryError, type CloseReason, type Pipe } from "@tenantry/core";
import { Asides, isAside } from "../asides.ts";
import type { Call } from "../call.ts";
import { lost, pipeLost } from "../failure.ts";
import { Inbox, type Hearer, type InboxOptions } from "../inbox.ts";
import { toJson } from "../json-text.ts";
import type { Fields, NotificationMessage, ReplyMessage, RequestMessage } from "../message.ts";
import type { Transport } from "../transport.ts";

/** Messages over a pipe: a child's stdio, a server in this process, or a stream of the oldest HTTP transport. */
export class PipeTransport implements Transport {
  readonly #pipe: Pipe;
  readonly #secrets: () => readonly string[];
  readonly #inbox: Inbox;
  readonly #asides = new Asides();
  readonly #ending = Promise.withResolvers<void>();
  #ended = false;

  /** Begins to read the pipe; `secrets` gives whatever secret text the server may repeat. */
  constructor(pipe: Pipe, secrets: () => readonly string[], options?: InboxOptions) {
    this.#pipe = pipe;
    this.#inbox = new Inbox(options);
    this.#secrets = secrets;
    void pipe.closed.then(
      (reason) => this.#end(reason),
      (cause: unknown) => this.#end({ kind: "lost", cause }),
    );
    pipe.start((message) => this.#inbox.receive(message));
  }

  get hasRoom(): boolean {
    return this.#asides.hasRoom;
  }

  listen(hearer: Hearer): void {
    this.#inbox.hearer = hearer;
  }

  /** A pipe has no header that would say it. */
  speak(): void {}

  ask(call: Call, params: Fields | undefined): void {
    this.#inbox.add(call);
    call.secrets = this.#secrets;
    call.onEnd = () => this.#giveUp(call);
    void this.#ask(call, params);
  }

  async tell(message: NotificationMessage | ReplyMessage): Promise<void> {
    if (!isAside(message)) return this.#pipe.send(message);
    return this.#asides.send(message, () => this.#pipe.send(message));
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

  async #ask(call: Call, params: Fields | undefined): Promise<void> {
    const { id, method } = call;
    if (this.#ended) return this.#fail(call, pipeLost(call, undefined));
    const message: RequestMessage = { jsonrpc: "2.0", id, method, ...(params !== undefined && { params }) };
    call.sent = true;
    try {
      await this.#pipe.send(message);
    } catch (failure) {
      this.#fail(call, await this.#unsent(call, message, failure));
    }
  }

  /** What the caller gets for a request that the pipe did not take whole. */
  async #unsent(call: Call, message: RequestMessage, failure: unknown): Promise<unknown> {
    if (!(failure instanceof TenantryError)) return unwritten(call, message, failure);
    if (failure.code !== "CONNECTION_LOST") return failure;
    call.sent = failure.delivery !== "unsent";
    // The pipe has ended, and what it says of that, which follows, tells more than what failed first.
    await Promise.race([this.#ending.promise, call.outcome.catch(() => {})]);
    return pipeLost(call, failure);
  }

  #fail(call: Call, reason: unknown): void {
    this.#inbox.release(call);
    call.fail(reason);
  }

  #giveUp(call: Call): void {
    // A server that never answers a request that was given up must not keep it.
    this.#inbox.release(call);
    if (!call.sent || call.method === "initialize" || this.#ended) return;
    const params = { requestId: call.id, reason: "The request was given up." };
    void this.tell({ jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const call of this.#inbox.pending) this.#fail(call, pipeLost(call, reason.cause));
    this.#ending.resolve();
  }
}

/** The failure of a message that is not JSON, or else of the pipe. */
function unwritten(call: Call, message: RequestMessage, cause: unknown): unknown {
  try {
    toJson(message);
  } catch (invalid) {
    return invalid;
  }
  return lost(call.method, "The pipe failed", { cause });
}
