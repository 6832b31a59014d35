export { toolSet } from "./tool-set.ts";
export type { ToolCall, ToolSetOptions } from "./tool-set.ts";
export { modelOutput } from "./model-output.ts";
