export { toolset } from "./toolset.ts";
export type { ToolCall, Toolset, ToolsetOptions } from "./toolset.ts";
export { modelOutput } from "./model-output.ts";
export type { ModelOutput } from "./model-output.ts";
