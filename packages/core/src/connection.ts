import type { AbortableOptions } from "./abort.ts";
import type { Credential } from "./credential.ts";
import type { Deviation } from "./deviation.ts";
import type { InputRounds } from "./input-rounds.ts";
import type { JsonObject } from "./json.ts";
import type {
  Implementation,
  LogLevel,
  LogMessage,
  Method,
  Params,
  Progress,
  Result,
  ServerCapabilities,
} from "./mcp.ts";
import type { ServerRequestHandlers } from "./server-requests.ts";
import type { TraceContext } from "./trace-context.ts";
import type { ServerEvent, Subscription, SubscriptionFilter } from "./subscription.ts";
import type { Era } from "./server-definition.ts";
import type { CloseReason, Endpoint } from "./upstream.ts";

/** What a pool can keep: something that takes a newer credential, shrinks to a record, and closes. */
export interface Poolable<Parked> {
  /** Takes a newer generation of the credential it was opened with; `false` means that it cannot and must be replaced. */
  adopt(next: Credential): boolean;
  /** Gives a record from which another one goes on, and is used no more; `undefined` while it is busy, or has none. */
  park(): Parked | undefined;
  /** Closes gracefully; gives the same promise every time and never rejects. */
  close(): Promise<void>;
  /** Resolves when it has ended, by either side. */
  readonly closed: Promise<CloseReason>;
}

/** How a connection is opened. */
export interface OpenOptions<Parked> extends AbortableOptions {
  /** The record to go on from; one that fits the endpoint no more is left alone. */
  readonly resume?: Parked | undefined;
  /**
   * Answers what the server asks on this connection. A legacy server is told of them when the connection is opened, so
   * that those given with a request later reach it only where one of that name is given here too.
   */
  readonly handlers?: ServerRequestHandlers | undefined;
  /**
   * Whether several users' calls go over it. What a server says there without telling which call it means is no call's
   * then: it may be about any of these users, although only one of them has a call in flight. Defaults to `false`.
   */
  readonly shared?: boolean | undefined;
}

/** Opens connections; it keeps none of them. */
export interface Connector<C extends Poolable<P>, P> {
  /** Opens one connection; rejects with a typed error and leaves nothing behind where it cannot. */
  open(endpoint: Endpoint, credential: Credential | undefined, options: OpenOptions<P>): Promise<C>;
}

/** What a server said of itself when it was asked; frozen throughout where a connection gives it. */
export interface ServerFacts {
  readonly capabilities: ServerCapabilities;
  readonly serverInfo?: Implementation | undefined;
  readonly instructions?: string | undefined;
}

/** A connection over HTTP at rest: plain data, from which another one goes on without a handshake. */
export type ParkedSession =
  | {
      readonly era: "legacy";
      /** Absent where the server made no session (MCP 2025-11-25, session management): there is none to end then. */
      readonly sessionId?: string | undefined;
      readonly protocolVersion: string;
      readonly facts: ServerFacts;
    }
  | {
      readonly era: "modern";
      readonly protocolVersion: string;
      /** Absent where the server was never asked. */
      readonly facts?: ServerFacts | undefined;
    };

/** How one request is made. */
export interface RequestOptions extends AbortableOptions {
  /**
   * How long the server may take in all, in milliseconds; progress does not extend it. `Infinity`
   * is for whoever has a deadline of its own, whose signal aborts then. Defaults to 60,000.
   */
  readonly timeoutMs?: number | undefined;
  /** Is told of progress; asking for it costs nothing where the server sends none. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Answers what the server asks while it works on this request; defaults to the connection's own. */
  readonly handlers?: ServerRequestHandlers | undefined;
  /** Is given the log messages that belong to this request. */
  readonly onLog?: ((message: LogMessage) => void) | undefined;
  /** From which level on a modern server logs while it works on this request; defaults to `info` where `onLog` is given. */
  readonly logLevel?: LogLevel | undefined;
  /** The trace that the request belongs to; the server is told of it in `_meta`. Defaults to none. */
  readonly trace?: TraceContext | undefined;
  /**
   * Gives back what a modern server asks, as {@link InputRounds} has it, instead of answering it with handlers: the result
   * is then what `inputRequiredOf` finds in it. For whoever passes requests on for a client that does the answering.
   */
  readonly rounds?: InputRounds | undefined;
  /** What else the request says in its `_meta`; what the protocol itself puts there comes first. Defaults to nothing. */
  readonly meta?: JsonObject | undefined;
  /** Is told where the server deviates from the protocol or from its own words, although the caller gets its answer. */
  readonly onDeviation?: ((deviation: Deviation) => void) | undefined;
}

/** One link to one MCP server, owned by one scope. */
export interface Connection extends Poolable<ParkedSession> {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities;
  /** What the server told about its own use when the connection was opened. */
  readonly instructions: string | undefined;
  /** Sends one request and gives its result; throws a `TenantryError`, or the signal's reason. */
  request<M extends Method>(method: M, params: Params<M>, options?: RequestOptions): Promise<Result<M>>;
  /**
   * Hears of changes until the subscription is closed, its connection ends or the server stops telling. Throws as
   * {@link request} does where the server does not take it; the signal governs the subscribing alone.
   */
  subscribe(
    filter: SubscriptionFilter,
    listener: (event: ServerEvent) => void,
    options?: AbortableOptions,
  ): Promise<Subscription>;
  /**
   * Tells of changes of lists that the server speaks of anyway, for as long as the connection lasts; `false` where none is
   * heard in passing. Over HTTP nothing is opened or asked for it; over a pipe a modern server is asked once. A second
   * listener takes the place of the first. Absent where nothing ever is.
   */
  readonly overhear?: ((listener: (event: ServerEvent) => void) => boolean) | undefined;
}
