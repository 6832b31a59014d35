import type { ElicitParams, ElicitResult, Root, SamplingParams, SamplingResult } from "./mcp.ts";

/** What a handler of a server's request is given beside the request. */
export interface ServerRequestOptions {
  /** Aborts when the server takes its request back, or the call that it belongs to ends. */
  readonly signal: AbortSignal;
}

/**
 * Answers what a server asks of its client. Servers are told of those that are given and of no others. What a handler
 * throws is answered as an internal error without its text.
 */
export interface ServerRequestHandlers {
  /** Asks a person, in a form or on a page (MCP, elicitation); a form's absent answers are filled with its defaults. */
  readonly onElicitation?:
    | ((params: ElicitParams, options: ServerRequestOptions) => ElicitResult | Promise<ElicitResult>)
    | undefined;
  /** Asks a model (MCP, sampling; with tools where the server gives some). */
  readonly onSampling?:
    | ((params: SamplingParams, options: ServerRequestOptions) => SamplingResult | Promise<SamplingResult>)
    | undefined;
  /** Names the places that the server may work in (MCP, roots). */
  readonly onRoots?:
    ((options: ServerRequestOptions) => readonly Root[] | Promise<readonly Root[]>) | undefined;
}
