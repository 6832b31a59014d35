import type { JsonObject } from "./json.ts";
import type { ClientCapabilities, ElicitParams, SamplingParams } from "./mcp.ts";

/**
 * How a caller takes part in a request that a modern server completes in several rounds (MCP 2026-07-28, multi round-trip
 * requests): instead of answering what the server asks with handlers, the caller is given the question, and makes the same
 * request again with the answers. A legacy server asks handlers all the same.
 */
export interface InputRounds {
  /** What the server may ask of this caller; it is told of these and of no others. */
  readonly capabilities: ClientCapabilities;
  /** The answers to the last round's questions, by their keys; absent in the first round. */
  readonly responses?: JsonObject | undefined;
  /** The last round's state, exactly as it came; absent where it brought none. */
  readonly state?: string | undefined;
}

/** One question of a server. */
export type InputRequest =
  | { readonly method: "elicitation/create"; readonly params: ElicitParams }
  | { readonly method: "sampling/createMessage"; readonly params: SamplingParams }
  | { readonly method: "roots/list" };

/** What a request with {@link InputRounds} gives instead of its result, as long as the server wants to know more. */
export interface InputRequired {
  readonly resultType: "input_required";
  /** By keys of the server's own; absent where it only wants to be asked again. */
  readonly inputRequests?: Readonly<Record<string, InputRequest>>;
  /** The server's own, and opaque. */
  readonly requestState?: string;
}

/** Tells what a request that was made with {@link InputRounds} gave: what the server asks, or `undefined` for its result. */
export function inputRequiredOf(result: object): InputRequired | undefined {
  const given = result as { readonly resultType?: unknown };
  return given.resultType === "input_required" ? (result as InputRequired) : undefined;
}
