export { createRouter } from "./router.ts";
export type { Router, RouterOptions, WorkspaceRouter, WorkspaceShape } from "./router.ts";
export type { RoutedServer, ToolOverride } from "./routing.ts";
export { defaultRouterLimits } from "./limits.ts";
export type { RouterLimits } from "./limits.ts";
export type { NameMode } from "./names/presented.ts";
export type { CatalogStore } from "./catalog/saved-catalogs.ts";
export { toolName } from "./names/tool-name.ts";
export { createConnectIdentity, digestDefinition } from "./definition-digest.ts";
export type { ConnectIdentity } from "./definition-digest.ts";
export { createWorkspaces } from "./workspaces/live-workspace.ts";
export type { LiveWorkspace, Workspaces, WorkspacesOptions } from "./workspaces/live-workspace.ts";
export { providersIn } from "./workspaces/loaded-workspace.ts";
export { serverRowKind } from "./workspaces/stored-server.ts";
export type { LoadedWorkspace, ServerSelection } from "./workspaces/loaded-workspace.ts";
export type { BoundServer, StoredDefinitions } from "./workspaces/server-entry.ts";
export type {
  DeleteServerOptions,
  ServerDetails,
  ServerFacts,
  WorkspaceServers,
} from "./workspaces/workspace-servers.ts";
export type { SwitchedRoute, UpstreamParts } from "./upstreams/upstream-switch.ts";
