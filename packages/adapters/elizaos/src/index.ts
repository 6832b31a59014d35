export { tenantryPlugin } from "./plugin.ts";
export type { PluginOptions } from "./plugin.ts";
export { McpService } from "./service.ts";
export type { MessageContext } from "./service.ts";
export { actionResult } from "./action-result.ts";
