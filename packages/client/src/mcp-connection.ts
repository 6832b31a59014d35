import {
  TenantryError,
  type CloseReason,
  type Clock,
  type Connection,
  type Credential,
  type Method,
  type Params,
  type ParkedSession,
  type RequestOptions,
  type Result,
} from "@tenantry/core";
import { Call } from "./call.ts";
import { atMost } from "./at-most.ts";
import type { EraDoubt } from "./era-doubt.ts";
import { isObject } from "./inbox.ts";
import type { ClientLimits } from "./limits.ts";
import type { Link, ServerFacts } from "./link.ts";
import type { ParamHeaders } from "./param-headers.ts";

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
  readonly lost: Promise<CloseReason>;
}

/** What a connection is made of. */
export interface McpConnectionOptions {
  readonly link: Link;
  readonly facts: ServerFacts;
  readonly ends: ConnectionEnds;
  readonly doubt: EraDoubt;
  /** Where arguments are mirrored into headers: over HTTP, in the modern era. */
  readonly paramHeaders?: ParamHeaders;
  readonly clock: Clock;
  readonly limits: ClientLimits;
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
  readonly #calls = new Set<Call>();
  readonly #settleClosed: (reason: CloseReason) => void;
  #state: "open" | "parked" | "lost" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(options: McpConnectionOptions) {
    this.#options = options;
    const { facts, ends } = options;
    this.era = facts.era;
    this.protocolVersion = facts.protocolVersion;
    this.serverInfo = facts.serverInfo;
    this.capabilities = facts.capabilities;
    this.instructions = facts.instructions;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#settleClosed = resolve;
    void ends.lost.then((reason) => this.#lose(reason.cause));
  }

  async request<M extends Method>(
    method: M,
    params: Params<M>,
    options: RequestOptions = {},
  ): Promise<Result<M>> {
    const { clock, limits } = this.#options;
    const timeoutMs = options.timeoutMs ?? limits.requestTimeoutMs;
    const until = clock.now() + timeoutMs;
    try {
      return (await this.#send(method, params, { ...options, timeoutMs })) as Result<M>;
    } catch (failure) {
      const rest = () => ({ ...options, timeoutMs: Math.max(0, until - clock.now()) });
      if (!(await this.#learnHeaders(method, params, failure, rest))) throw failure;
      return (await this.#send(method, params, rest())) as Result<M>;
    }
  }

  adopt(next: Credential): boolean {
    return this.#state === "open" && this.#options.ends.adopt(next);
  }

  park(): ParkedSession | undefined {
    const sessionId = this.#options.ends.sessionId();
    if (this.#state !== "open" || this.#calls.size > 0 || sessionId === undefined) return undefined;
    this.#state = "parked";
    void this.#options.link.close().catch(() => {});
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

  async #close(): Promise<void> {
    const wasOpen = this.#state === "open";
    if (wasOpen) this.#state = "closed";
    for (const call of this.#calls) {
      const delivery = call.sent ? "unknown" : "unsent";
      call.fail(
        new TenantryError(
          "CLOSED",
          "The connection was closed before the server answered; look before calling again.",
          { delivery },
        ),
      );
    }
    const { link, ends, clock, limits } = this.#options;
    await atMost({ clock, timeoutMs: ends.closeTimeoutMs, keepAlive: true }, () => link.close());
    // Whoever still waits does so on a pipe that does not end.
    for (const call of this.#calls) call.end(call.failure?.reason);
    const { closeTimeoutMs } = limits;
    if (wasOpen)
      await atMost({ clock, timeoutMs: closeTimeoutMs, keepAlive: true }, (signal) =>
        ends.endSession(signal),
      );
    this.#settleClosed({ kind: "closed" });
  }

  async #send(
    method: Method,
    params: Readonly<Record<string, unknown>>,
    { signal, onProgress, timeoutMs }: RequestOptions & { readonly timeoutMs: number },
  ): Promise<unknown> {
    signal?.throwIfAborted();
    this.#checkOpen();
    const { link, doubt, clock, paramHeaders } = this.#options;
    const call = new Call(method, onProgress);
    if (method === "tools/call") call.headers = paramHeaders?.of(String(params.name), params.arguments) ?? {};
    const timer = clock.after(timeoutMs, () => call.end(timedOut(call, timeoutMs)));
    this.#calls.add(call);
    try {
      const result = await link.request(call, params, this.era, signal);
      doubt.answered();
      return method === "tools/list" ? (paramHeaders?.learn(result) ?? result) : result;
    } catch (failure) {
      const revised = call.failure === undefined ? doubt.revise(failure, method) : failure;
      if (revised instanceof TenantryError && revised.code === "SESSION_LOST") this.#lose(revised);
      throw revised;
    } finally {
      timer.cancel();
      this.#calls.delete(call);
    }
  }

  /**
   * A call that the server refused because a header is missing, which it does before it reads the rest, can be made
   * whole: the tool's own definition says which. Gives whether it was learnt.
   */
  async #learnHeaders(
    method: Method,
    params: Readonly<Record<string, unknown>>,
    failure: unknown,
    rest: () => RequestOptions & { readonly timeoutMs: number },
  ): Promise<boolean> {
    const { paramHeaders } = this.#options;
    const tool = params?.name;
    const isMissing = failure instanceof TenantryError && failure.rpc?.code === headerMismatch;
    if (paramHeaders === undefined || method !== "tools/call" || !isMissing || typeof tool !== "string")
      return false;
    let cursor: unknown;
    for (let page = 0; page < maxPages; page++) {
      const { signal, timeoutMs } = rest();
      const listed = await this.#send("tools/list", cursor === undefined ? {} : { cursor }, {
        signal,
        timeoutMs,
      });
      const { tools, nextCursor } = listed as { tools?: unknown; nextCursor?: unknown };
      const isListed = Array.isArray(tools) && tools.some((one) => isObject(one) && one.name === tool);
      if (isListed || typeof nextCursor !== "string") break;
      cursor = nextCursor;
    }
    return paramHeaders.has(tool);
  }

  #lose(cause: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
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

/** The error for a header that does not say what the body says (MCP 2026-07-28). */
const headerMismatch = -32_020;
/** How far a tool is looked for. */
const maxPages = 64;

function timedOut({ method, sent }: Call, timeoutMs: number): TenantryError {
  const mayHaveRun = method === "tools/call" && sent;
  const next = mayHaveRun
    ? "it may have run, so look before calling it again"
    : "ask again or allow more time";
  const message = `${method} took longer than ${timeoutMs} ms; ${next}.`;
  return new TenantryError("TIMEOUT", message, {
    delivery: sent ? "unknown" : "unsent",
    retryable: !mayHaveRun,
  });
}
