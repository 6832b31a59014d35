import {
  TenantryError,
  type Clock,
  type CloseReason,
  type Connection,
  type ConnectionPool,
  type ServerEvent,
  type SubscriptionFilter,
} from "@tenantry/core";
import type { Route } from "../routing.ts";

/** What is listened to, and who hears of it. */
export interface ListeningOptions {
  readonly pool: ConnectionPool<Connection>;
  readonly clock: Clock;
  readonly route: Route;
  readonly filter: SubscriptionFilter;
  /** Rejects where the server is not to be listened to any more. */
  readonly check: (connection: Connection) => Promise<void> | undefined;
  readonly onEvent: (event: ServerEvent, connection: Connection) => void;
  /** It is heard again after a time in which something may have been missed. */
  readonly onBack: () => void;
}

const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/**
 * Hears of one server's changes, over a connection that is kept for it. Where that is lost it is listened to anew, at
 * growing intervals, until it is closed or there is no sense in it any more.
 */
export class Listening {
  /** Resolves when it is heard for the first time; rejects where it cannot be. */
  readonly opened: Promise<void>;
  /** Resolves when nothing more is heard. */
  readonly closed: Promise<CloseReason>;
  readonly #options: ListeningOptions;
  readonly #ending = new AbortController();

  constructor(options: ListeningOptions) {
    this.#options = options;
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.closed = this.#keep(opened.resolve).then(
      () => ({ kind: "closed" }),
      (cause: unknown) => {
        opened.reject(cause);
        return { kind: "lost", cause };
      },
    );
    // Whoever waits for it hears of it; nobody has to.
    this.opened.catch(() => {});
  }

  /** Ends it; resolves when nothing is left of it at the server. */
  async close(): Promise<void> {
    this.#ending.abort(closedByOwner);
    await this.closed;
  }

  async #keep(opened: () => void): Promise<void> {
    const { signal } = this.#ending;
    let wasOpen = false;
    for (let failures = 0; !signal.aborted;) {
      try {
        const reason = await this.#listen(() => {
          failures = 0;
          if (wasOpen) this.#options.onBack();
          wasOpen = true;
          opened();
        });
        if (signal.aborted) return;
        if (reason.cause instanceof TenantryError && !reason.cause.retryable) throw reason.cause;
      } catch (failure) {
        if (signal.aborted) return;
        // Whoever begins to listen hears at once that it cannot be.
        if (!wasOpen || !(failure instanceof TenantryError) || !failure.retryable) throw failure;
      }
      await this.#pause(Math.min(maxRetryMs, firstRetryMs * 2 ** failures++));
    }
  }

  /** Listens once, until that ends. */
  async #listen(opened: () => void): Promise<CloseReason> {
    const { pool, route, check, filter, onEvent } = this.#options;
    const { signal } = this.#ending;
    await route.admit?.();
    using lease = await pool.acquire(route.target, { context: route.context, signal });
    const { connection } = lease;
    await check(connection);
    const subscription = await connection.subscribe(filter, (event) => onEvent(event, connection), {
      signal,
    });
    const leave = () => void subscription.close();
    signal.addEventListener("abort", leave, { once: true });
    try {
      if (!signal.aborted) opened();
      const reason = await subscription.closed;
      if (signal.aborted) await subscription.close();
      return reason;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#ending;
    const timer = this.#options.clock.after(delayMs, resolve);
    const end = () => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", end));
  }
}

const closedByOwner = "The subscription was closed.";
