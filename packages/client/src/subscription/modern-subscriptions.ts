import {
  TenantryError,
  type Clock,
  type ServerEvent,
  type Subscription,
  type SubscriptionFilter,
} from "@tenantry/core";
import type { Call } from "../call.ts";
import { Errand } from "../errand.ts";
import type { ClientLimits } from "../limits.ts";
import type { Link } from "../link.ts";
import { isObject, type Fields, type ServerMessage } from "../message.ts";
import { pause } from "../pause.ts";
import { Subscriber, type Subscriptions } from "./subscriptions.ts";

/** What subscriptions of the modern era work with. */
export interface ModernSubscriptionsOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly limits: ClientLimits;
}

const acknowledged = "notifications/subscriptions/acknowledged";
const firstRetryMs = 1_000;

/**
 * Subscriptions of the modern era: each is a request of its own, whose answer is the end of it (MCP 2026-07-28,
 * `subscriptions/listen`). One that breaks is asked for again, a few times in a row.
 */
export class ModernSubscriptions implements Subscriptions {
  readonly #options: ModernSubscriptionsOptions;
  readonly #subscribers = new Map<Subscriber, AbortController>();

  constructor(options: ModernSubscriptionsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  async subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<Subscription> {
    const ending = new AbortController();
    const leave = async () => {
      this.#subscribers.delete(subscriber);
      ending.abort();
    };
    const subscriber: Subscriber = new Subscriber({ filter, listener, clock: this.#options.clock, leave });
    // It counts from now on: a connection on which somebody waits for a server's word is no idle one.
    this.#subscribers.set(subscriber, ending);
    try {
      const first = await this.#listen(subscriber, filter, ending.signal, signal);
      void this.#keep(subscriber, filter, first, ending.signal);
      return subscriber;
    } catch (failure) {
      await subscriber.close();
      throw failure;
    }
  }

  /** A modern server asks within its answers and nowhere else. */
  attend(): Promise<void> {
    return Promise.resolve();
  }

  /** Every notification of a subscription names it, so that none of them belongs to no call. */
  receive(): void {}

  close(cause?: unknown): void {
    for (const [subscriber, ending] of this.#subscribers) {
      subscriber.dismiss(cause);
      ending.abort();
    }
    this.#subscribers.clear();
  }

  /** Asks for the changes, and waits for the server's word that it will tell of them. */
  async #listen(
    subscriber: Subscriber,
    filter: SubscriptionFilter,
    ending: AbortSignal,
    signal: AbortSignal | undefined,
  ): Promise<Call> {
    const { link, clock, limits } = this.#options;
    const agreed = Promise.withResolvers<void>();
    const onNotification = (message: ServerMessage) => {
      if (message.method !== acknowledged) return subscriber.receive(message);
      subscriber.honored = honoredBy(message);
      agreed.resolve();
    };
    const call = link.call("subscriptions/listen", { onNotification });
    call.isEndless = true;
    const timeoutMs = limits.requestTimeoutMs;
    using errand = new Errand({ method: call.method, clock, timeoutMs, signal });
    errand.next(call);
    const over = link.ask(call, { notifications: wireFilter(filter) });
    over.catch(() => {});
    const leave = () => call.end("The subscription was closed.");
    ending.addEventListener("abort", leave, { once: true });
    const left = () => ending.removeEventListener("abort", leave);
    void call.outcome.then(left, left);
    await errand.wait(Promise.race([agreed.promise, over.then(() => Promise.reject(endedEarly()))]));
    return call;
  }

  async #keep(
    subscriber: Subscriber,
    filter: SubscriptionFilter,
    first: Call,
    ending: AbortSignal,
  ): Promise<void> {
    const { clock, limits } = this.#options;
    let call: Call | undefined = first;
    let cause: unknown;
    let heard = 0;
    for (let failures = 0; subscriber.isOpen && failures <= limits.maxStreamReconnects; failures++) {
      try {
        if (call === undefined) {
          await pause(clock, firstRetryMs * 2 ** (failures - 1), ending);
          call = await this.#listen(subscriber, filter, ending, undefined);
        }
        await call.outcome;
        // The server has answered: it tells of nothing more, and says so.
        cause = undefined;
        break;
      } catch (failure) {
        cause = failure;
        call = undefined;
        // Only what it was told of counts: a server can agree and break off for ever.
        if (subscriber.heard > heard) failures = 0;
        heard = subscriber.heard;
        if (!(failure instanceof TenantryError) || !failure.retryable) break;
      }
    }
    this.#subscribers.delete(subscriber);
    subscriber.lose(cause);
  }
}

function endedEarly(): TenantryError {
  const what = "The server ended the subscription before it had begun; ask again later.";
  return new TenantryError("SERVER_UNAVAILABLE", what, { delivery: "answered", retryable: true });
}

function wireFilter({ tools, prompts, resources, resourceUris }: SubscriptionFilter): Fields {
  return {
    ...(tools && { toolsListChanged: true }),
    ...(prompts && { promptsListChanged: true }),
    ...(resources && { resourcesListChanged: true }),
    ...(resourceUris && resourceUris.length > 0 && { resourceSubscriptions: [...resourceUris] }),
  };
}

function honoredBy({ params }: ServerMessage): SubscriptionFilter {
  const given = isObject(params) && isObject(params.notifications) ? params.notifications : {};
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions } = given;
  return {
    ...(toolsListChanged === true && { tools: true }),
    ...(promptsListChanged === true && { prompts: true }),
    ...(resourcesListChanged === true && { resources: true }),
    ...(Array.isArray(resourceSubscriptions) && {
      resourceUris: resourceSubscriptions.filter((uri) => typeof uri === "string"),
    }),
  };
}
