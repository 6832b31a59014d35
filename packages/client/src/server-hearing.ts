import type {
  AbortableOptions,
  RequestOptions,
  ServerEvent,
  Subscription,
  SubscriptionFilter,
} from "@tenantry/core";
import { ServerRequests } from "./asking/server-requests.ts";
import type { Call } from "./call.ts";
import type { McpConnectionOptions } from "./mcp-connection.ts";
import { isObject, type Fields, type ServerMessage } from "./message.ts";
import { LegacySubscriptions } from "./subscription/legacy-subscriptions.ts";
import { ModernSubscriptions } from "./subscription/modern-subscriptions.ts";
import { eventOf } from "./subscription/server-events.ts";
import type { Subscriptions } from "./subscription/subscriptions.ts";

/** The connection on which a server is heard. */
interface Host {
  subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    options?: AbortableOptions,
  ): Promise<Subscription>;
  run(method: string, params: Fields | undefined, options?: RequestOptions): Promise<Fields>;
}

/** Hears what one server says of its own accord: its requests, its changes, and what it takes back. */
export class ServerHearing {
  readonly #options: Pick<McpConnectionOptions, "dependencies" | "ends" | "link">;
  readonly #host: Host;
  #subscriptions: Subscriptions | undefined;
  #answering: ServerRequests | undefined;
  #overhearer: ((event: ServerEvent) => void) | undefined;

  constructor(options: Pick<McpConnectionOptions, "dependencies" | "ends" | "link">, host: Host) {
    this.#options = options;
    this.#host = host;
  }

  /** Whether anybody wants to hear of changes. */
  get hasSubscribers(): boolean {
    return this.#subscriptions?.isEmpty === false;
  }

  /** What answers the server's requests. */
  get answering(): ServerRequests {
    const { link, dependencies } = this.#options;
    const { transport, handlers } = link;
    return (this.#answering ??= new ServerRequests({
      clientInfo: dependencies.clientInfo,
      transport,
      handlers,
    }));
  }

  /** Has somebody told of changes; rejects where the server cannot be heard. */
  subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<Subscription> {
    return this.#listening().subscribe(filter, listener, signal);
  }

  /** Has somebody told of the changes that come anyway; `false` where none do. */
  overhear(listener: (event: ServerEvent) => void): boolean {
    const { link, ends } = this.#options;
    if (link.era === "legacy") this.#overhearer = listener;
    else if (ends.lost === undefined) return false;
    else
      void this.#host.subscribe(everyList, listener).catch(() => {
        // It tells of none, as over HTTP.
      });
    return true;
  }

  /** Lets the server ask what belongs to no call; rejects where it cannot. */
  attend(): Promise<void> {
    return this.#listening().attend();
  }

  /** Takes what the server says. */
  hear(message: ServerMessage, call: Call | undefined): void {
    if (message.id !== undefined) return this.answering.receive(message, call);
    if (call?.listeners.onNotification !== undefined) return call.notified(message);
    if (message.method !== "notifications/cancelled") {
      this.#pass(message);
      return this.#subscriptions?.receive(message);
    }
    const id = isObject(message.params) ? message.params.requestId : undefined;
    if (typeof id === "string" || typeof id === "number") this.#answering?.takeBack(id);
  }

  /** Tells nobody of changes any more, and why. */
  close(cause?: unknown): void {
    this.#subscriptions?.close(cause);
  }

  /** Answers none of the server's requests any more. */
  takeBackAll(): void {
    this.#answering?.close();
  }

  #pass(message: ServerMessage): void {
    const event = this.#overhearer && eventOf(message);
    if (event !== undefined && event.kind !== "resource_updated") this.#overhearer?.(event);
  }

  /** What tells of changes, made with the first who wants to hear of them. */
  #listening(): Subscriptions {
    const { link, ends, dependencies } = this.#options;
    const { clock, limits } = dependencies;
    return (this.#subscriptions ??=
      link.era === "modern"
        ? new ModernSubscriptions({ link, clock, limits })
        : new LegacySubscriptions({
            request: (method, uri, signal) => this.#host.run(method, { uri }, { signal }),
            openStream: ends.openStream,
            clock,
          }));
  }
}

const everyList = Object.freeze({ tools: true, prompts: true, resources: true });
