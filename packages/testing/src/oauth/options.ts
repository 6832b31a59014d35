import type { Clock } from "@tenantry/core";
import type { JSONWebKeySet } from "jose";
import type { Alter } from "../alter.ts";
import type { OAuthClient } from "./client.ts";

/** What a client asks a person for (RFC 6749, section 4.1.1). */
export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  /** The scopes that it asks for. */
  readonly scopes: readonly string[];
  /** The resource that it asks for (RFC 8707). */
  readonly resource: string | undefined;
  /** Every parameter as sent. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Who allowed it, or the error of RFC 6749, section 4.1.2.1, that the client is sent back with. */
export type AuthorizationDecision =
  { readonly user: string } | { readonly error: string; readonly description?: string };

/** Somebody else's authorization server whose ID-JAGs are accepted; an {@link AuthorizationServer} is one. */
export interface TrustedIssuer {
  readonly issuer: URL;
  readonly jwks: JSONWebKeySet;
}

/** How an authorization server behaves. Without options it does what the MCP authorization specification asks for. */
export interface AuthorizationServerOptions {
  /** The path of its issuer, such as `/tenant`; defaults to none. */
  readonly path?: string;
  /** Which metadata it has: RFC 8414, OpenID Connect Discovery, both (the default) or none. */
  readonly metadata?: "oauth" | "openid" | "both" | "none";
  /** Changes the metadata before it is served; what it gives, or the copy that it changed, may say anything. */
  readonly alterMetadata?: Alter;
  /** Decides who authorises; defaults to the user that the query's `login` names, or else `person`. */
  readonly authorize?: (
    request: AuthorizationRequest,
  ) => AuthorizationDecision | Promise<AuthorizationDecision>;
  /** `page` shows a page with the buttons Allow and Deny first; defaults to none. */
  readonly consent?: "none" | "page";
  /** What the redirect back says about its issuer (RFC 9207): `right` (the default), nothing, or another one. */
  readonly iss?: "right" | "missing" | "wrong";
  /** The scopes that exist; defaults to any. */
  readonly scopes?: readonly string[];
  /** The scopes that are granted of those asked for; defaults to those that exist. */
  readonly grantScopes?: (
    requested: readonly string[],
    to: { readonly clientId: string },
  ) => readonly string[];
  /** How long an access token holds, in milliseconds; defaults to an hour. */
  readonly accessTokenTtlMs?: number;
  /** How long a refresh token holds, in milliseconds; defaults to thirty days. */
  readonly refreshTokenTtlMs?: number;
  /** When a person's grant comes with a refresh token: always (the default), for `offline_access` only, or never. */
  readonly refresh?: "always" | "offline_access" | "never";
  /** Whether each refresh gives a new refresh token and the old one ends; defaults to `true`. */
  readonly rotate?: boolean;
  /** How long a rotated refresh token may be used again, in milliseconds; defaults to 0. After that its whole grant is revoked. */
  readonly refreshGraceMs?: number;
  /** Clients that it knows from the start. */
  readonly clients?: readonly OAuthClient[];
  /** Whether clients may register (RFC 7591); defaults to `true`. */
  readonly dynamicRegistration?: boolean;
  /** Whether an https URL is a client id, whose document is fetched; defaults to `true`. */
  readonly clientIdMetadataDocuments?: boolean;
  /** Fetches client-id metadata documents; defaults to the platform's `fetch`. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
  /** The issuers whose ID-JAGs it redeems (RFC 7523); defaults to none. */
  readonly trustedIssuers?: readonly TrustedIssuer[];
  /** `required` refuses unbound tokens, `nonce` also asks for a nonce (RFC 9449, section 8); defaults to `optional`. */
  readonly dpop?: "optional" | "required" | "nonce";
  /** Where time comes from; defaults to the real clock. */
  readonly clock?: Clock;
}
