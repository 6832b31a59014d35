import { authenticationMethods } from "./client.ts";
import { grantTypes } from "./grant-types.ts";
import type { AuthorizationServerOptions } from "./options.ts";
import type { Realm } from "./realm.ts";

/** What an authorization server says about itself (RFC 8414, section 2; OpenID Connect Discovery, section 3). */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint: string;
  readonly jwks_uri: string;
  readonly registration_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly grant_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly authorization_response_iss_parameter_supported: boolean;
  readonly client_id_metadata_document_supported: boolean;
  readonly dpop_signing_alg_values_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
}

/** Asymmetric algorithms only: a shared key proves nothing to a third party. */
export const signatureAlgorithms = Object.freeze(["ES256", "ES384", "EdDSA", "PS256", "RS256"] as const);

/** The metadata as it is, before anybody alters it. */
export function metadataOf(realm: Realm): AuthorizationServerMetadata {
  const { scopes, dynamicRegistration = true, clientIdMetadataDocuments = true } = realm.options;
  return {
    issuer: realm.issuer,
    authorization_endpoint: realm.endpoint("authorize"),
    token_endpoint: realm.endpoint("token"),
    revocation_endpoint: realm.endpoint("revoke"),
    jwks_uri: realm.endpoint("jwks"),
    ...(dynamicRegistration && { registration_endpoint: realm.endpoint("register") }),
    ...(scopes !== undefined && { scopes_supported: [...scopes] }),
    response_types_supported: ["code"],
    grant_types_supported: [...grantTypes],
    token_endpoint_auth_methods_supported: [...authenticationMethods],
    token_endpoint_auth_signing_alg_values_supported: [...signatureAlgorithms],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: clientIdMetadataDocuments,
    dpop_signing_alg_values_supported: [...signatureAlgorithms],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

/**
 * Whether metadata is served at this path. RFC 8414, section 3.1, puts the well-known part before the issuer's path;
 * OpenID Connect Discovery, section 4, puts it behind, and MCP clients try both.
 */
export function isMetadataPath(
  pathname: string,
  { path = "", metadata = "both" }: AuthorizationServerOptions,
): boolean {
  const issuerPath = path.replace(/\/$/u, "");
  const oauth = `/.well-known/oauth-authorization-server${issuerPath}`;
  const openid = [
    `/.well-known/openid-configuration${issuerPath}`,
    `${issuerPath}/.well-known/openid-configuration`,
  ];
  return (
    ((metadata === "oauth" || metadata === "both") && pathname === oauth) ||
    ((metadata === "openid" || metadata === "both") && openid.includes(pathname))
  );
}
