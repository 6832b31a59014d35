export { functionTools } from "./function-tools.ts";
export type { FunctionToolsOptions } from "./function-tools.ts";
export { mcpServer } from "./mcp-server.ts";
export type { McpServerOptions } from "./mcp-server.ts";
export { modelOutput } from "./model-output.ts";
export { modelError } from "./model-error.ts";
export type { CallOutcome } from "./call-outcomes.ts";
