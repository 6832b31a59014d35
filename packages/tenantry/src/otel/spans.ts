import type { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span, SpanKind, Tracer } from "@opentelemetry/api";
import { TenantryError, type DiagnosticChannel, type DiagnosticEvents } from "@tenantry/core";

/** How an operation is told as a span. */
export interface SpanShape<E> {
  readonly kind: SpanKind;
  /** Read again at the end: what is called may be known better then. */
  name(event: E): string;
  attributes(event: E): Attributes;
  /** Is given the span's context before anything of the operation is done. */
  begun?(event: E, own: Context): void;
  /** Why an operation that gave an answer has failed all the same, in one word. */
  failure?(event: E): string | undefined;
  /** Is told of the end, with all that the span says. */
  ended?(attributes: Attributes, seconds: number, own: Context): void;
}

/** What spans are made with. */
export interface SpanDependencies {
  readonly tracer: Tracer;
  /** In what an operation is done: it carries traces, and never an identity. */
  readonly current: AsyncLocalStorage<Context>;
}

/** Tells every operation of a tracing channel as a span, until it is disposed of. */
export function tellSpans<N extends DiagnosticChannel>(
  name: N,
  shape: SpanShape<DiagnosticEvents[N]>,
  { tracer, current }: SpanDependencies,
): Disposable {
  type Event = DiagnosticEvents[N];
  const channel = tracingChannel(name);
  const open = new WeakMap<Event, { span: Span; own: Context; beganAt: number }>();

  function begin(event: Event): Context {
    const parent = current.getStore() ?? context.active();
    const options = { kind: shape.kind, attributes: shape.attributes(event) };
    const span = tracer.startSpan(shape.name(event), options, parent);
    const own = trace.setSpan(parent, span);
    open.set(event, { span, own, beganAt: performance.now() });
    shape.begun?.(event, own);
    return own;
  }

  function end(event: Event & { error?: unknown }): void {
    const begun = open.get(event);
    if (begun === undefined) return;
    const failure = "error" in event ? typeOf(event.error) : shape.failure?.(event);
    const attributes = {
      ...shape.attributes(event),
      ...(failure !== undefined && { "error.type": failure, ...rpcStatus(event.error) }),
    };
    begun.span.updateName(shape.name(event)).setAttributes(attributes);
    // The message of an error may name what a server or a user wrote; its code may not.
    if (failure !== undefined) begun.span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    begun.span.end();
    shape.ended?.(attributes, (performance.now() - begun.beganAt) / 1_000, begun.own);
  }

  // Node's types have the store hold the event itself.
  const store = current as AsyncLocalStorage<object>;
  channel.start.bindStore(store, (event) => begin(event as Event));
  const listener = (event: unknown) => end(event as Event);
  channel.asyncEnd.subscribe(listener);
  return {
    [Symbol.dispose]() {
      channel.start.unbindStore(store);
      channel.asyncEnd.unsubscribe(listener);
    },
  };
}

function typeOf(error: unknown): string {
  if (error instanceof TenantryError) return error.code;
  return error instanceof Error ? error.name : "_OTHER";
}

function rpcStatus(error: unknown): Attributes {
  if (!(error instanceof TenantryError) || error.rpc === undefined) return {};
  return { "rpc.response.status_code": String(error.rpc.code) };
}
