import { raceAbort, TenantryError, type Era, type HttpEndpoint } from "@tenantry/core";
import type { ExchangeResponse, Target } from "@tenantry/egress";
import { Asides, isAside } from "../asides.ts";
import { atMost } from "../at-most.ts";
import type { Call } from "../call.ts";
import { lost } from "../failure.ts";
import { Exchanges } from "./exchanges.ts";
import { HttpResponses, type Resume } from "./http-responses.ts";
import { HttpSession, type KnownSession } from "./http-session.ts";
import { Inbox, type Hearer } from "../inbox.ts";
import { toJson } from "../json-text.ts";
import type { Fields, NotificationMessage, ReplyMessage, RequestMessage } from "../message.ts";
import type { Destination, OpenDependencies } from "../opened.ts";
import { MergedHeaders, spokenSecrets, type BoundHeaders, type HeldCredential } from "./request-headers.ts";
import type { PlainHeaders } from "./routing-headers.ts";
import type { Transport } from "../transport.ts";

/** What an {@link HttpTransport} works with. */
export interface HttpTransportOptions {
  readonly destination: Destination;
  readonly endpoint: HttpEndpoint;
  readonly held: Readonly<HeldCredential>;
  readonly era: Era;
  readonly dependencies: Pick<OpenDependencies, "routing" | "limits" | "clock">;
  readonly session?: KnownSession | undefined;
  /** Whether several users' calls go over it; defaults to `false`. */
  readonly shared?: boolean | undefined;
}

/** Whoever reads an answer bounds it, and names the limit that was hit. */
const maxResponseBytes = Number.POSITIVE_INFINITY;

/** Messages over guarded requests: one POST for each (MCP, Streamable HTTP). */
export class HttpTransport implements Transport {
  readonly #target: Target;
  readonly #endpoint: HttpEndpoint;
  readonly #dependencies: HttpTransportOptions["dependencies"];
  readonly #inbox: Inbox;
  readonly #responses: HttpResponses;
  readonly #merged: MergedHeaders;
  readonly #session: HttpSession;
  /** Made with the first of them, because most connections have nothing to say beside their calls. */
  #asides: Asides | undefined;
  readonly #exchanges = new Exchanges();
  /** There while a session is being made. */
  #making: Promise<void> | undefined;

  constructor({ destination, endpoint, held, era, dependencies, session, shared }: HttpTransportOptions) {
    this.#inbox = new Inbox({ shared });
    this.#target = destination.target;
    this.#endpoint = endpoint;
    this.#dependencies = dependencies;
    this.#responses = new HttpResponses(this.#inbox, dependencies.limits, dependencies.clock);
    this.#merged = new MergedHeaders(endpoint, held, destination.origins);
    this.#session = new HttpSession(era, dependencies.routing, session);
  }

  get sessionId(): string | undefined {
    return this.#session.id;
  }

  /** Settles when a session that is being made has its answer; at once where none is. */
  get making(): Promise<void> {
    return this.#making ?? Promise.resolve();
  }

  get hasRoom(): boolean {
    return this.#asides?.hasRoom !== false;
  }

  listen(hearer: Hearer): void {
    this.#inbox.hearer = hearer;
  }

  speak(protocolVersion: string): void {
    this.#session.speak(protocolVersion);
  }

