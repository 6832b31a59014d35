/** Where a request belongs in a distributed trace (W3C Trace Context; SEP-414 says how MCP carries it in `_meta`). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
  /** W3C Baggage. */
  readonly baggage?: string | undefined;
}
