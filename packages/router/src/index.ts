export { createRouter } from "./router.ts";
export type { Router, RouterOptions, WorkspaceRouter, WorkspaceShape } from "./router.ts";
export type { RoutedServer, ToolOverride } from "./routing.ts";
export { defaultRouterLimits } from "./limits.ts";
export type { RouterLimits } from "./limits.ts";
export type { NameMode } from "./names/presented.ts";
export { toolName } from "./names/tool-name.ts";
export { createConnectIdentity, digestDefinition } from "./definition-digest.ts";
export type { ConnectIdentity } from "./definition-digest.ts";
