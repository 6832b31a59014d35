// What people grant.
export { oauth } from "./oauth.ts";
export type { OAuthSource } from "./oauth.ts";
export type { IssuerOptions, OAuthOptions, RegisteredClient } from "./options.ts";
export type { OAuthLimits } from "./limits.ts";
export type { Authorized, Disconnected, GrantStatus, OAuthProvider, PersonAtServer } from "./provider.ts";
export type { AuthorizationCallback } from "./completion.ts";

// What a host has itself.
export { clientCredentials } from "./client-credentials.ts";
export type { ClientCredentialsOptions } from "./client-credentials.ts";

// For whoever mounts the callback.
export { flowTarget } from "./flows.ts";
export type { FlowTarget } from "./flows.ts";
