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

/** A request that waits for its answer, beside the others of its call. */
interface Unanswered {
  readonly answering: Answering;
  readonly siblings: Set<Id> | undefined;
}

/** Answers the requests that a server makes on one connection, each with the handlers of the call it belongs to. */
export class ServerRequests {
  readonly #options: ServerRequestsOptions;
  /** One for each caller's handlers, and gone with them. */
  readonly #answering = new WeakMap<ServerRequestHandlers, Answering>();
  readonly #unanswered = new Map<Id, Unanswered>();
  /** What each call was asked for and has not answered; gone with the call. */
  readonly #ofCalls = new WeakMap<Call, Set<Id>>();

  constructor(options: ServerRequestsOptions) {
    this.#options = options;
  }

  /** Has one request answered; what there is no room for is not. */
  receive(message: ServerMessage, call: Call | undefined): void {
    const { id } = message;
    if (typeof id !== "string" && typeof id !== "number") return;
    if (!this.#options.transport.hasRoom) return;
    if (this.#unanswered.size >= maxUnanswered || this.#unanswered.has(id)) return;
    const siblings = call && this.#siblings(call);
    siblings?.add(id);
    this.#ask(message as Asked, call, (reply) => void this.#options.transport.tell(reply), siblings);
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
    const one = this.#unanswered.get(id);
    if (one === undefined) return;
    this.#forget(id);
    one.answering.takeBack(id);
  }

  /** Takes every request back. */
  close(): void {
    for (const id of [...this.#unanswered.keys()]) this.takeBack(id);
  }

  /** What belongs to a call that has ended is of no use to anybody; a server may have its id for another by then. */
  #siblings(call: Call): Set<Id> {
    const known = this.#ofCalls.get(call);
    if (known !== undefined) return known;
    const siblings = new Set<Id>();
    this.#ofCalls.set(call, siblings);
    const end = () => siblings.forEach((id) => this.takeBack(id));
    void call.outcome.then(end, end);
    return siblings;
  }

  #forget(id: Id): void {
    this.#unanswered.get(id)?.siblings?.delete(id);
    this.#unanswered.delete(id);
  }

  #ask(asked: Asked, call: Call | undefined, reply: Reply, siblings?: Set<Id>): void {
    const { id } = asked;
    const handlers = call?.listeners.handlers ?? this.#options.handlers ?? nobody;
    let answering = this.#answering.get(handlers);
    if (answering === undefined) {
      answering = new Answering(handlers, this.#options.clientInfo);
      this.#answering.set(handlers, answering);
    }
    this.#unanswered.set(id, { answering, siblings });
    answering.receive(asked, (...answer) => {
      this.#forget(id);
      reply(...answer);
    });
  }
}

const nobody: ServerRequestHandlers = Object.freeze({});
