export { createTenantry } from "./tenantry.ts";
export type { Tenantry, TenantryStats } from "./tenantry.ts";
export type { UserAddress, Workspace } from "./workspace.ts";
export type { ServerDefinitions, TenantryOptions, WorkspaceOptions } from "./options.ts";
export type { AdmitCommand, ServerPlace } from "./server-rules.ts";
export type {
  DeleteServerOptions,
  ServerDetails,
  ServerFacts,
  ToolOverride,
  WorkspaceServers,
} from "@tenantry/router";
export type { TenantryLimits } from "./limits.ts";
export type { Selection } from "@tenantry/pool";

// What a definition is made of.
export {
  basic,
  bearer,
  chain,
  combine,
  env,
  fromContext,
  fromEnv,
  fromFunction,
  fromStatic,
  fromStore,
  header,
  sealWithKeys,
  sealWithKeyService,
} from "@tenantry/credentials";
export type { CredentialVault, ValueAddress, ValueFacts } from "@tenantry/credentials";
export { clientCredentials, issuerCallbackUrl, oauth } from "@tenantry/credentials/oauth";
export { memoryStore } from "@tenantry/store";
export { inProcess } from "@tenantry/client";
export {
  checkDefinition,
  parseDefinition,
  Secret,
  secret,
  serversFromJson,
  TenantryError,
} from "@tenantry/core";
export type {
  ApprovalRequest,
  CallToolOptions,
  CallToolResult,
  CatalogClient,
  CatalogPrompt,
  CatalogResource,
  CatalogResourceTemplate,
  CatalogTool,
  ClientOptions,
  CompleteOptions,
  CompletionArgument,
  CompletionTarget,
  Context,
  CredentialSource,
  Deviation,
  ElicitParams,
  ElicitResult,
  ErrorCode,
  HostedServer,
  IgnoredSetting,
  InProcessServer,
  ListOptions,
  LogMessage,
  PlainDefinition,
  Principal,
  Progress,
  PromptAddress,
  PromptListing,
  RemoteServer,
  RolledBack,
  Route,
  RouteStatus,
  ResourceAddress,
  ResourceListing,
  ResourceTemplateListing,
  Root,
  SamplingParams,
  SamplingResult,
  ServerDefinition,
  ServerRequestHandlers,
  ServersFromJson,
  ServersFromJsonOptions,
  ServerStatus,
  SwitchedServer,
  ToolAddress,
  ToolListing,
  UnavailableServer,
  WorkspaceClient,
  WorkspaceEvent,
  WorkspaceFilter,
  WorkspaceSubscription,
} from "@tenantry/core";
