export { createWorkspaceRouter } from "./workspace-router.ts";
export type { WorkspaceRouter, WorkspaceRouterOptions } from "./workspace-router.ts";
export type { RoutedServer } from "./routing.ts";
export type { RouterLimits } from "./limits.ts";
export { toolName } from "./tool-name.ts";
export { createConnectIdentity, digestDefinition } from "./definition-digest.ts";
export type { ConnectIdentity } from "./definition-digest.ts";
