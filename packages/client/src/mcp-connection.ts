import {
  TenantryError,
  type AbortableOptions,
  type CloseReason,
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
import type { Call } from "./call.ts";
import { tracedParams } from "./envelope.ts";
import { Errand } from "./errand.ts";
import type { Hearer } from "./inbox.ts";
import type { Fields, ServerMessage } from "./message.ts";
import type { OpenDependencies } from "./opened.ts";
import { Requests, type Answerer, type RequestsOptions } from "./requests.ts";
import type { ServerRequests } from "./asking/server-requests.ts";
import type { ConnectionEnds } from "./connection-ends.ts";
import { ServerHearing } from "./server-hearing.ts";
import { eventOf } from "./subscription/server-events.ts";
import { unaskedFacts } from "./shared-facts.ts";

/** What a connection is made of. */
export interface McpConnectionOptions extends RequestsOptions {
  /** What another connection would go on from. */
  readonly record: ParkedSession;
  readonly ends: ConnectionEnds;
  readonly dependencies: Pick<OpenDependencies, "clientInfo" | "limits" | "clock">;
}

/** One connection. States: open → parked, lost or closed; only an open one takes requests. */
export class McpConnection implements Connection, Hearer, Answerer {
  readonly closed: Promise<CloseReason>;
  readonly #options: McpConnectionOptions;
  readonly #requests: Requests;
  /** There while errands are run: nearly every connection is at rest. */
  #errands: Set<Errand> | undefined;
  #settleClosed!: (reason: CloseReason) => void;
  /** There once there was anything to hear, which from most servers there never is. */
  #hearing: ServerHearing | undefined;
  #overhearer: ((event: ServerEvent) => void) | undefined;
  #state: "open" | "parked" | "lost" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(options: McpConnectionOptions) {
    this.#options = options;
    this.#requests = new Requests(options, this);
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    options.link.transport.listen(this);
    void options.ends.lost?.then((reason) => this.#lose(reason.cause));
  }

  get era(): Era {
    return this.#options.record.era;
  }

  get subject(): string | undefined {
    return this.#options.ends.subject;
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
    try {
      return await this.#heard().subscribe(filter, listener, signal);
    } catch (failure) {
      // What an exchange ends with then is no reason for anybody.
      throw this.#state === "closed" && signal?.aborted !== true ? closedEarly(true) : failure;
    }
  }

  overhear(listener: (event: ServerEvent) => void): boolean {
    if (this.era === "legacy") this.#overhearer = listener;
    else if (this.#options.ends.lost === undefined) return false;
    else
      void this.subscribe(everyList, listener).catch(() => {
        // It tells of none, as over HTTP.
      });
    return true;
  }

  /** Lets the server ask what belongs to no call; never rejects, because many servers cannot, and most need not. */
  async attend(): Promise<void> {
    await this.#heard()
      .attend()
      .catch(() => {});
  }

  get answering(): ServerRequests {
    return this.#heard().answering;
  }

  hear(message: ServerMessage, call: Call | undefined): void {
    const event = message.id === undefined && this.#overhearer ? eventOf(message) : undefined;
    if (event !== undefined && event.kind !== "resource_updated") this.#overhearer?.(event);
    this.#heard().hear(message, call);
  }

  adopt(next: Credential): boolean {
    return this.#state === "open" && this.#options.ends.adopt(next);
  }

  park(): ParkedSession | undefined {
    const { ends, repairs, record } = this.#options;
    const isBusy = this.#errands !== undefined || this.#hearing?.hasSubscribers === true || repairs.isShaking;
    const { retire } = ends;
    if (this.#state !== "open" || isBusy || retire === undefined) return undefined;
    this.#state = "parked";
    this.#hearing?.takeBackAll();
    void retire();
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
    const { clock, limits } = this.#options.dependencies;
    const { timeoutMs = limits.requestTimeoutMs, signal } = options;
    if (timeoutMs === Infinity && signal === undefined) throw unbounded(method);
    const errand = new Errand({ method, clock, timeoutMs, signal });
    (this.#errands ??= new Set()).add(errand);
    try {
      const told = tracedParams(params, options.trace);
      return await this.#requests.run(errand, { method, params: told, options });
    } catch (failure) {
      const isLost = failure instanceof TenantryError && failure.code === "SESSION_LOST";
      if (isLost && !errand.wasEndedBy(failure)) this.#lose(failure);
      throw failure;
    } finally {
      errand[Symbol.dispose]();
      this.#errands.delete(errand);
      if (this.#errands.size === 0) this.#errands = undefined;
    }
  }

  get #facts(): ServerFacts {
    return this.#options.record.facts ?? unaskedFacts;
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state === "open";
    if (wasOpen) this.#state = "closed";
    const { link, ends, repairs, dependencies } = this.#options;
    const { clock, limits } = dependencies;
    for (const errand of this.#errands ?? []) errand.fail(closedEarly(errand.sent));
    this.#hearing?.close();
    this.#hearing?.takeBackAll();
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

  /** What hears the server, made with the first that there is to hear. */
  #heard(): ServerHearing {
    return (this.#hearing ??= new ServerHearing(this.#options, (...asked) => this.run(...asked)));
  }

  #lose(cause: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    this.#hearing?.close(cause ?? closedEarly(true));
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

const everyList = Object.freeze({ tools: true, prompts: true, resources: true });

function unbounded(method: string): TenantryError {
  const what = `${method} has neither a time nor a signal that ends it; give timeoutMs, or the signal of a deadline.`;
  return new TenantryError("ARGUMENT_INVALID", what);
}

function closedEarly(sent: boolean): TenantryError {
  const what = "The connection was closed before the server answered; look before calling again.";
  return new TenantryError("CLOSED", what, { delivery: sent ? "unknown" : "unsent" });
}
