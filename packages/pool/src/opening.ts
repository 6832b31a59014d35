import {
  raceAbort,
  traced,
  type Clock,
  type Connector,
  type Credential,
  type Poolable,
  type Target,
} from "@tenantry/core";
import { connectTimedOut } from "./failure.ts";
import { isPoolable, malformed } from "./poolable.ts";

/** Who opens connections. */
export interface OpeningHost<C extends Poolable<P>, P> {
  readonly connector: Connector<C, P>;
  readonly clock: Clock;
  /** An opening was stopped; `rest` settles when whatever still arrived is closed. It never rejects. */
  stopped(rest: Promise<void>): void;
}

/** What one connection is opened with. */
export interface OpeningOptions<P> {
  readonly timeoutMs: number;
  readonly target: Target;
  readonly credential: Credential | undefined;
  /** The record of the session that goes on in it. */
  readonly resume: P | undefined;
}

/** One opening of one connection. */
export class Opening<C extends Poolable<P>, P> {
  readonly #host: OpeningHost<C, P>;
  readonly #options: OpeningOptions<P>;
  readonly #abort = new AbortController();
  #isSpent = false;
  #rest: Promise<void> = Promise.resolve();

  constructor(host: OpeningHost<C, P>, options: OpeningOptions<P>) {
    this.#host = host;
    this.#options = options;
  }

  /**
   * Borrows the endpoint and opens a connection on it. Rejects as the connector does, with `TIMEOUT`, or with the reason
   * of {@link stop}, however long the connector takes to notice.
   */
  async start(): Promise<Opened<C>> {
    const { timeoutMs, target, resume } = this.#options;
    const { id } = target.server;
    const timer = this.#host.clock.after(timeoutMs, () => this.stop(connectTimedOut(id, timeoutMs)));
    try {
      const payload = () => ({ scope: target.scope, server: id, resumed: resume !== undefined });
      const opened = await traced("tenantry:pool:connect", payload, () => this.#race());
      // Where it was stopped as it arrived, it has been given away.
      this.#abort.signal.throwIfAborted();
      return opened;
    } finally {
      timer.cancel();
    }
  }

  /** Whether the session was given to the connector, which ends it from then on. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Settles when whatever still arrived after {@link stop} is closed. It never rejects. */
  get rest(): Promise<void> {
    return this.#rest;
  }

  /** Ends the opening. Its rest is given away within this call, so that whoever stops it knows of it. */
  stop(reason: unknown): void {
    this.#abort.abort(reason);
  }

  #race(): Promise<Opened<C>> {
    const { signal } = this.#abort;
    const opened = this.#open();
    const giveAway = () => {
      this.#rest = opened.then((late) => late.close()).catch(() => {});
      this.#host.stopped(this.#rest);
    };
    // What is called to open it may stop it from within.
    if (signal.aborted) giveAway();
    else signal.addEventListener("abort", giveAway, { once: true });
    return raceAbort(opened, signal);
  }

  async #open(): Promise<Opened<C>> {
    const { target, credential, resume } = this.#options;
    const { signal } = this.#abort;
    const borrowed = await target.upstream.endpoint(target.scope, { signal });
    try {
      signal.throwIfAborted();
      this.#isSpent = true;
      const shared = target.scope.share !== "user";
      const options = { resume, shared, handlers: target.handlers, signal };
      const connection = await this.#host.connector.open(borrowed.endpoint, credential, options);
      if (!isPoolable(connection)) throw await malformed(connection);
      return new Opened(connection, borrowed);
    } catch (failure) {
      // Why it could not be opened matters more than what came of cleaning up.
      await giveBack(borrowed).catch(() => {});
      throw failure;
    }
  }
}

/** A connection together with the endpoint that it was opened on. */
export class Opened<C extends Poolable<unknown>> {
  readonly connection: C;
  readonly #endpoint: AsyncDisposable;
  #closing: Promise<void> | undefined;

  constructor(connection: C, endpoint: AsyncDisposable) {
    this.connection = connection;
    this.#endpoint = endpoint;
  }

  /** Closes the connection, then gives its endpoint back; the same promise every time. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** Gives the endpoint back for a connection that needs no closing; the same promise as {@link close}. */
  abandon(): Promise<void> {
    return (this.#closing ??= giveBack(this.#endpoint));
  }

  async #close(): Promise<void> {
    try {
      await this.connection.close();
    } finally {
      await giveBack(this.#endpoint);
    }
  }
}

async function giveBack(endpoint: AsyncDisposable): Promise<void> {
  await endpoint[Symbol.asyncDispose]();
}
