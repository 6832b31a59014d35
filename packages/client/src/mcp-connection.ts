import {
  TenantryError,
  type AbortableOptions,
  type CloseReason,
  type Clock,
  type Connection,
  type Credential,
  type Era,
  type Implementation,
  type Method,
  type Params,
  type ParkedSession,
  type RequestOptions,
  type Result,
  type ServerCapabilities,
  type ServerEvent,
  type ServerFacts,
  type Subscription,
  type SubscriptionFilter,
} from "@tenantry/core";
import { atMost } from "./at-most.ts";
import type { EraDoubt } from "./era/era-doubt.ts";
import { Errand } from "./errand.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link } from "./link.ts";
import { isObject, type Fields, type ServerMessage } from "./message.ts";
import type { Repairs } from "./repairs.ts";
import { Requests } from "./requests.ts";
import type { Results } from "./results.ts";
import type { ServerRequests } from "./asking/server-requests.ts";
import type { Subscriptions } from "./subscription/subscriptions.ts";

/** What differs between a connection over HTTP and one over a pipe. */
export interface ConnectionEnds {
  /** Takes a newer credential of the same subject, or says that it cannot. */
  adopt(next: Credential): boolean;
  /** Whether another connection can go on where this one stops. */
  readonly isParkable: boolean;
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
  /** What another connection would go on from. */
  readonly record: ParkedSession;
  readonly ends: ConnectionEnds;
  readonly doubt: EraDoubt;
  readonly repairs: Repairs;
  readonly results: Results;
  /** Makes what answers the server's requests; it is asked for with the first of them. */
  readonly answering: () => ServerRequests;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  /** Makes what tells of changes; it is asked for with the first subscription. */
  readonly subscriptions: (connection: McpConnection) => Subscriptions;
}

/** One connection. States: open → parked, lost or closed; only an open one takes requests. */
export class McpConnection implements Connection {
  readonly closed: Promise<CloseReason>;
  readonly #options: McpConnectionOptions;
  readonly #requests: Requests;
  readonly #errands = new Set<Errand>();
  #settleClosed!: (reason: CloseReason) => void;
  #subscriptions: Subscriptions | undefined;
  #answering: ServerRequests | undefined;
  #state: "open" | "parked" | "lost" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(options: McpConnectionOptions) {
    this.#options = options;
    const { record, ends, link } = options;
    this.#requests = new Requests({ ...options, era: record.era, answering: () => this.#answer() });
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    link.transport.listen((message, call) => {
      if (message.id !== undefined) return this.#answer().receive(message, call);
      if (call?.listeners.onNotification !== undefined) return call.notified(message);
      this.#hear(message);
    });
    void ends.lost?.then((reason) => this.#lose(reason.cause));
  }

  get era(): Era {
    return this.#options.record.era;
  }

  get protocolVersion(): string {
    return this.#options.record.protocolVersion;
  }

  get serverInfo(): Implementation | undefined {
    return this.#facts.serverInfo;
  }

  get capabilities(): ServerCapabilities {
    return this.#facts.capabilities;
  }

  get instructions(): string | undefined {
    return this.#facts.instructions;
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
    try {
      return await this.#subscriptions.subscribe(filter, listener, signal);
    } catch (failure) {
      // What an exchange ends with then is no reason for anybody.
      throw this.#state === "closed" && signal?.aborted !== true ? closedEarly(true) : failure;
    }
  }

  /** Lets the server ask what belongs to no call; never rejects, because many servers cannot, and most need not. */
  async attend(): Promise<void> {
    this.#subscriptions ??= this.#options.subscriptions(this);
    await this.#subscriptions.attend().catch(() => {});
  }

  adopt(next: Credential): boolean {
    return this.#state === "open" && this.#options.ends.adopt(next);
  }

  park(): ParkedSession | undefined {
    const { ends, repairs, link, record } = this.#options;
    const isBusy = this.#errands.size > 0 || this.#subscriptions?.isEmpty === false || repairs.isShaking;
    if (this.#state !== "open" || isBusy || !ends.isParkable) return undefined;
    this.#state = "parked";
    this.#answering?.close();
    void link.transport.close();
    this.#settleClosed({ kind: "closed" });
    return record;
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
      return await this.#requests.run(errand, { method, params, options });
    } catch (failure) {
      if (failure instanceof TenantryError && failure.code === "SESSION_LOST") this.#lose(failure);
      throw failure;
    } finally {
      errand[Symbol.dispose]();
      this.#errands.delete(errand);
    }
  }

  get #facts(): ServerFacts {
    return this.#options.record.facts ?? unasked;
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state === "open";
    if (wasOpen) this.#state = "closed";
    const { link, ends, repairs, clock, limits } = this.#options;
    for (const errand of this.#errands) errand.fail(closedEarly(errand.sent));
    this.#subscriptions?.close();
    this.#answering?.close();
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

  #hear(message: ServerMessage): void {
    if (message.method !== "notifications/cancelled") return this.#subscriptions?.receive(message);
    const id = isObject(message.params) ? message.params.requestId : undefined;
    if (typeof id === "string" || typeof id === "number") this.#answering?.takeBack(id);
  }

  #answer(): ServerRequests {
    return (this.#answering ??= this.#options.answering());
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

/** Assumed of a server that is not asked: everything, because the server itself refuses what it lacks. */
const unasked: ServerFacts = Object.freeze({
  capabilities: Object.freeze({
    tools: Object.freeze({}),
    resources: Object.freeze({}),
    prompts: Object.freeze({}),
    completions: Object.freeze({}),
  }),
});

function closedEarly(sent: boolean): TenantryError {
  const what = "The connection was closed before the server answered; look before calling again.";
  return new TenantryError("CLOSED", what, { delivery: sent ? "unknown" : "unsent" });
}
