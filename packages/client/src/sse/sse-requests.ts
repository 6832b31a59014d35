import { TenantryError, type Clock, type Credential, type Delivery, type HttpEndpoint } from "@tenantry/core";
import type { Egress, ExchangeResponse } from "@tenantry/egress";
import { httpFailure, type FailureContext } from "../failure.ts";
import { toJson } from "../json-text.ts";
import type { ClientLimits } from "../limits.ts";
import { isObject } from "../message.ts";
import { boundHeaders, spokenSecrets, type BoundHeaders } from "../http/request-headers.ts";

/** What the requests of one pipe are sent with. */
export interface SseRequestsOptions {
  readonly egress: Pick<Egress, "exchange">;
  readonly endpoint: HttpEndpoint;
  /** Gives the credential as it is now; it is asked for every request. */
  readonly credential: () => Credential | undefined;
  readonly limits: ClientLimits;
  readonly clock: Clock;
}

interface SseRequest {
  readonly endpoint: HttpEndpoint;
  readonly method: "GET" | "POST";
  /** Names it in a message. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Rotations and signatures bring new ones, of which this many texts are remembered. */
const maxSecrets = 64;
const unacknowledged = Symbol("The server took its time to acknowledge the message.");

/** The requests of the HTTP+SSE transport (MCP 2024-11-05): one GET for its stream, and a POST for each message. */
export class SseRequests {
  readonly #options: SseRequestsOptions;
  readonly #exchanges = new Set<AbortController>();
  readonly #secrets = new Set<string>();
  /** Whether a message was taken: there is a session then, which can be lost. */
  #hasSession = false;
  #ended = false;

  constructor(options: SseRequestsOptions) {
    this.#options = options;
  }

  /** What was sent in secret headers and queries lately, so that no message repeats it. */
  get secrets(): readonly string[] {
    return [...this.#secrets];
  }

  /** Asks for the stream, which lasts until `end()`; throws where the answer is none. */
  async stream(): Promise<ExchangeResponse> {
    const { endpoint } = this.#options;
    const headers = { accept: "text/event-stream" };
    const exchange = new AbortController();
    this.#exchanges.add(exchange);
    const response = await this.#ask({ endpoint, method: "GET", name: "GET", headers }, exchange.signal);
    const [type = ""] = (response.headers["content-type"] ?? "").split(";", 1);
    if (type.trim().toLowerCase() === "text/event-stream") return response;
    response.body.cancel();
    const { status } = response;
    const what =
      "The server answered GET with no stream of events; check that its url leads to an MCP server.";
    throw new TenantryError("PROTOCOL_VIOLATION", what, { status, delivery: "answered" });
  }

  /** Posts one message; resolves when the server has taken it, or has had `requestTimeoutMs` to. */
  async post(endpoint: HttpEndpoint, message: unknown): Promise<void> {
    const body = toJson(message as object);
    const name = isObject(message) && typeof message.method === "string" ? message.method : "an answer";
    const headers = { "content-type": "application/json" };
    const { clock, limits } = this.#options;
    const exchange = new AbortController();
    this.#exchanges.add(exchange);
    const patience = clock.after(limits.requestTimeoutMs, () => exchange.abort(unacknowledged));
    try {
      const request = { endpoint, method: "POST", name, headers, body } as const;
      const response = await this.#ask(request, exchange.signal);
      this.#hasSession = true;
      response.body.cancel();
    } catch (failure) {
      // The answer comes on the stream, and whoever waits for it has a deadline of their own.
      if (failure !== unacknowledged) throw this.#ended ? failure : broken(failure);
    } finally {
      patience.cancel();
      this.#exchanges.delete(exchange);
    }
  }

  /** Gives up what is on its way; nothing is sent after it. */
  end(): void {
    this.#ended = true;
    for (const exchange of this.#exchanges) exchange.abort(streamEnded("unknown"));
  }

  /** Sends one request and gives its answer; throws where that is no success. */
  async #ask(request: SseRequest, signal: AbortSignal): Promise<ExchangeResponse> {
    const { egress, credential, limits, clock } = this.#options;
    const { endpoint, name, ...sent } = request;
    if (this.#ended) throw streamEnded("unsent");
    const bound = await boundHeaders(endpoint, credential(), request.method);
    this.#remember(bound, endpoint.url);
    if (this.#ended) throw streamEnded("unsent");
    const { url, provenance } = endpoint;
    // Whoever reads the stream bounds each event of it; nothing reads another answer.
    const maxResponseBytes = Number.POSITIVE_INFINITY;
    const response = await egress.exchange({ url, provenance, ...sent, bound, signal, maxResponseBytes });
    const { status, headers } = response;
    if (status >= 200 && status <= 299) return response;
    response.body.cancel();
    const { maxRetryAfterMs } = limits;
    const context: FailureContext = {
      method: name,
      session: this.#hasSession ? "held" : "none",
      secrets: this.secrets,
      clock,
      maxRetryAfterMs,
    };
    throw httpFailure({ status, headers, rpc: undefined }, context);
  }

  /** Keeps the latest ones; those of the server's own url go out with the stream alone, and stay known all the same. */
  #remember(bound: BoundHeaders, url: URL): void {
    const own = this.#options.endpoint.url;
    for (const one of [own, url].flatMap((each) => spokenSecrets(bound, each))) {
      this.#secrets.delete(one);
      this.#secrets.add(one);
    }
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= maxSecrets) break;
      this.#secrets.delete(oldest);
    }
  }
}

/** The error for what a stream that has ended cannot carry any more. */
export function streamEnded(delivery: Delivery, cause?: unknown): TenantryError {
  const details = { delivery, retryable: true, recover: "reconnect" } as const;
  const message = "The server's stream of events has ended. Call again to start it anew.";
  return new TenantryError("CONNECTION_LOST", message, cause === undefined ? details : { ...details, cause });
}

/** A socket that breaks has not ended the pipe, which is what its own `CONNECTION_LOST` would say. */
function broken(failure: unknown): unknown {
  if (!(failure instanceof TenantryError) || failure.code !== "CONNECTION_LOST") return failure;
  return new Error("The connection to the server broke while it took a message.", { cause: failure });
}
