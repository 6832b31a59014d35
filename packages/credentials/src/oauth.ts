// What people grant.
export { oauth } from "./oauth/oauth.ts";
export type { OAuthSource } from "./oauth/oauth.ts";
export type { TokenSource } from "./oauth/token-source.ts";
export type { IssuerOptions, OAuthOptions, RegisteredClient, ReturnedClient } from "./oauth/options.ts";
export type { OAuthLimits } from "./oauth/limits.ts";
export type { GrantLimits } from "./grants/limits.ts";
export type {
  Authorized,
  Disconnected,
  GrantStatus,
  OAuthProvider,
  PersonAtServer,
  Withdrawn,
} from "./oauth/oauth-provider.ts";
export type { AuthorizationCallback } from "./oauth/completion.ts";

// What a host has itself.
export { clientCredentials } from "./oauth/client-credentials.ts";
export type { ClientCredentialsOptions } from "./oauth/client-credentials.ts";

// For whoever mounts the callback.
export { unfinishable } from "./oauth/callback.ts";
export { issuerCallbackUrl } from "./oauth/return-address.ts";
export { endAuthorizations } from "./oauth/end-authorizations.ts";
export { isLoopback } from "./oauth/web-url.ts";
export { isOAuthProvider } from "./oauth/oauth-provider.ts";
export { flowServer } from "./oauth/flows.ts";
