import { patchConfig } from "@langchain/core/runnables";
import type { StructuredTool, ToolRunnableConfig } from "@langchain/core/tools";

/** What LangChain says of one call: the run's config, with `configurable`, `metadata`, and `context` where a graph has one. */
export type ToolCall<Context = unknown> = Omit<ToolRunnableConfig, "context"> & {
  /** What the run was given as its `context`: of the host's own shape, or missing. */
  readonly context: Context;
  /** LangGraph's: writes to a stream of the mode `custom`. */
  readonly writer?: ((chunk: unknown) => void) | null;
};

/** The call's own config, in which what is dispatched belongs to the call's run, as LangChain's `tool()` has it. */
export function toolCall<Context>(
  config: ToolRunnableConfig | undefined,
  runManager: Parameters<StructuredTool["_call"]>[1],
): ToolCall<Context> {
  const callbacks = runManager?.getChild();
  return patchConfig(config, callbacks && { callbacks }) as ToolCall<Context>;
}
