export { structuredTools } from "./structured-tools.ts";
export type { StructuredToolsOptions } from "./structured-tools.ts";
export type { ToolCall } from "./tool-call.ts";
export type { ActionDecisions, ActionReview, Interrupt } from "./interrupt.ts";
export { messageContent } from "./message-content.ts";
export type { FailureFacts } from "@tenantry/core/adapter";
