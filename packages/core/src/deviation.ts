/** How a server deviated, although its answer could be used; the set is closed. */
export type DeviationKind =
  /** The tool's result is in the shape of 2024-10-07, `{ toolResult }`. */
  | "old_result"
  /** `structuredContent` is absent or breaks the output schema that the server itself gave for the tool. */
  | "output_schema"
  /** The tool's output schema, or a part of it, cannot be used to check. */
  | "unusable_schema"
  /** The server declares a capability whose list it does not serve; the list was taken for empty. */
  | "unserved_capability"
  /** The result of a modern server does not say that it is complete; it was taken for complete. */
  | "result_type";

/** One deviation of a server, for whoever diagnoses it. It holds no argument, no result and no secret. */
export interface Deviation {
  readonly kind: DeviationKind;
  /** What was off, in one sentence; text of the server's own is quoted and cut. */
  readonly message: string;
}
