import {
  TenantryError,
  type AbortableOptions,
  type CloseReason,
  type Clock,
  type Connection,
  type Credential,
  type Deviation,
  type Method,
  type Params,
  type ParkedSession,
  type RequestOptions,
  type Result,
  type ServerEvent,
  type Subscription,
  type SubscriptionFilter,
} from "@tenantry/core";
import { atMost } from "./at-most.ts";
import type { EraDoubt } from "./era-doubt.ts";
import { Errand } from "./errand.ts";
import { spoken } from "./failure.ts";
import { answerRound } from "./input-rounds.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link, ServerFacts } from "./link.ts";
import { isObject, type Fields, type ServerMessage } from "./message.ts";
import type { Repairs } from "./repairs.ts";
import type { Results } from "./results.ts";
import type { ServerRequests } from "./server-requests.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What differs between a connection over HTTP and one over a pipe. */
export interface ConnectionEnds {
  /** Takes a newer credential of the same subject, or says that it cannot. */
  adopt(next: Credential): boolean;
  /** The session at rest, where there is one. */
  sessionId(): string | undefined;
  /** Ends the session at the server; is given up when the signal aborts. */
  endSession(signal: AbortSignal): Promise<void>;
  /** How long the way to the server may take to close, in milliseconds. */
  readonly closeTimeoutMs: number;
  /** Resolves when the other side has gone away; never for HTTP. */
  readonly lost: Promise<CloseReason> | undefined;
  /** Opens the stream on which a legacy server speaks of its own accord; absent where everything comes on one anyway. */
  readonly openStream?: (signal: AbortSignal) => Promise<{ readonly ended: Promise<void> }>;
}

/** What a connection is made of. */
export interface McpConnectionOptions {
  readonly link: Link;
  readonly facts: ServerFacts;
  readonly ends: ConnectionEnds;
  readonly doubt: EraDoubt;
  readonly repairs: Repairs;
  readonly results: Results;
  /** Makes what answers the server's requests; it is asked for with the first of them. */
  readonly requests: () => ServerRequests;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  /** Makes what tells of changes; it is asked for with the first subscription. */
  readonly subscriptions: (connection: McpConnection) => Subscriptions;
}

/** One connection. States: open → parked, lost or closed; only an open one takes requests. */
export class McpConnection implements Connection {
  readonly era: ServerFacts["era"];
  readonly protocolVersion: string;
  readonly serverInfo: ServerFacts["serverInfo"];
  readonly capabilities: ServerFacts["capabilities"];
  readonly instructions: string | undefined;
  readonly closed: Promise<CloseReason>;
  readonly #options: McpConnectionOptions;
  readonly #errands = new Set<Errand>();
  #settleClosed!: (reason: CloseReason) => void;
  #subscriptions: Subscriptions | undefined;
  #requests: ServerRequests | undefined;
  #state: "open" | "parked" | "lost" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(options: McpConnectionOptions) {
    this.#options = options;
    const { facts, ends, link } = options;
    this.era = facts.era;
    this.protocolVersion = facts.protocolVersion;
    this.serverInfo = facts.serverInfo;
    this.capabilities = facts.capabilities;
    this.instructions = facts.instructions;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    link.transport.listen((message, call) => {
      if (message.id !== undefined) return this.#answering().receive(message, call);
      if (call?.listeners.onNotification !== undefined) return call.notified(message);
      this.#hear(message);
    });
    void ends.lost?.then((reason) => this.#lose(reason.cause));
  }

  async request<M extends Method>(
    method: M,
    params: Params<M>,
    options: RequestOptions = {},
  ): Promise<Result<M>> {
    return (await this.run(method, params, options)) as Result<M>;
  }

