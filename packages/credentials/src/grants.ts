// For authors of OAuth flows: grants that are kept sealed and refreshed once.
export { Grants } from "./grants/grants.ts";
export type { GrantsOptions } from "./grants/grants.ts";
export type { Put, PutGrantOptions, Removed, Replaced } from "./grants/grant-changes.ts";
export type { FreshOptions, Grant, GrantEvent, Refreshed, SendRefresh } from "./grants/grant.ts";
export type { GrantStore } from "./grants/grant-rows.ts";
export type { GrantLimits } from "./grants/limits.ts";
