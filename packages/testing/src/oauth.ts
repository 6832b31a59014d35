export { startAuthorizationServer } from "./oauth/server.ts";
export type { AuthorizationServer, OAuthFaultFilter } from "./oauth/server.ts";
export type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationServerOptions,
  TrustedIssuer,
} from "./oauth/options.ts";
export type { ClientAuthenticationMethod, ClientMetadata, OAuthClient } from "./oauth/client.ts";
export type { Grant, IssuedToken, TokenFilter, TokenKind } from "./oauth/ledger.ts";
export type { AuthorizationServerMetadata } from "./oauth/metadata.ts";
export { oauthError } from "./oauth/oauth-error.ts";
export type { OAuthErrorOptions } from "./oauth/oauth-error.ts";
export { visit } from "./oauth/visit.ts";
export type { VisitOptions } from "./oauth/visit.ts";
export type { OAuthEndpoint, OAuthRequest } from "./oauth/recording.ts";
