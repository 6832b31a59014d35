import type { Deviation } from "./deviation.ts";
import type { Era } from "./server-definition.ts";
import type { ErrorCode } from "./error.ts";
import type { ServerId, WorkspaceId } from "./id.ts";
import type { Principal, Scope } from "./scope.ts";
import type { Route } from "./switched-server.ts";
import type { TraceContext } from "./trace-context.ts";

/** What each tracing channel tells; never an argument of a call, never its result, never a secret. */
export interface DiagnosticEvents {
  /** A connection is borrowed from the pool. */
  "tenantry:pool:acquire": {
    readonly scope: Scope;
    readonly server: ServerId;
    /** A connection that was open, was being opened, is opened, resumes a parked session, or waits for room. */
    outcome?: "hit" | "join" | "open" | "resume" | "wait";
  };
  /** A connection is opened; `resumed` where a parked session goes on in it. */
  "tenantry:pool:connect": { readonly scope: Scope; readonly server: ServerId; readonly resumed: boolean };
  /** A credential is resolved. */
  "tenantry:credentials:resolve": { readonly scope: Scope; readonly server: ServerId };
  /** One server's part of a listing is given: from memory, from the store, or by asking the server. */
  "tenantry:router:list": {
    readonly scope: Scope;
    readonly server: ServerId;
    readonly list: "tools" | "prompts" | "resources" | "resourceTemplates";
    /** Whether it is what the server said earlier, because it cannot be asked now. */
    isStale?: boolean;
  };
  /** A tool is called; `deviations` gathers what was off about the answer. */
  "tenantry:router:call": {
    readonly scope: Scope;
    readonly server: ServerId;
    tool: string;
    readonly deviations: Deviation[];
    /** Whether the tool itself said that it failed; absent until it has answered. */
    isError?: boolean;
    /** The trace that the server is told of: the caller's, until whoever traces puts one of its own in its place. */
    trace?: TraceContext | undefined;
  };
  /** A request of an MCP client is answered by the gateway. */
  "tenantry:gateway:request": {
    readonly principal: Principal;
    /** The client's own. */
    readonly era: Era;
    readonly method: string;
    /** The tool's name in the catalog, where one is called. */
    readonly tool?: string;
    /** The JSON-RPC code of the error that it was answered with; absent until it is. */
    code?: number;
  };
  /**
   * A policy is asked whether somebody may see or use something; what a host's function throws is the event's error. What
   * rules have decided of a list that is as it was is not asked again.
   */
  "tenantry:router:policy": {
    readonly principal: Principal;
    readonly server: ServerId;
    readonly kind: "tool" | "prompt" | "resource" | "resourceTemplate";
    /** The server's own name; absent for a resource, whose URI may hold more than a name. */
    readonly name?: string;
    readonly phase: "list" | "call";
    /** `undecided` where the tool's annotations have to be read first, and then it is asked again. */
    decision?: "allow" | "deny" | "undecided";
  };
}

/** What each plain channel tells: something that happened at one moment. */
export interface DiagnosticNotices {
  /** An idle connection is reduced to the record of its session. */
  "tenantry:pool:park": { readonly scope: Scope; readonly server: ServerId };
  /** A connection or a parked session is ended before its user let go of it. */
  "tenantry:pool:evict": {
    readonly scope: Scope;
    readonly server: ServerId;
    /** Nobody asked for it for long enough, another one needed its place, it is too old, or it was revoked. */
    readonly reason: "idle" | "room" | "age" | "revoked";
  };
  /** A live connection takes a newer credential of the same subject. */
  "tenantry:pool:rotate": { readonly scope: Scope; readonly server: ServerId };
  /** Calls are held back for `delayMs` after failures. */
  "tenantry:pool:break": {
    /** Whose failure it was. */
    readonly server: ServerId;
    /** Names whose calls are held back; absent where everybody's are. */
    readonly principal?: string;
    /** What is held back: all calls to an origin, those with a refused credential, or those that a server put off. */
    readonly kind: "transport" | "authorization" | "retry-after";
    readonly delayMs: number;
    /** Whether the delay has reached its longest. */
    readonly last: boolean;
  };
  /** A client of the gateway is turned away. */
  "tenantry:gateway:refuse": {
    /** What the request was sent to or by, its headers, that nobody knows whose it is, or a handle that is somebody else's. */
    readonly reason: "host" | "origin" | "headers" | "unauthenticated" | "principal_mismatch";
    /** Who came with somebody else's handle. */
    readonly caller?: Principal;
  };
  /** The calls of a workspace to a server take another route. */
  "tenantry:router:route": {
    readonly workspace: WorkspaceId;
    readonly server: ServerId;
    readonly from: Route;
    readonly to: Route;
    /** Present where it was taken back by itself: how what it had led to failed last. */
    readonly rolledBack?: ErrorCode;
  };
}

