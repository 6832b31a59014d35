import {
  raceAbort,
  TenantryError,
  type Clock,
  type Credential,
  type Era,
  type HttpEndpoint,
} from "@tenantry/core";
import type { ExchangeResponse, Target } from "@tenantry/egress";
import { Asides, isAside } from "../asides.ts";
import { atMost } from "../at-most.ts";
import type { Call } from "../call.ts";
import { lost } from "../failure.ts";
import { HttpResponses, type Resume } from "./http-responses.ts";
import { HttpSession, type KnownSession } from "./http-session.ts";
import { Inbox, type Hear } from "../inbox.ts";
import { toJson } from "../json-text.ts";
import type { ClientLimits } from "../limits.ts";
import type { Fields, NotificationMessage, ReplyMessage, RequestMessage } from "../message.ts";
import { MergedHeaders, spokenSecrets, type BoundHeaders } from "./request-headers.ts";
import type { PlainHeaders, RoutingHeaders } from "./routing-headers.ts";
import type { Transport } from "../transport.ts";

/** What an {@link HttpTransport} works with. */
export interface HttpTransportOptions {
  readonly target: Target;
  readonly endpoint: HttpEndpoint;
  /** Gives the credential as it is now; it is asked for every request. */
  readonly credential: () => Credential | undefined;
  readonly era: Era;
  readonly routing: RoutingHeaders;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly session?: KnownSession;
}

/** Whoever reads an answer bounds it, and names the limit that was hit. */
const maxResponseBytes = Number.POSITIVE_INFINITY;

