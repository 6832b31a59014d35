import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { TenantryError, type Clock, type RpcError } from "@tenantry/core";
import type { ExchangeResponse } from "@tenantry/egress";
import { readEvents, readText } from "./body.ts";
import type { Call } from "./call.ts";
import { httpFailure, lost } from "./failure.ts";
import { isObject, isRequest, isSameId, rpcErrorOf, type Inbox } from "./inbox.ts";
import { parseJson } from "./json-text.ts";
import type { ClientLimits } from "./limits.ts";

/** What one POST was, when its response is read. */
export interface Posted {
  readonly message: JSONRPCMessage;
  /** Who waits for the answer; a notification has nobody. */
  readonly call: Call | undefined;
  readonly hasSession: boolean;
  /** What was sent in secret headers, which no error may repeat. */
  readonly secrets: readonly string[];
}

/** How long a server may keep a stream open after it has answered on it. */
const drainMs = 1_000;
/** How long what a failed answer says beside its status is waited for. */
const errorBodyMs = 1_000;
const maxErrorBytes = 64 * 1024;

/** Reads the responses to POSTs (MCP, Streamable HTTP) and gives what they hold to the inbox. */
export class HttpResponses {
  readonly #inbox: Inbox;
  readonly #limits: ClientLimits;
  readonly #clock: Clock;

  constructor(inbox: Inbox, limits: ClientLimits, clock: Clock) {
    this.#inbox = inbox;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Reads a successful response until the answer; throws where it ends without one. */
  async receiveAnswer(
    response: ExchangeResponse,
    { message, call }: Pick<Posted, "message" | "call">,
  ): Promise<void> {
    const type = (response.headers["content-type"] ?? "application/json")
      .split(";", 1)[0]
      ?.trim()
      .toLowerCase();
    if (type === "text/event-stream") return this.#receiveStream(response, message, call);
    if (type !== "application/json") {
      response.body.cancel();
      throw unreadable(
        `an answer that is not MCP (${type === "" ? "no" : "another"} content type)`,
        response.status,
      );
    }
    const text = await readText(response, this.#limits);
    const parsed = this.#parse(text);
    if (parsed === undefined) throw unreadable("an answer that is not JSON", response.status);
    for (const one of Array.isArray(parsed) ? parsed : [parsed]) this.#inbox.receive(one, message);
    if (call !== undefined && call.answer === undefined)
      throw unreadable("JSON without the answer", response.status);
  }

  async #receiveStream(
    response: ExchangeResponse,
    message: JSONRPCMessage,
    call: Call | undefined,
  ): Promise<void> {
    let patience: ReturnType<Clock["after"]> | undefined;
    try {
      for await (const data of readEvents(response, this.#limits)) {
        const parsed = this.#parse(data);
        if (parsed !== undefined) this.#inbox.receive(parsed, message);
        if (call?.answer !== undefined) patience ??= this.#clock.after(drainMs, () => response.body.cancel());
      }
    } catch (failure) {
      if (call?.answer === undefined) throw failure;
    } finally {
      patience?.cancel();
    }
    if (call !== undefined && call.answer === undefined)
      throw lost(call.method, "The server ended its stream", { status: response.status });
  }

  /** Parses one message; `undefined` where it is not JSON, which some servers send between messages. */
  #parse(text: string): unknown {
    try {
      return parseJson(text, this.#limits.maxDepth);
    } catch (failure) {
      if (failure instanceof SyntaxError) return undefined;
      throw failure;
    }
  }

  /** Reads a response that is not a success: an answer to the request where it holds one, else the failure it throws. */
  async receiveFailure(
    response: ExchangeResponse,
    { message, call, hasSession, secrets }: Posted,
  ): Promise<void> {
    const { status, headers } = response;
    const body = await this.#errorBody(response);
    if (
      call !== undefined &&
      isRequest(message) &&
      answers(body, message.id) &&
      !isTurnedAway(status, hasSession)
    ) {
      this.#inbox.receive(body, message);
      return;
    }
    const method = "method" in message ? message.method : "an answer";
    const context = {
      method,
      hasSession,
      secrets,
      clock: this.#clock,
      maxRetryAfterMs: this.#limits.maxRetryAfterMs,
    };
    throw httpFailure({ status, headers, rpc: rpcErrorOf(body) }, context);
  }

  /** What a failed answer says beside its status; nothing in it can make the failure worse. */
  async #errorBody(response: ExchangeResponse): Promise<unknown> {
    const patience = this.#clock.after(errorBodyMs, () => response.body.cancel());
    try {
      return this.#parse(await readText(response, { maxMessageBytes: maxErrorBytes }));
    } catch {
      return undefined;
    } finally {
      patience.cancel();
    }
  }
}

function answers(body: unknown, id: string | number): body is { error: RpcError } {
  return rpcErrorOf(body) !== undefined && isObject(body) && isSameId(id, body.id);
}

/** Statuses that speak for the connection, whatever the body says about the request. */
function isTurnedAway(status: number, hasSession: boolean): boolean {
  return (
    [401, 403, 408, 429].includes(status) || status >= 500 || status < 400 || (status === 404 && hasSession)
  );
}

function unreadable(what: string, status: number): TenantryError {
  const details = { status, delivery: "unknown" } as const;
  return new TenantryError(
    "PROTOCOL_VIOLATION",
    `The server sent ${what}; check that its url leads to an MCP server.`,
    details,
  );
}