  ask(call: Call, params: Fields | undefined): void {
    this.#inbox.add(call);
    const exchange = new AbortController();
    call.onEnd = () => this.#giveUp(call, exchange);
    void this.#exchanges
      .within(exchange, () => this.#ask(call, params, exchange.signal))
      .catch((failure: unknown) => call.fail(unanswered(call, failure)))
      .finally(() => this.#inbox.release(call));
  }

  async tell(message: NotificationMessage | ReplyMessage): Promise<void> {
    const exchange = new AbortController();
    const send = () => this.#exchanges.within(exchange, () => this.#tell(message, exchange.signal));
    if (!isAside(message)) return send();
    const { clock, limits } = this.#dependencies;
    this.#asides ??= new Asides();
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

  /** Takes nothing more, and ends every exchange once what was said beside the calls has been heard. */
  async retire(): Promise<void> {
    this.#exchanges.stop();
    await this.#asides?.finished;
    await this.close();
  }

  async close(): Promise<void> {
    this.#exchanges.end();
  }

  /** Ends the session at the server, where there is one. The server may refuse to (405), which is its right. */
  async endSession(signal: AbortSignal): Promise<void> {
    if (this.#session.id === undefined) return;
    const bound = await raceAbort(Promise.resolve(this.#merged.of("DELETE")), signal);
    const response = await this.#target.exchange({
      method: "DELETE",
      headers: this.#session.headers(),
      bound,
      signal,
    });
    response.body.cancel();
  }

  async #ask(call: Call, params: Fields | undefined, signal: AbortSignal): Promise<void> {
    const { id, method } = call;
    const message: RequestMessage = { jsonrpc: "2.0", id, method, ...(params !== undefined && { params }) };
    const body = toJson(message);
    // Awaited only where it must be: most credentials have their headers ready.
    const merged = this.#merged.of("POST");
    const bound = merged instanceof Promise ? await raceAbort(merged, signal) : merged;
    const { url } = this.#endpoint;
    call.secrets = () => spokenSecrets(bound, url);
    signal.throwIfAborted();
    if (!call.isPending) return;
    call.sent = true;
    const headers = this.#session.headersOf(method, params, call.headers);
    const posted = this.#post(headers, bound, body, signal);
    if (method === "initialize") this.#make(posted);
    const response = await posted;
    const { secrets } = call;
    const session = this.#session.standing;
    if (response.status < 200 || response.status > 299)
      return this.#responses.receiveFailure(response, { call, method, secrets, session });
    this.#session.answered();
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
    const secrets = () => spokenSecrets(bound, this.#endpoint.url);
    const session = this.#session.standing;
    await this.#responses.receiveFailure(response, { call: undefined, method, secrets, session });
  }

  #make(posted: Promise<ExchangeResponse>): void {
    const made = () => (this.#making = undefined);
    this.#making = posted.then(made, made);
  }

  #post(
    headers: PlainHeaders,
    bound: BoundHeaders,
    body: string,
    signal: AbortSignal,
  ): Promise<ExchangeResponse> {
    return this.#target.exchange({ method: "POST", headers, bound, body, signal, maxResponseBytes });
  }

  /** A modern server is told by the end of the stream, a legacy one in words. */
  #giveUp({ id, method, sent }: Call, exchange: AbortController): void {
    exchange.abort("The request was given up.");
    if (!sent || this.#session.era === "modern" || method === "initialize" || this.#exchanges.isStopped)
      return;
    const params = { requestId: id, reason: "The request was given up." };
    void this.tell({ jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  #resume(signal: AbortSignal): Resume | undefined {
    if (this.#session.era === "modern") return undefined;
    return { get: (lastEventId) => this.#getStream(lastEventId, signal), signal };
  }

  async #getStream(lastEventId: string | undefined, signal: AbortSignal): Promise<ExchangeResponse> {
    const bound = await raceAbort(Promise.resolve(this.#merged.of("GET")), signal);
    const headers = {
      accept: "text/event-stream",
      ...this.#session.headers(),
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    };
    const response = await this.#target.exchange({ method: "GET", headers, bound, signal, maxResponseBytes });
    return this.#responses.streamOf(response, {
      method: "the stream of its messages",
      secrets: () => spokenSecrets(bound, this.#endpoint.url),
      session: this.#session.standing,
    });
  }
}

/** A socket that breaks does not break the session: what the egress advises for it is not passed on. */
function unanswered({ method }: Call, failure: unknown): unknown {
  if (!(failure instanceof TenantryError) || failure.code !== "CONNECTION_LOST") return failure;
  if (failure.status !== undefined) return failure;
  return lost(method, "The connection to the server broke", { cause: failure, delivery: failure.delivery });
}
