import type { ClientCapabilities, LogLevel, TraceContext } from "@tenantry/core";
import { isObject, type Fields, type Id } from "../wire/message.ts";

/** The keys of the protocol's own in a request's `_meta` (MCP 2026-07-28). */
export const metaKeys = Object.freeze({
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  subscription: "io.modelcontextprotocol/subscriptionId",
});

/** From the least important to the most (RFC 5424). */
const levels: readonly LogLevel[] = Object.freeze([
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
]);

/** What a request says beside its parameters. */
export function metaOf(params: Fields): Fields {
  return isObject(params["_meta"]) ? params["_meta"] : {};
}

/** What a server says beside its result; what the protocol itself says there is of another link. */
export function foreignMeta(meta: unknown): Fields {
  if (!isObject(meta)) return {};
  return Object.fromEntries(
    Object.entries(meta).filter(([key]) => !key.startsWith("io.modelcontextprotocol/")),
  );
}

/** Where the progress of a request is told; `undefined` where its client wants to hear of none. */
export function progressTokenOf({ progressToken }: Fields): Id | undefined {
  return typeof progressToken === "string" || typeof progressToken === "number" ? progressToken : undefined;
}

/** A log level; `undefined` for what is none. */
export function levelOf(value: unknown): LogLevel | undefined {
  return levels.find((level) => level === value);
}

/** Whether a message of one level is for whoever listens from another on. */
export function isLoud(level: LogLevel, from: LogLevel): boolean {
  return levels.indexOf(level) >= levels.indexOf(from);
}

const maxTraceCharacters = 8_192;

/** The trace that a request belongs to (W3C Trace Context, SEP-414). */
export function traceOf(meta: Fields): TraceContext | undefined {
  const { traceparent, tracestate, baggage } = meta;
  if (typeof traceparent !== "string" || !/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}/u.test(traceparent))
    return undefined;
  const text = (value: unknown) =>
    typeof value === "string" && value.length <= maxTraceCharacters ? value : undefined;
  const [state, luggage] = [text(tracestate), text(baggage)];
  return {
    traceparent: traceparent.slice(0, 55),
    ...(state !== undefined && { tracestate: state }),
    ...(luggage !== undefined && { baggage: luggage }),
  };
}

/** What of a client's capabilities a server is told: what it can be asked, and nothing that only its own host understands. */
export function askableOf(capabilities: unknown): ClientCapabilities {
  const { elicitation, sampling, roots } = isObject(capabilities) ? capabilities : {};
  const has = (value: unknown, name: string) => isObject(value) && isObject(value[name]);
  return {
    ...(isObject(elicitation) && {
      elicitation: {
        ...((has(elicitation, "form") || !has(elicitation, "url")) && { form: {} }),
        ...(has(elicitation, "url") && { url: {} }),
      },
    }),
    ...(isObject(sampling) && {
      sampling: {
        ...(has(sampling, "tools") && { tools: {} }),
        ...(has(sampling, "context") && { context: {} }),
      },
    }),
    ...(isObject(roots) && { roots: {} }),
  };
}

/** Whether a client can be asked anything. */
export function canBeAsked({ elicitation, sampling, roots }: ClientCapabilities): boolean {
  return elicitation !== undefined || sampling !== undefined || roots !== undefined;
}