  async subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    { signal }: AbortableOptions = {},
  ): Promise<Subscription> {
    signal?.throwIfAborted();
    this.#checkOpen();
    this.#subscriptions ??= this.#options.subscriptions(this);
    return this.#subscriptions.subscribe(filter, listener, signal);
  }

  /** Lets the server ask what belongs to no call; never rejects, because many servers cannot, and most need not. */
  async attend(signal: AbortSignal): Promise<void> {
    this.#subscriptions ??= this.#options.subscriptions(this);
    await this.#subscriptions.attend(signal).catch(() => {});
  }

  adopt(next: Credential): boolean {
    return this.#state === "open" && this.#options.ends.adopt(next);
  }

  park(): ParkedSession | undefined {
    const { ends, repairs, link } = this.#options;
    const sessionId = ends.sessionId();
    const isBusy = this.#errands.size > 0 || this.#subscriptions?.isEmpty === false || repairs.isShaking;
    if (this.#state !== "open" || isBusy || sessionId === undefined) return undefined;
    this.#state = "parked";
    void link.transport.close();
    this.#settleClosed({ kind: "closed" });
    const { protocolVersion, capabilities, serverInfo, instructions } = this;
    return Object.freeze({
      sessionId,
      protocolVersion,
      capabilities,
      ...(serverInfo === undefined ? {} : { serverInfo }),
      ...(instructions === undefined ? {} : { instructions }),
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** Makes one request of any method; throws as {@link request} does. */
  async run(method: string, params: Fields | undefined, options: RequestOptions = {}): Promise<Fields> {
    options.signal?.throwIfAborted();
    this.#checkOpen();
    const { clock, limits } = this.#options;
    const { timeoutMs = limits.requestTimeoutMs, signal } = options;
    const errand = new Errand({ method, clock, timeoutMs, signal });
    this.#errands.add(errand);
    try {
      const result = await this.#pursue(errand, method, params, options);
      return this.#options.results.read(method, params, result, options.onDeviation);
    } catch (failure) {
      const accepted = this.#options.results.readFailure(method, failure, options.onDeviation);
      if (accepted !== undefined) return accepted;
      if (failure instanceof TenantryError && failure.code === "SESSION_LOST") this.#lose(failure);
      throw failure;
    } finally {
      errand[Symbol.dispose]();
      this.#errands.delete(errand);
    }
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state === "open";
    if (wasOpen) this.#state = "closed";
    const { link, ends, repairs, clock, limits } = this.#options;
    for (const errand of this.#errands) errand.fail(closedEarly(errand.sent));
    this.#subscriptions?.close();
    this.#requests?.close();
    const { closeTimeoutMs } = limits;
    // A server that hears of a session's end before it has heard of its beginning may keep it.
    if (repairs.isShaking)
      await atMost({ clock, timeoutMs: closeTimeoutMs, keepAlive: true }, () => repairs.settled);
    await atMost({ clock, timeoutMs: ends.closeTimeoutMs, keepAlive: true }, () => link.transport.close());
    if (wasOpen)
      await atMost({ clock, timeoutMs: closeTimeoutMs, keepAlive: true }, (signal) =>
        ends.endSession(signal),
      );
    this.#settleClosed({ kind: "closed" });
  }

  /** Makes a request, and makes it once more where what it failed of can be repaired. */
  async #pursue(
    errand: Errand,
    method: string,
    params: Fields | undefined,
    options: RequestOptions,
  ): Promise<Fields> {
    const { repairs } = this.#options;
    const isEarly = repairs.isShaking;
    try {
      return await this.#attempt(errand, method, params, options);
    } catch (failure) {
      const asked = { method, params, isEarly };
      const send = (other: string, its: Fields) => this.#attempt(errand, other, its, {});
      const repair = await repairs.find(failure, asked, errand, send);
      if (repair === undefined) throw failure;
      const result = await this.#attempt(errand, method, params, options);
      repair.confirm?.();
      return result;
    }
  }

  /** Sends a request until the server completes it, answering meanwhile what a modern server asks. */
  async #attempt(
    errand: Errand,
    method: string,
    params: Fields | undefined,
    options: RequestOptions,
  ): Promise<Fields> {
    const { link, doubt, repairs, limits } = this.#options;
    let round: Fields | undefined;
    for (let rounds = 0; ; rounds++) {
      const call = link.call(method, options);
      call.headers = repairs.headersOf(method, params);
      errand.next(call);
      let result: Fields;
      try {
        result = await link.ask(
          call,
          round === undefined ? params : { ...params, ...round },
          options.logLevel,
        );
        doubt.answered();
      } catch (failure) {
        throw doubt.revise(failure, method);
      }
      if (this.era === "legacy") return result;
      if (result.resultType === undefined) {
        options.onDeviation?.(untyped(method));
        return result;
      }
      const { resultType, ...rest } = result;
      if (resultType === "complete") return rest;
      if (resultType !== "input_required") throw unknownResult(method, resultType, call.secrets());
      if (rounds >= limits.maxInputRounds) throw tooManyRounds(method, limits.maxInputRounds);
      round = await answerRound(rest, call, errand, this.#answering());
    }
  }

  #hear(message: ServerMessage): void {
    if (message.method !== "notifications/cancelled") return this.#subscriptions?.receive(message);
    const id = isObject(message.params) ? message.params.requestId : undefined;
    if (typeof id === "string" || typeof id === "number") this.#requests?.takeBack(id);
  }

  #answering(): ServerRequests {
    return (this.#requests ??= this.#options.requests());
  }

  #lose(cause: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    this.#subscriptions?.close(cause ?? closedEarly(true));
    this.#settleClosed(cause === undefined ? { kind: "lost" } : { kind: "lost", cause });
  }

  #checkOpen(): void {
    if (this.#state === "open") return;
    if (this.#state !== "lost")
      throw new TenantryError(
        "CLOSED",
        "The connection is closed; call again, or create a new instance if this one was closed.",
      );
    const details = { retryable: true, recover: "reconnect" } as const;
    throw new TenantryError("CONNECTION_LOST", "The server has ended this connection; call again.", details);
  }
}

function closedEarly(sent: boolean): TenantryError {
  const what = "The connection was closed before the server answered; look before calling again.";
  return new TenantryError("CLOSED", what, { delivery: sent ? "unknown" : "unsent" });
}

function unknownResult(method: string, type: unknown, secrets: readonly string[]): TenantryError {
  const what = `The server answered ${method} with a result of the type ${spoken(type, secrets)}, which was not offered to it.`;
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}

function untyped(method: string): Deviation {
  return { kind: "result_type", message: `The result of ${method} does not say whether it is complete.` };
}

function tooManyRounds(method: string, limit: number): TenantryError {
  const what = `The server asked for more input ${limit} times before it answered ${method}; raise limits.maxInputRounds if that is expected.`;
  return new TenantryError("LIMIT_EXCEEDED", what, { delivery: "answered" });
}
