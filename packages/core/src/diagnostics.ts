import type { Deviation } from "./deviation.ts";
import type { ServerId } from "./id.ts";
import type { Scope } from "./scope.ts";

/** What each tracing channel tells; never an argument of a call, never its result, never a secret. */
export interface DiagnosticEvents {
  /** A connection is borrowed from the pool. */
  "tenantry:pool:acquire": {
    readonly scope: Scope;
    readonly server: ServerId;
    outcome?: "hit" | "join" | "open" | "wait";
  };
  /** A connection is opened. */
  "tenantry:pool:connect": { readonly scope: Scope; readonly server: ServerId };
  /** A credential is resolved. */
  "tenantry:credentials:resolve": { readonly scope: Scope; readonly server: ServerId };
  /** A tool is called; `deviations` gathers what was off about the answer. */
  "tenantry:router:call": {
    readonly scope: Scope;
    readonly server: ServerId;
    tool: string;
    readonly deviations: Deviation[];
  };
}

/** The name of a tracing channel of `node:diagnostics_channel`. */
export type DiagnosticChannel = keyof DiagnosticEvents;

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
  const channel = channels?.[name];
  if (!channel?.hasSubscribers) return run(undefined);
  return withoutResult(channel, payload(), run);
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

const channels = openChannels([
  "tenantry:pool:acquire",
  "tenantry:pool:connect",
  "tenantry:credentials:resolve",
  "tenantry:router:call",
]);

function openChannels(
  names: readonly DiagnosticChannel[],
): Readonly<Record<DiagnosticChannel, Tracing>> | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  const module = runtime?.getBuiltinModule?.("node:diagnostics_channel") as
    { tracingChannel(name: string): Tracing } | undefined;
  if (module === undefined) return undefined;
  const entries = names.map((name) => [name, module.tracingChannel(name)] as const);
  return Object.freeze(Object.fromEntries(entries) as Record<DiagnosticChannel, Tracing>);
}
