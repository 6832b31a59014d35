import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from "@modelcontextprotocol/client";
import type {
  ClientCapabilities,
  Implementation,
  JsonObject,
  LogLevel,
  ServerRequestHandlers,
  TraceContext,
} from "@tenantry/core";
import type { CallListeners } from "./call.ts";
import { isObject, type Fields, type Id } from "./message.ts";

/** The revision of the modern era that is spoken. */
export const modernVersion = "2026-07-28";

/** What a server may ask of a client that has these handlers. */
export function capabilitiesOf(handlers: ServerRequestHandlers | undefined): ClientCapabilities {
  const { onElicitation, onSampling, onRoots } = handlers ?? {};
  return {
    ...(onElicitation && { elicitation: { form: { applyDefaults: true }, url: {} } }),
    ...(onSampling && { sampling: { tools: {}, context: {} } }),
    ...(onRoots && { roots: {} }),
  };
}

/** What one request says beside its parameters. */
export interface Envelope {
  readonly logLevel?: LogLevel | undefined;
  /** What the server may ask, where that is not what the handlers say. */
  readonly capabilities?: ClientCapabilities | undefined;
  /** What else it says in its `_meta`. */
  readonly meta?: JsonObject | undefined;
}

/** Adds to a request's parameters what a legacy server needs to know of it: where its progress goes. */
export function legacyParams(
  params: Fields | undefined,
  id: Id,
  { onProgress }: CallListeners,
  { meta }: Envelope,
): Fields | undefined {
  if (onProgress === undefined && meta === undefined) return params;
  return {
    ...params,
    _meta: { ...metaOf(params), ...meta, ...(onProgress !== undefined && { progressToken: id }) },
  };
}

/**
 * Adds to a request's parameters what every request of the modern era says of its client (MCP 2026-07-28, the request's
 * `_meta`): there is no handshake in which it could be said once.
 */
export function modernParams(
  params: Fields | undefined,
  id: Id,
  clientInfo: Implementation,
  { onProgress, onLog, handlers }: CallListeners,
  { logLevel, meta, capabilities = capabilitiesOf(handlers) }: Envelope,
): Fields {
  const level = logLevel ?? (onLog === undefined ? undefined : "info");
  return {
    ...params,
    _meta: {
      ...metaOf(params),
      ...meta,
      ...(onProgress !== undefined && { progressToken: id }),
      ...(level !== undefined && { [LOG_LEVEL_META_KEY]: level }),
      [PROTOCOL_VERSION_META_KEY]: modernVersion,
      [CLIENT_INFO_META_KEY]: clientInfo,
      [CLIENT_CAPABILITIES_META_KEY]: capabilities,
    },
  };
}

/** Adds to a request's parameters which trace it belongs to (SEP-414), in both eras. */
export function tracedParams(
  params: Fields | undefined,
  trace: TraceContext | undefined,
): Fields | undefined {
  if (trace === undefined) return params;
  const { traceparent, tracestate, baggage } = trace;
  const told = {
    traceparent,
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
  return { ...params, _meta: { ...metaOf(params), ...told } };
}

function metaOf(params: Fields | undefined): Fields | undefined {
  return isObject(params?._meta) ? params._meta : undefined;
}
