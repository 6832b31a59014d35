import {
  Client,
  isJSONRPCRequest,
  type jsonSchemaValidator,
  type JSONRPCMessage,
} from "@modelcontextprotocol/client";
import { type ClientCapabilities, type Implementation, type ServerRequestHandlers } from "@tenantry/core";
import { capabilitiesOf } from "../envelope.ts";
import type { Id, ReplyMessage, RequestMessage } from "../message.ts";
import { isPage } from "./page.ts";

/** A server's request. */
export type Asked = RequestMessage;

/** Where an answer goes, with what the host's handler threw where that is why it is an error. */
export type Reply = (reply: ReplyMessage, cause?: unknown) => void;

/** What the person wrote is for the server to judge. */
const noValidation: jsonSchemaValidator = Object.freeze({
  getValidator: () => (input: unknown) => ({
    valid: true as const,
    data: input as never,
    errorMessage: undefined,
  }),
});

/**
 * Answers what servers ask, with the handlers of one caller. The official SDK's client does the answering: it checks
 * what was asked and what was said, fills in a form's defaults, and refuses what there is no handler for. It is made for
 * the first request, because most connections never see one.
 */
export class Answering {
  readonly #replies = new Map<Id, Reply>();
  readonly #causes = new Map<Id, unknown>();
  readonly #transport: { onmessage?: (message: JSONRPCMessage) => void } & Record<string, unknown>;
  readonly #client: Client;

  constructor(handlers: ServerRequestHandlers, clientInfo: Implementation) {
    const capabilities = capabilitiesOf(handlers);
    this.#client = new Client(clientInfo, { capabilities, jsonSchemaValidator: noValidation });
    this.#handle(handlers, capabilities);
    this.#transport = {
      // The SDK goes on with a session where there is one, and says nothing of its own accord then.
      sessionId: "answering",
      start: async () => {},
      close: async () => {},
      send: async (message: JSONRPCMessage) => this.#replied(message as ReplyMessage),
    };
    void this.#client.connect(this.#transport as never);
  }

  /** Has one request answered; `reply` is called once, or never where it is taken back. */
  receive(asked: Asked, reply: Reply): void {
    // The SDK's client leaves what is malformed unanswered.
    const { id } = asked;
    if (!isJSONRPCRequest(asked)) return reply(malformed(id));
    this.#replies.set(id, reply);
    this.#transport.onmessage?.(asked as JSONRPCMessage);
  }

  /** Stops answering a request: its handler's signal aborts, and nothing is said. */
  takeBack(id: Id): void {
    this.#replies.delete(id);
    const params = { requestId: id };
    this.#transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  #replied(reply: ReplyMessage): void {
    const answer = this.#replies.get(reply.id);
    const cause = this.#causes.get(reply.id);
    this.#replies.delete(reply.id);
    this.#causes.delete(reply.id);
    answer?.(reply, cause);
  }

  #handle({ onElicitation, onSampling, onRoots }: ServerRequestHandlers, has: ClientCapabilities): void {
    if (onElicitation && has.elicitation)
      this.#client.setRequestHandler("elicitation/create", ({ params }, { mcpReq: { id, signal } }) => {
        checkPage(params);
        return this.#withoutWords(id, () => onElicitation(params, { signal }));
      });
    if (onSampling && has.sampling)
      this.#client.setRequestHandler("sampling/createMessage", ({ params }, { mcpReq: { id, signal } }) =>
        this.#withoutWords(id, () => onSampling(params, { signal })),
      );
    if (onRoots && has.roots)
      this.#client.setRequestHandler("roots/list", (_, { mcpReq: { id, signal } }) =>
        this.#withoutWords(id, async () => ({ roots: [...(await onRoots({ signal }))] })),
      );
  }

  /** Runs a host's handler; why it failed is no server's business. */
  async #withoutWords<T>(id: Id, handler: () => T | Promise<T>): Promise<T> {
    try {
      return await handler();
    } catch (cause) {
      if (this.#replies.has(id)) this.#causes.set(id, cause);
      throw new Error("The client could not answer.");
    }
  }
}

function malformed(id: Id): ReplyMessage {
  return { jsonrpc: "2.0", id, error: { code: -32_600, message: "Invalid Request" } };
}

function checkPage(params: object): void {
  if ("url" in params && !isPage(params.url)) throw new TypeError("Only a page of the web is opened.");
}
