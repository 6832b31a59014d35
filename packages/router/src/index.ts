export { createRouter } from "./router.ts";
export type { Router, RouterOptions, WorkspaceRouter, WorkspaceShape } from "./router.ts";
export type { RoutedServer, ToolOverride } from "./routing.ts";
export { defaultRouterLimits } from "./limits.ts";
export type { RouterLimits } from "./limits.ts";
export type { NameMode } from "./names/presented.ts";
export type { CatalogStore } from "./catalog/saved-catalogs.ts";
export type { GuardOptions, GuardStore } from "./guards/guards.ts";
export type { Glob } from "./policy/glob.ts";
export type { Hints } from "./policy/hints.ts";
export type {
  ArgumentCondition,
  GuardedKind,
  Policy,
  PolicyDecider,
  PolicyFunction,
  PolicyRequest,
  PolicyRule,
  PolicyRules,
  Scalar,
  SinglePolicy,
} from "./policy/policy.ts";
export type { Quota, QuotaPart } from "./quotas/quota.ts";
export type { ApprovalMode, ApprovalModes } from "./approvals/modes.ts";
export type { Approval, ApprovalDesk, ApprovalListOptions, ApprovalPage } from "./approvals/desk.ts";
export { audit } from "./interceptors/audit.ts";
export type { AuditOptions } from "./interceptors/audit.ts";
export { confirm } from "./interceptors/confirm.ts";
export type { ConfirmOptions } from "./interceptors/confirm.ts";
export { redact } from "./interceptors/redact.ts";
export type { RedactOptions } from "./interceptors/redact.ts";
export type {
  AllowedCall,
  Around,
  GivenInterceptor,
  InterceptedCall,
  Interceptor,
  InterceptorParts,
  InterceptorSource,
  Next,
} from "./interceptors/interceptor.ts";
export { toolName } from "./names/tool-name.ts";
export { createConnectIdentity, digestDefinition, digestLaunch } from "./definition-digest.ts";
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
