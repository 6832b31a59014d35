import type { RequestOptions, ServerEvent, Subscription, SubscriptionFilter } from "@tenantry/core";
import { ServerRequests } from "./asking/server-requests.ts";
import type { Call } from "./call.ts";
import type { McpConnectionOptions } from "./mcp-connection.ts";
import { isObject, type Fields, type ServerMessage } from "./message.ts";
import { LegacySubscriptions } from "./subscription/legacy-subscriptions.ts";
import { ModernSubscriptions } from "./subscription/modern-subscriptions.ts";
import type { Subscriptions } from "./subscription/subscriptions.ts";

/** Makes one request on the connection on which the server is heard. */
type Run = (method: string, params: Fields, options: RequestOptions) => Promise<Fields>;

/** Hears what one server says of its own accord: its requests, its changes, and what it takes back. */
export class ServerHearing {
  readonly #options: Pick<McpConnectionOptions, "dependencies" | "ends" | "link">;
  readonly #run: Run;
  #subscriptions: Subscriptions | undefined;
  #answering: ServerRequests | undefined;

  constructor(options: Pick<McpConnectionOptions, "dependencies" | "ends" | "link">, run: Run) {
    this.#options = options;
    this.#run = run;
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

  /** Lets the server ask what belongs to no call; rejects where it cannot. */
  attend(): Promise<void> {
    return this.#listening().attend();
  }

  /** Takes what the server says. */
  hear(message: ServerMessage, call: Call | undefined): void {
    if (message.id !== undefined) return this.answering.receive(message, call);
    if (call?.listeners.onNotification !== undefined) return call.notified(message);
    if (message.method !== "notifications/cancelled") return this.#subscriptions?.receive(message);
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

  /** What tells of changes, made with the first who wants to hear of them. */
  #listening(): Subscriptions {
    const { link, ends, dependencies } = this.#options;
    const { clock, limits } = dependencies;
    return (this.#subscriptions ??=
      link.era === "modern"
        ? new ModernSubscriptions({ link, clock, limits })
        : new LegacySubscriptions({
            request: (method, uri, signal) => this.#run(method, { uri }, { signal }),
            openStream: ends.openStream,
            clock,
          }));
  }
}