/** Messages over guarded requests: one POST for each (MCP, Streamable HTTP). */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #inbox = new Inbox();
  readonly #responses: HttpResponses;
  readonly #merged: MergedHeaders;
  readonly #asides = new Asides();
  readonly #exchanges = new Set<AbortController>();
  readonly #session: HttpSession;
  #closed = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#responses = new HttpResponses(this.#inbox, options.limits, options.clock);
    this.#merged = new MergedHeaders(options.endpoint, options.credential);
    this.#session = new HttpSession(options.era, options.routing, options.session);
  }

  get sessionId(): string | undefined {
    return this.#session.id;
  }

  get hasRoom(): boolean {
    return this.#asides.hasRoom;
  }

  listen(hear: Hear): void {
    this.#inbox.hear = hear;
  }

  speak(protocolVersion: string): void {
    this.#session.speak(protocolVersion);
  }

  ask(call: Call, params: Fields | undefined): void {
    this.#inbox.add(call);
    const exchange = new AbortController();
    call.onEnd = () => this.#giveUp(call, exchange);
    void this.#within(exchange, () => this.#ask(call, params, exchange.signal))
      .catch((failure: unknown) => call.fail(unanswered(call, failure)))
      .finally(() => this.#inbox.release(call));
  }

  async tell(message: NotificationMessage | ReplyMessage): Promise<void> {
    const exchange = new AbortController();
    const send = () => this.#within(exchange, () => this.#tell(message, exchange.signal));
    if (!isAside(message)) return send();
    const { clock, limits } = this.#options;
    return this.#asides.send(message, () =>
      atMost({ clock, timeoutMs: limits.closeTimeoutMs }, async (signal) => {
        signal.addEventListener("abort", () => exchange.abort(signal.reason), { once: true });
        await send();
      }),
    );
  }

  /**
   * Opens the stream on which a legacy server speaks of its own accord (MCP 2025-11-25, Streamable HTTP, listening for
   * messages) and reads it until the signal aborts. Resolves when it is open, with its end.
   */
  async openStream(signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
    const exchange = new AbortController();
    const leave = () => exchange.abort(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    this.#exchanges.add(exchange);
    const release = () => {
      this.#exchanges.delete(exchange);
      signal.removeEventListener("abort", leave);
    };
    try {
      signal.throwIfAborted();
      const get = (lastEventId: string | undefined) => this.#getStream(lastEventId, exchange.signal);
      const first = await get(undefined);
      return { ended: this.#responses.receiveAll(first, { get, signal: exchange.signal }).finally(release) };
    } catch (failure) {
      release();
      throw failure;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#exchanges) exchange.abort("The connection was closed.");
  }

  /** Ends the session at the server, where there is one. The server may refuse to (405), which is its right. */
  async endSession(signal: AbortSignal): Promise<void> {
    if (this.#session.id === undefined) return;
    const bound = await raceAbort(Promise.resolve(this.#merged.of("DELETE")), signal);
    const { target } = this.#options;
    const response = await target.exchange({
      method: "DELETE",
      headers: this.#session.headers(),
      bound,
      signal,
    });
    response.body.cancel();
  }

  /** Runs an exchange that {@link close} ends. */
  async #within(exchange: AbortController, work: () => Promise<void>): Promise<void> {
    if (this.#closed)
      throw new TenantryError(
        "CLOSED",
        "The connection is closed; call again, or create a new instance if this one was closed.",
      );
    this.#exchanges.add(exchange);
    try {
      await work();
    } finally {
      this.#exchanges.delete(exchange);
    }
  }

  async #ask(call: Call, params: Fields | undefined, signal: AbortSignal): Promise<void> {
    const { id, method } = call;
    const message: RequestMessage = { jsonrpc: "2.0", id, method, ...(params !== undefined && { params }) };
    const body = toJson(message);
    // Awaited only where it must be: most credentials have their headers ready.
    const merged = this.#merged.of("POST");
    const bound = merged instanceof Promise ? await raceAbort(merged, signal) : merged;
    const { url } = this.#options.endpoint;
    call.secrets = () => spokenSecrets(bound, url);
    signal.throwIfAborted();
    if (!call.isPending) return;
    call.sent = true;
    const headers = this.#session.headersOf(method, params, call.headers);
    const response = await this.#post(headers, bound, body, signal);
    const hasSession = this.#session.canBeLost;
    if (response.status < 200 || response.status > 299)
      return this.#responses.receiveFailure(response, { call, method, secrets: call.secrets, hasSession });
    // A session is what the handshake's answer says and nothing else: any other answer could swap it.
    if (method === "initialize") this.#session.adopt(response);
    await this.#responses.receiveAnswer(response, call, this.#resume(signal));
  }

  async #tell(message: NotificationMessage | ReplyMessage, signal: AbortSignal): Promise<void> {
    const body = toJson(message);
    const bound = await raceAbort(Promise.resolve(this.#merged.of("POST")), signal);
    const headers = this.#session.headersOf("method" in message ? message.method : "", undefined);
    const response = await this.#post(headers, bound, body, signal);
    if (response.status >= 200 && response.status <= 299) return response.body.cancel();
    const method = "method" in message ? message.method : "an answer";
    const secrets = () => spokenSecrets(bound, this.#options.endpoint.url);
    const hasSession = this.#session.canBeLost;
    await this.#responses.receiveFailure(response, { call: undefined, method, secrets, hasSession });
  }

  #post(
    headers: PlainHeaders,
    bound: BoundHeaders,
    body: string,
    signal: AbortSignal,
  ): Promise<ExchangeResponse> {
    return this.#options.target.exchange({ method: "POST", headers, bound, body, signal, maxResponseBytes });
  }

  /** A modern server is told by the end of the stream, a legacy one in words. */
  #giveUp({ id, method, sent }: Call, exchange: AbortController): void {
    exchange.abort("The request was given up.");
    if (!sent || this.#options.era === "modern" || method === "initialize" || this.#closed) return;
    const params = { requestId: id, reason: "The request was given up." };
    void this.tell({ jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  #resume(signal: AbortSignal): Resume | undefined {
    if (this.#options.era === "modern") return undefined;
    return { get: (lastEventId) => this.#getStream(lastEventId, signal), signal };
  }

  async #getStream(lastEventId: string | undefined, signal: AbortSignal): Promise<ExchangeResponse> {
    const bound = await raceAbort(Promise.resolve(this.#merged.of("GET")), signal);
    const headers = {
      accept: "text/event-stream",
      ...this.#session.headers(),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    };
    const { target } = this.#options;
    const response = await target.exchange({ method: "GET", headers, bound, signal, maxResponseBytes });
    return this.#responses.streamOf(response, {
      method: "the stream of its messages",
      secrets: () => spokenSecrets(bound, this.#options.endpoint.url),
      hasSession: this.#session.canBeLost,
    });
  }
}

/** A socket that breaks does not break the session: what the egress advises for it is not passed on. */
function unanswered({ method }: Call, failure: unknown): unknown {
  if (!(failure instanceof TenantryError) || failure.code !== "CONNECTION_LOST") return failure;
  if (failure.status !== undefined) return failure;
  return lost(method, "The connection to the server broke", { cause: failure, delivery: failure.delivery });
}
