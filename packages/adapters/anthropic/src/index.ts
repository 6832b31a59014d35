export { runnableTools } from "./runnable-tools.ts";
export type { RunnableTool, RunnableToolsOptions, ToolCall } from "./runnable-tools.ts";
export { resultContent } from "./result-content.ts";
