import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { TenantryError, type Clock, type Credential, type Era, type HttpEndpoint } from "@tenantry/core";
import type { Egress, ExchangeResponse } from "@tenantry/egress";
import { Asides, isAside } from "./asides.ts";
import type { Call } from "./call.ts";
import { atMost } from "./at-most.ts";
import { lost } from "./failure.ts";
import { HttpResponses } from "./http-responses.ts";
import { Inbox, isRequest } from "./inbox.ts";
import { toJson } from "./json-text.ts";
import type { ClientLimits } from "./limits.ts";
import { boundHeaders, routingValue, spokenSecrets } from "./request-headers.ts";

/** What an {@link HttpTransport} works with. */
export interface HttpTransportOptions {
  readonly egress: Pick<Egress, "exchange">;
  readonly endpoint: HttpEndpoint;
  /** Gives the credential as it is now; it is asked for every request. */
  readonly credential: () => Credential | undefined;
  readonly era: Era;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  /** A session to go on with. */
  readonly session?: { readonly sessionId: string; readonly protocolVersion: string };
}

/** The SDK's transport over guarded requests: one POST for each message (MCP, Streamable HTTP). */
export class HttpTransport implements Transport {
  onmessage?: NonNullable<Transport["onmessage"]>;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Tells the SDK that ending a request's own stream cancels it, in the era where it does. */
  readonly hasPerRequestStream = true;
  readonly #options: HttpTransportOptions;
  readonly #inbox = new Inbox((message) => this.onmessage?.(message));
  readonly #responses: HttpResponses;
  readonly #asides = new Asides();
  readonly #exchanges = new Set<AbortController>();
  #sessionId: string | undefined;
  #protocolVersion: string | undefined;
  #closed = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#responses = new HttpResponses(this.#inbox, options.limits, options.clock);
    this.#sessionId = options.session?.sessionId;
    this.#protocolVersion = options.session?.protocolVersion;
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** Announces the call whose request comes next. */
  expect(call: Call): void {
    this.#inbox.expect(call);
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
  }

  async start(): Promise<void> {}

  /** Sends one message and, for a request, reads until its answer; rejects where none can come any more. */
  async send(message: JSONRPCMessage): Promise<void> {
    const call = this.#inbox.bind(message);
    if (!isAside(message)) return this.#post(message, call, call?.signal);
    const { clock, limits } = this.#options;
    return this.#asides.send(message, () =>
      atMost({ clock, timeoutMs: limits.closeTimeoutMs }, (signal) => this.#post(message, call, signal)),
    );
  }

  /** Ends every exchange; the session stays. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const exchange of this.#exchanges) exchange.abort("The connection was closed.");
    this.onclose?.();
  }

  /** Ends the session at the server, where there is one. The server may refuse to (405), which is its right. */
  async endSession(signal: AbortSignal): Promise<void> {
    if (this.#sessionId === undefined) return;
    const { egress, endpoint, credential } = this.#options;
    const bound = await boundHeaders(endpoint, credential(), "DELETE");
    const { url, provenance } = endpoint;
    const headers = this.#sessionHeaders();
    const response = await egress.exchange({ url, provenance, method: "DELETE", headers, bound, signal });
    response.body.cancel();
  }

  async #post(message: JSONRPCMessage, call: Call | undefined, signal?: AbortSignal): Promise<void> {
    const exchange = new AbortController();
    const leave = () => exchange.abort(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    this.#exchanges.add(exchange);
    try {
      if (this.#closed)
        throw new TenantryError(
          "CLOSED",
          "The connection is closed; call again, or create a new instance if this one was closed.",
        );
      await this.#exchange(message, call, exchange.signal);
    } catch (failure) {
      throw call?.signal.aborted ? failure : unanswered(message, failure);
    } finally {
      this.#exchanges.delete(exchange);
      signal?.removeEventListener("abort", leave);
      this.#inbox.release(message);
    }
  }

  async #exchange(message: JSONRPCMessage, call: Call | undefined, signal: AbortSignal): Promise<void> {
    const { egress, endpoint, credential } = this.#options;
    const body = toJson(message);
    const bound = await boundHeaders(endpoint, credential(), "POST");
    const secrets = spokenSecrets(bound, endpoint.url);
    if (call !== undefined) call.secrets = secrets;
    signal.throwIfAborted();
    if (call !== undefined) call.sent = true;
    const { url, provenance } = endpoint;
    const headers = { ...this.#headers(message), ...call?.headers };
    // Whoever reads the answer bounds it, and names the limit that was hit.
    const maxResponseBytes = Number.POSITIVE_INFINITY;
    const response = await egress.exchange({
      url,
      provenance,
      method: "POST",
      headers,
      bound,
      body,
      signal,
      maxResponseBytes,
    });
    const hasSession = this.#sessionId !== undefined;
    if (response.status < 200 || response.status > 299)
      return this.#responses.receiveFailure(response, { message, call, secrets, hasSession });
    if (!isRequest(message)) return response.body.cancel();
    // A session is what the handshake's answer says and nothing else: any other answer could swap it.
    if (message.method === "initialize") this.#adoptSession(response);
    await this.#responses.receiveAnswer(response, { message, call });
  }

  #adoptSession({ headers }: ExchangeResponse): void {
    const id = headers["mcp-session-id"];
    if (id === undefined || this.#options.era === "modern") return;
    if (!/^[\u0021-\u007e]{1,1024}$/u.test(id)) {
      throw new TenantryError(
        "PROTOCOL_VIOLATION",
        "The server's session id is not visible ASCII; it cannot be sent back.",
      );
    }
    this.#sessionId = id;
  }

  #headers(message: JSONRPCMessage): Record<string, string> {
    return {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...this.#sessionHeaders(),
      ...(this.#options.era === "modern" ? routingHeaders(message) : {}),
    };
  }

  #sessionHeaders(): Record<string, string> {
    return {
      ...(this.#protocolVersion === undefined ? {} : { "mcp-protocol-version": this.#protocolVersion }),
      ...(this.#sessionId === undefined ? {} : { "mcp-session-id": this.#sessionId }),
    };
  }
}

/** A socket that breaks does not break the session: what the egress advises for it is not passed on. */
function unanswered(message: JSONRPCMessage, failure: unknown): unknown {
  if (!(failure instanceof TenantryError) || failure.code !== "CONNECTION_LOST") return failure;
  if (failure.status !== undefined) return failure;
  const method = "method" in message ? message.method : "an answer";
  return lost(method, "The connection to the server broke", { cause: failure, delivery: failure.delivery });
}

/** What lets an intermediary route without reading the body (MCP 2026-07-28, Streamable HTTP, standard headers). */
function routingHeaders(message: JSONRPCMessage): Record<string, string> {
  if (!("method" in message)) return {};
  const { method, params = {} } = message as { method: string; params?: Record<string, unknown> };
  const name =
    method === "resources/read"
      ? params.uri
      : /^(?:tools\/call|prompts\/get)$/u.test(method)
        ? params.name
        : undefined;
  return { "mcp-method": method, ...(typeof name === "string" ? { "mcp-name": routingValue(name) } : {}) };
}
