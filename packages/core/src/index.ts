// What application developers meet.
export { TenantryError, errorCodes, quote } from "./error.ts";
export type { Challenge, Delivery, ErrorCode, ErrorDetails, RpcError } from "./error.ts";
export { Secret, secret } from "./secret.ts";
export { originOf, serverId, sessionId, userId, workspaceId } from "./id.ts";
export type { Origin, ServerId, SessionId, UserId, WorkspaceId } from "./id.ts";
export { principalOf, scopeOf, scopeParts } from "./scope.ts";
export type { Principal, Scope, Share } from "./scope.ts";
export { checkDefinition, parseDefinition } from "./definition.ts";
export type { ParseOptions } from "./definition.ts";
export { serverDefinitionSchema } from "./definition-schemas.ts";
export { serversFromJson } from "./servers-from-json.ts";
export type { IgnoredSetting, ServersFromJson, ServersFromJsonOptions } from "./servers-from-json.ts";
export type { Variables } from "./placeholders.ts";
export type { PlainDefinition, PlainServerOptions, PlainSwitchedServer } from "./plain-definition.ts";
export { checkRoute, namedBy, upstreamsOf } from "./switched-server.ts";
export type { Route, SwitchedServer, UpstreamDefinition } from "./switched-server.ts";
export type {
  DirectServer,
  Era,
  HostedServer,
  InProcessServer,
  RemoteServer,
  ServerDefinition,
  ServerOptions,
} from "./server-definition.ts";
export type {
  CallToolOptions,
  CatalogClient,
  CompleteOptions,
  CompletionArgument,
  CompletionTarget,
  ListOptions,
  PromptAddress,
  ResourceAddress,
  RolledBack,
  RouteStatus,
  ServerStatus,
  ToolAddress,
  WorkspaceClient,
  WorkspaceEvent,
  WorkspaceFilter,
  WorkspaceSubscription,
} from "./workspace-client.ts";
export type {
  AmbiguousName,
  CatalogOrigin,
  CatalogPrompt,
  CatalogResource,
  CatalogResourceTemplate,
  CatalogTool,
  Listing,
  PromptListing,
  ResourceListing,
  ResourceTemplateListing,
  ToolListing,
  UnavailableServer,
} from "./listing.ts";
export type { ApprovalAddress, ApprovalKind, ApprovalNeeded, DefinitionChange } from "./approval.ts";
export type { ApprovalRequest, ClientOptions } from "./client-options.ts";
export type {
  CallToolResult,
  ClientCapabilities,
  CompleteResult,
  ElicitParams,
  ElicitResult,
  GetPromptResult,
  Implementation,
  LogLevel,
  LogMessage,
  Method,
  Methods,
  Params,
  Progress,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  Result,
  Root,
  SamplingParams,
  SamplingResult,
  ServerCapabilities,
  Tool,
} from "./mcp.ts";
export type { ServerRequestHandlers, ServerRequestOptions } from "./server-requests.ts";
export { inputRequiredOf } from "./input-rounds.ts";
export type { InputRequest, InputRequired, InputRounds } from "./input-rounds.ts";
export type { ServerEvent, Subscription, SubscriptionFilter } from "./subscription.ts";
export type { TraceContext } from "./trace-context.ts";
export type { Deviation, DeviationKind } from "./deviation.ts";

// The contracts between packages: for authors of credential sources, connectors, upstreams and stores.
export type {
  Context,
  Credential,
  CredentialDependencies,
  CredentialEvent,
  CredentialHeaders,
  CredentialProvider,
  CredentialRequest,
  CredentialSource,
  CredentialStore,
  ServerRef,
} from "./credential.ts";
export type {
  Connection,
  Connector,
  OpenOptions,
  ParkedSession,
  Poolable,
  RequestOptions,
  ServerFacts,
} from "./connection.ts";
export type { AcquireOptions, ConnectionPool, Lease, RunOptions, Target } from "./pool.ts";
export type {
  CloseReason,
  Endpoint,
  Fetch,
  HttpEndpoint,
  OpenPipeOptions,
  Pipe,
  PipeEndpoint,
  Provenance,
  Upstream,
} from "./upstream.ts";
export type { Envelope, SealedFor, Sealer } from "./sealer.ts";
export type { Person, Store, StoreChange, StoreSlices } from "./store.ts";
export type {
  ApprovalKey,
  CatalogKey,
  ClientKey,
  CredentialKey,
  FlowKey,
  ListKey,
  ParkedKey,
  ServerKey,
  VerdictKey,
  WorkspaceKey,
} from "./store-keys.ts";
export type {
  Cursor,
  KeyedRow,
  Page,
  PageOptions,
  PutOptions,
  Row,
  RowPage,
  Slice,
  TenantSlice,
  UrgentOptions,
  Version,
  Within,
} from "./store-slice.ts";
export type { Counter, Counters, Leases, StoreLease } from "./store-coordination.ts";
export type { AuditEntry, AuditLog } from "./audit-log.ts";

// What the packages build with.
export { withDetails } from "./error.ts";
export { isAbortReason, raceAbort } from "./abort.ts";
export type { AbortableOptions } from "./abort.ts";
export { withDeadline } from "./deadline.ts";
export { isFixed } from "./fixed.ts";
export { isPlainObject } from "./plain-object.ts";
export { tell } from "./tell.ts";
export { isThenable } from "./thenable.ts";
export type { DeadlineOptions } from "./deadline.ts";
export { CounterTable } from "./counter-table.ts";
export type { CounterTableOptions } from "./counter-table.ts";
export { RecentMap } from "./recent-map.ts";
export { SharedFlight } from "./shared-flight.ts";
export type { SharedFlightOptions } from "./shared-flight.ts";
export { disposeAll } from "./disposal.ts";
export { systemClock } from "./clock.ts";
export type { Clock, Timer, TimerOptions } from "./clock.ts";
export { announce, isTraced, traced } from "./diagnostics.ts";
export type { DiagnosticChannel, DiagnosticEvents, DiagnosticNotices, NoticeChannel } from "./diagnostics.ts";
export { checkHeaders, headerName, headerValue } from "./headers.ts";
export { fillLimits } from "./limits.ts";
export { describeIssues } from "./schema-issues.ts";
export type { LimitRules } from "./limits.ts";
export { nestsDeeper, outgrows } from "./nesting.ts";
export type { JsonBounds } from "./nesting.ts";
export type { Json, JsonObject } from "./json.ts";
