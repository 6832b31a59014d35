import type { Implementation, ServerRequestHandlers } from "@tenantry/core";
import { Answering, type Asked, type Reply } from "./answering.ts";
import type { Call } from "../call.ts";
import { isObject, type Id, type ServerMessage } from "../message.ts";
import type { Transport } from "../transport.ts";

/** How many of a server's requests may wait for a person or a model at once, on one connection. */
const maxUnanswered = 16;

/** What answers a server's requests works with. */
export interface ServerRequestsOptions {
  readonly clientInfo: Implementation;
  readonly transport: Pick<Transport, "tell" | "hasRoom">;
  /** The handlers of the connection itself, for what belongs to no call. */
  readonly handlers: ServerRequestHandlers | undefined;
}

/** Answers the requests that a server makes on one connection, each with the handlers of the call it belongs to. */
export class ServerRequests {
  readonly #options: ServerRequestsOptions;
  /** One for each caller's handlers, and gone with them. */
  readonly #answering = new WeakMap<ServerRequestHandlers, Answering>();
  readonly #unanswered = new Map<Id, Answering>();

  constructor(options: ServerRequestsOptions) {
    this.#options = options;
  }

  /** Has one request answered; what there is no room for is not. */
  receive(message: ServerMessage, call: Call | undefined): void {
    const { id } = message;
    if (typeof id !== "string" && typeof id !== "number") return;
    if (!this.#options.transport.hasRoom) return;
    if (this.#unanswered.size >= maxUnanswered || this.#unanswered.has(id)) return;
    this.#ask(message as Asked, call, (reply) => void this.#options.transport.tell(reply));
    // What belongs to a call that has ended is of no use to anybody.
    const end = () => this.takeBack(id);
    void call?.outcome.then(end, end);
  }

  /** Has one request answered that came within the result of a call. */
  answer(
    id: Id,
    asked: { readonly method: string; readonly params: unknown },
    call: Call,
    reply: Reply,
  ): void {
    const params = isObject(asked.params) ? asked.params : {};
    this.#ask({ jsonrpc: "2.0", id, method: asked.method, params }, call, reply);
  }

  /** Takes a request back: the server does not want it answered any more, or nobody is left to answer it for. */
  takeBack(id: Id): void {
    const answering = this.#unanswered.get(id);
    if (answering === undefined) return;
    this.#unanswered.delete(id);
    answering.takeBack(id);
  }

  /** Takes every request back. */
  close(): void {
    for (const id of [...this.#unanswered.keys()]) this.takeBack(id);
  }

  #ask(asked: Asked, call: Call | undefined, reply: Reply): void {
    const { id } = asked;
    const handlers = call?.listeners.handlers ?? this.#options.handlers ?? nobody;
    let answering = this.#answering.get(handlers);
    if (answering === undefined) {
      answering = new Answering(handlers, this.#options.clientInfo);
      this.#answering.set(handlers, answering);
    }
    this.#unanswered.set(id, answering);
    answering.receive(asked, (...answer) => {
      this.#unanswered.delete(id);
      reply(...answer);
    });
  }
}

const nobody: ServerRequestHandlers = Object.freeze({});
