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
import type { Call } from "./call.ts";
import { isObject, type Fields } from "./message.ts";

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

/** How a connector introduces itself. */
export interface EnvelopesOptions {
  readonly clientInfo: Implementation;
  /** What every request says in its `_meta`, before what it is given to say itself. */
  readonly meta: JsonObject | undefined;
}

/**
 * Adds to the parameters of requests what they say in their `_meta`. What most of them say is the same for all of a
 * connector's, and made once.
 */
export class Envelopes {
  readonly #meta: JsonObject | undefined;
  readonly #modern: Fields;

  constructor({ clientInfo, meta }: EnvelopesOptions) {
    this.#meta = meta;
    this.#modern = Object.freeze({
      ...meta,
      [PROTOCOL_VERSION_META_KEY]: modernVersion,
      [CLIENT_INFO_META_KEY]: clientInfo,
      [CLIENT_CAPABILITIES_META_KEY]: capabilitiesOf(undefined),
    });
  }

  /** Adds what a legacy server needs to know of a request: where its progress goes. */
  legacy(params: Fields | undefined, { id, listeners }: Call, { meta }: Envelope): Fields | undefined {
    const own = metaOf(params);
    const { onProgress } = listeners;
    if (own === undefined && meta === undefined && onProgress === undefined)
      return this.#meta === undefined ? params : { ...params, _meta: this.#meta };
    return {
      ...params,
      _meta: { ...own, ...this.#meta, ...meta, ...(onProgress !== undefined && { progressToken: id }) },
    };
  }

  /**
   * Adds what every request of the modern era says of its client (MCP 2026-07-28, the request's `_meta`): there is no
   * handshake in which it could be said once.
   */
  modern(params: Fields | undefined, { id, listeners }: Call, envelope: Envelope): Fields {
    const own = metaOf(params);
    const { onProgress, onLog, handlers } = listeners;
    const { meta, capabilities = handlers && capabilitiesOf(handlers) } = envelope;
    const logLevel = envelope.logLevel ?? (onLog === undefined ? undefined : "info");
    const said = own ?? meta ?? onProgress ?? logLevel ?? capabilities;
    if (said === undefined) return { ...params, _meta: this.#modern };
    return {
      ...params,
      _meta: {
        ...own,
        ...this.#meta,
        ...meta,
        ...(onProgress !== undefined && { progressToken: id }),
        ...(logLevel !== undefined && { [LOG_LEVEL_META_KEY]: logLevel }),
        [PROTOCOL_VERSION_META_KEY]: modernVersion,
        [CLIENT_INFO_META_KEY]: this.#modern[CLIENT_INFO_META_KEY],
        [CLIENT_CAPABILITIES_META_KEY]: capabilities ?? this.#modern[CLIENT_CAPABILITIES_META_KEY],
      },
    };
  }
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
