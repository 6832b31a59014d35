import type { JSONWebKeySet } from "jose";

/** How a client proves at the token endpoint who it is (RFC 7591, section 2; OpenID Connect Core, section 9). */
export type ClientAuthenticationMethod =
  "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";

/** What a client says about itself, by the names of RFC 7591, section 2. */
export interface ClientMetadata {
  /** Where a person may be sent back to; compared character by character. */
  readonly redirect_uris?: readonly string[];
  /** Defaults to `client_secret_basic` for a client with a secret, `private_key_jwt` for one with keys, else `none`. */
  readonly token_endpoint_auth_method?: ClientAuthenticationMethod;
  /** The grants that it may use; all where it is absent. */
  readonly grant_types?: readonly string[];
  readonly response_types?: readonly string[];
  readonly client_name?: string;
  readonly client_uri?: string;
  readonly scope?: string;
  /** `native` or `web` (OpenID Connect Dynamic Client Registration, section 2). */
  readonly application_type?: string;
  /** The public keys that it signs assertions with. */
  readonly jwks?: JSONWebKeySet;
}

/** A client that an authorization server knows. */
export interface OAuthClient extends ClientMetadata {
  readonly client_id: string;
  readonly client_secret?: string;
}

/** How this client has to authenticate. */
export function authenticationMethodOf(client: OAuthClient): ClientAuthenticationMethod {
  if (client.token_endpoint_auth_method !== undefined) return client.token_endpoint_auth_method;
  if (client.client_secret !== undefined) return "client_secret_basic";
  return client.jwks === undefined ? "none" : "private_key_jwt";
}

/** Every method that a client can be registered with. */
export const authenticationMethods = Object.freeze([
  "none",
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
] as const) satisfies readonly ClientAuthenticationMethod[];
