import { AsyncLocalStorage } from "node:async_hooks";
import { metrics, propagation, SpanKind, trace, type Context, type Meter } from "@opentelemetry/api";
import type { Attributes, Tracer } from "@opentelemetry/api";
import type { DiagnosticEvents, Scope, TraceContext } from "@tenantry/core";
import { tellSpans, type SpanShape } from "./spans.ts";

/** Where spans and durations go. */
export interface TelemetryOptions {
  /** Defaults to the one that the host has registered with `@opentelemetry/api`. */
  readonly tracer?: Tracer | undefined;
  /** Defaults to the one that the host has registered with `@opentelemetry/api`. */
  readonly meter?: Meter | undefined;
  /** Whether spans name the user, as `user.id`; defaults to `false`. */
  readonly users?: boolean | undefined;
}

/**
 * Tells OpenTelemetry what Tenantry does in this process, until it is disposed of: a client span and a duration for each
 * call of a tool, by the semantic conventions for MCP, and within it how its credential was resolved and its connection
 * opened. Servers are told of the trace in `_meta` (SEP-414). No argument, result or secret is in any of it.
 */
export function openTelemetry(options: TelemetryOptions = {}): Disposable {
  const {
    tracer = trace.getTracer("tenantry"),
    meter = metrics.getMeter("tenantry"),
    users = false,
  } = options;
  const dependencies = { tracer, current: new AsyncLocalStorage<Context>() };
  const about = ({ scope, server }: { readonly scope: Scope; readonly server: string }) => ({
    "tenantry.server": server,
    ...("workspace" in scope && { "tenantry.workspace": scope.workspace }),
    ...(users && scope.share === "user" && { "user.id": scope.user }),
  });
  const inner = (name: string): SpanShape<{ readonly scope: Scope; readonly server: string }> => ({
    kind: SpanKind.INTERNAL,
    name: () => name,
    attributes: about,
  });
  const told = [
    tellSpans("tenantry:router:call", toolCalls(about, meter), dependencies),
    tellSpans("tenantry:pool:connect", inner("tenantry.connect"), dependencies),
    tellSpans("tenantry:credentials:resolve", inner("tenantry.resolve_credential"), dependencies),
  ];
  return { [Symbol.dispose]: () => told.forEach((one) => one[Symbol.dispose]()) };
}

type ToolCallEvent = DiagnosticEvents["tenantry:router:call"];

/** A call of a tool as the conventions have it; they are still in development (semantic-conventions-genai, MCP). */
function toolCalls(about: (event: ToolCallEvent) => Attributes, meter: Meter): SpanShape<ToolCallEvent> {
  const duration = meter.createHistogram("mcp.client.operation.duration", {
    unit: "s",
    description: "How long a request took, as its client sees it.",
    advice: { explicitBucketBoundaries: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] },
  });
  const conventional = ({ tool }: { readonly tool: string }) => ({
    "mcp.method.name": "tools/call",
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": tool,
  });
  return {
    kind: SpanKind.CLIENT,
    name: ({ tool }) => `tools/call ${tool}`,
    attributes: (event) => ({ ...conventional(event), ...about(event) }),
    failure: ({ isError }) => (isError === true ? "tool_error" : undefined),
    begun(event, own) {
      const carrier: Record<string, string> = {};
      propagation.inject(own, carrier);
      // A host that propagates in another format, or not at all, leaves the caller's trace as it is.
      if (carrier["traceparent"] !== undefined) event.trace = carrier as unknown as TraceContext;
    },
    ended({ "user.id": _user, ...attributes }, seconds, own) {
      duration.record(seconds, attributes, own);
    },
  };
}
