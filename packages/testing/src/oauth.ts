export { startAuthorizationServer } from "./oauth/server.ts";
export type { AuthorizationServer, OAuthFaultFilter } from "./oauth/server.ts";
export type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationServerOptions,
  TrustedIssuer,
} from "./oauth/options.ts";
export type { ClientAuthenticationMethod, ClientMetadata, OAuthClient } from "./oauth/client.ts";
export type { Grant, IssuedToken, TokenKind } from "./oauth/ledger.ts";
export type { AuthorizationServerMetadata } from "./oauth/metadata.ts";
export type { OAuthEndpoint, OAuthRequest } from "./oauth/recording.ts";