/** The name of a tracing channel of `node:diagnostics_channel`. */
export type DiagnosticChannel = keyof DiagnosticEvents;

/** The name of a plain channel of `node:diagnostics_channel`. */
export type NoticeChannel = keyof DiagnosticNotices;

interface Tracing {
  readonly hasSubscribers: boolean;
  tracePromise<T>(run: () => Promise<T>, context: object): Promise<T>;
}

/**
 * Runs an operation within its tracing channel. The payload is built only where somebody listens; where the
 * runtime has no `node:diagnostics_channel` the operation just runs.
 */
export function traced<N extends DiagnosticChannel, T>(
  name: N,
  payload: () => DiagnosticEvents[N],
  run: (payload: DiagnosticEvents[N] | undefined) => Promise<T>,
): Promise<T> {
  const channel = channels?.tracing[name];
  if (!channel?.hasSubscribers) return run(undefined);
  return withoutResult(channel, payload(), run);
}

/** Whether anybody listens to a tracing channel. */
export function isTraced(name: DiagnosticChannel): boolean {
  return channels?.tracing[name].hasSubscribers === true;
}

/** Tells a plain channel what happened. The payload is built only where somebody listens. */
export function announce<N extends NoticeChannel>(name: N, payload: () => DiagnosticNotices[N]): void {
  const channel = channels?.plain[name];
  if (channel?.hasSubscribers) channel.publish(payload());
}

/** Node adds what was traced gives to its event; here that would be a connection, a credential or a user's answer. */
async function withoutResult<P extends object, T>(
  channel: Tracing,
  context: P,
  run: (payload: P) => Promise<T>,
): Promise<T> {
  let result: T | undefined;
  await channel.tracePromise(async () => {
    result = await run(context);
  }, context);
  return result as T;
}

interface Plain {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface Channels {
  readonly tracing: Readonly<Record<DiagnosticChannel, Tracing>>;
  readonly plain: Readonly<Record<NoticeChannel, Plain>>;
}

interface DiagnosticsModule {
  tracingChannel(name: string): Tracing;
  channel(name: string): Plain;
}

const channels = openChannels();

function openChannels(): Channels | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  const module = runtime?.getBuiltinModule?.("node:diagnostics_channel") as DiagnosticsModule | undefined;
  if (module === undefined) return undefined;
  const tracing = {
    "tenantry:pool:acquire": module.tracingChannel("tenantry:pool:acquire"),
    "tenantry:pool:connect": module.tracingChannel("tenantry:pool:connect"),
    "tenantry:credentials:resolve": module.tracingChannel("tenantry:credentials:resolve"),
    "tenantry:router:list": module.tracingChannel("tenantry:router:list"),
    "tenantry:router:call": module.tracingChannel("tenantry:router:call"),
    "tenantry:gateway:request": module.tracingChannel("tenantry:gateway:request"),
    "tenantry:router:policy": module.tracingChannel("tenantry:router:policy"),
  };
  const plain = {
    "tenantry:pool:park": module.channel("tenantry:pool:park"),
    "tenantry:pool:evict": module.channel("tenantry:pool:evict"),
    "tenantry:pool:rotate": module.channel("tenantry:pool:rotate"),
    "tenantry:pool:break": module.channel("tenantry:pool:break"),
    "tenantry:gateway:refuse": module.channel("tenantry:gateway:refuse"),
    "tenantry:router:route": module.channel("tenantry:router:route"),
  };
  return Object.freeze({ tracing: Object.freeze(tracing), plain: Object.freeze(plain) });
}
