export { createRouter } from "./router.ts";
export type { Router, RouterOptions, WorkspaceRouter } from "./router.ts";
export type { RoutedServer } from "./routing.ts";
export { defaultRouterLimits } from "./limits.ts";
export type { RouterLimits } from "./limits.ts";
export { toolName } from "./tool-name.ts";
export { createConnectIdentity, digestDefinition } from "./definition-digest.ts";
export type { ConnectIdentity } from "./definition-digest.ts";
