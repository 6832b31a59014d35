import type { CloseReason, Clock, ServerEvent, Subscription, SubscriptionFilter } from "@tenantry/core";
import type { ServerMessage } from "../message.ts";
import { Announcer, eventOf, wants } from "./server-events.ts";

/** What a {@link Subscriber} was given. */
export interface SubscriberOptions {
  readonly filter: SubscriptionFilter;
  readonly listener: (event: ServerEvent) => void;
  readonly clock: Clock;
  /** Takes the subscription back at the server; never rejects. */
  readonly leave: () => Promise<void>;
}

/** One subscription and whoever hears of it. States: open → closed. */
export class Subscriber implements Subscription {
  honored: SubscriptionFilter;
  readonly closed: Promise<CloseReason>;
  readonly #options: SubscriberOptions;
  readonly #announcer: Announcer;
  #settleClosed!: (reason: CloseReason) => void;
  #isOpen = true;
  #heard = 0;
  #closing: Promise<void> | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.honored = options.filter;
    this.#announcer = new Announcer(options.listener, options.clock);
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
  }

  /** How many changes it was told of. */
  get heard(): number {
    return this.#heard;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Tells of what a notification says, where it was asked for. */
  receive(message: ServerMessage): void {
    const event = this.#isOpen ? eventOf(message) : undefined;
    if (event === undefined || !wants(this.#options.filter, event)) return;
    this.#heard++;
    this.#announcer.announce(event);
  }

  /** Nothing more is told, because the other side has ended. */
  lose(cause: unknown): void {
    this.#end(cause === undefined ? { kind: "lost" } : { kind: "lost", cause });
  }

  /** Nothing more is told, because the connection has ended: by its owner, or with a cause. */
  dismiss(cause: unknown): void {
    if (cause === undefined) this.#end({ kind: "closed" });
    else this.lose(cause);
  }

  close(): Promise<void> {
    this.#end({ kind: "closed" });
    return (this.#closing ??= this.#options.leave());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(reason: CloseReason): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#announcer.close();
    this.#settleClosed(reason);
  }
}

/** A way in which a server of one era tells of changes. */
export interface Subscriptions {
  /** Whether nobody hears of anything. */
  readonly isEmpty: boolean;
  subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    signal: AbortSignal | undefined,
  ): Promise<Subscription>;
  /** Lets the server speak of its own accord although nobody has subscribed, so that it can ask. */
  attend(): Promise<void>;
  /** Takes a notification that belongs to no call. */
  receive(message: ServerMessage): void;
  /** Ends every subscription; `cause` says why, where it was not its owner. */
  close(cause?: unknown): void;
}
