import type { Clock, ServerEvent, Subscription, SubscriptionFilter } from "@tenantry/core";
import { SharedFlight } from "@tenantry/core";
import type { ServerMessage } from "../message.ts";
import { Subscriber, type Subscriptions } from "./subscriptions.ts";

/** What subscriptions of the legacy era work with. */
export interface LegacySubscriptionsOptions {
  /** Makes one request about a resource. */
  readonly request: (
    method: "resources/subscribe" | "resources/unsubscribe",
    uri: string,
    signal: AbortSignal | undefined,
  ) => Promise<unknown>;
  /** Opens the stream on which the server speaks of its own accord; absent where everything comes on one stream anyway. */
  readonly openStream: ((signal: AbortSignal) => Promise<{ readonly ended: Promise<void> }>) | undefined;
  readonly clock: Clock;
}

/** A resource that is watched: what its server was asked once, and for how many subscribers. */
interface Watch {
  readonly uri: string;
  readonly asking: SharedFlight<unknown>;
  count: number;
}

/**
 * Subscriptions of the legacy era: a server tells everybody on its stream of every list that changes, and of the
 * resources that were subscribed to (MCP 2025-11-25). Over HTTP that stream is opened with the first subscription and
 * ended with the last one.
 */
export class LegacySubscriptions implements Subscriptions {
  readonly #options: LegacySubscriptionsOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #watched = new Map<string, Watch>();
  /** Whether the stream stays open without a subscriber, for what the server asks. */
  #isAttended = false;
  #stream: { readonly opening: SharedFlight<void>; readonly ending: AbortController } | undefined;

  constructor(options: LegacySubscriptionsOptions) {
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
    signal?.throwIfAborted();
    const uris = [...new Set(filter.resourceUris)];
    const watching: Watch[] = [];
    const leave = (): Promise<void> => this.#leave(subscriber, watching);
    const subscriber: Subscriber = new Subscriber({ filter, listener, clock: this.#options.clock, leave });
    this.#subscribers.add(subscriber);
    try {
      await this.#listen(signal);
      for (const uri of uris) watching.push(await this.#watch(uri, signal));
      return subscriber;
    } catch (failure) {
      await subscriber.close();
      throw failure;
    }
  }

  async attend(): Promise<void> {
    this.#isAttended = true;
    await this.#listen(undefined);
  }

  receive(message: ServerMessage): void {
    for (const subscriber of this.#subscribers) subscriber.receive(message);
  }

  close(cause?: unknown): void {
    for (const subscriber of this.#subscribers) subscriber.dismiss(cause);
    this.#subscribers.clear();
    this.#stream?.ending.abort("The connection was closed.");
    this.#stream = undefined;
  }

  /** Has the stream opened once, whoever asks for it meanwhile. */
  #listen(signal: AbortSignal | undefined): Promise<void> {
    const { openStream } = this.#options;
    if (openStream === undefined) return Promise.resolve();
    if (this.#stream === undefined || this.#stream.opening.abandoned) {
      const ending = new AbortController();
      const opening = new SharedFlight((abandoned) => this.#open(openStream, ending, abandoned));
      this.#stream = { opening, ending };
    }
    return this.#stream.opening.join({ signal });
  }

  async #open(
    openStream: NonNullable<LegacySubscriptionsOptions["openStream"]>,
    ending: AbortController,
    abandoned: AbortSignal,
  ): Promise<void> {
    abandoned.addEventListener("abort", () => ending.abort(abandoned.reason), { once: true });
    try {
      const { ended } = await openStream(ending.signal);
      ended.then(
        () => this.#streamEnded(ending, undefined),
        (cause: unknown) => this.#streamEnded(ending, cause),
      );
    } catch (failure) {
      if (this.#stream?.ending === ending) this.#stream = undefined;
      throw failure;
    }
  }

  #streamEnded(ending: AbortController, cause: unknown): void {
    if (ending.signal.aborted || this.#stream?.ending !== ending) return;
    this.#stream = undefined;
    for (const subscriber of this.#subscribers) subscriber.lose(cause);
    this.#subscribers.clear();
  }

  /** Has the server asked once, whoever watches the resource meanwhile; it can refuse all of them. */
  async #watch(uri: string, signal: AbortSignal | undefined): Promise<Watch> {
    const known = this.#watched.get(uri);
    const watch = known === undefined || known.asking.abandoned ? this.#watchOf(uri) : known;
    watch.count++;
    try {
      await watch.asking.join({ signal });
      return watch;
    } catch (failure) {
      this.#unwatch(watch);
      throw failure;
    }
  }

  #watchOf(uri: string): Watch {
    const { request } = this.#options;
    const asking = new SharedFlight((abandoned) => request("resources/subscribe", uri, abandoned));
    const watch = { uri, asking, count: 0 };
    this.#watched.set(uri, watch);
    return watch;
  }

  /** Counts one watcher less; gives whether it was the last. */
  #unwatch(watch: Watch): boolean {
    if (--watch.count > 0) return false;
    if (this.#watched.get(watch.uri) === watch) this.#watched.delete(watch.uri);
    return true;
  }

  async #leave(subscriber: Subscriber, watching: readonly Watch[]): Promise<void> {
    const wasHere = this.#subscribers.delete(subscriber);
    const last = watching.filter((watch) => this.#unwatch(watch));
    if (this.#subscribers.size === 0 && !this.#isAttended) {
      this.#stream?.ending.abort("Nobody listens any more.");
      this.#stream = undefined;
    }
    if (!wasHere) return;
    const { request } = this.#options;
    await Promise.allSettled(last.map(({ uri }) => request("resources/unsubscribe", uri, undefined)));
  }
}
