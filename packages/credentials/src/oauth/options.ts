import { fillLimits, quote, Secret, secret, TenantryError } from "@tenantry/core";
import type { PrivateKey } from "oauth4webapi";
import { defaultGrantLimits, grantLimits, type GrantLimits } from "../grants/limits.ts";
import type { OAuthClient } from "./client.ts";
import { defaultOAuthLimits, type OAuthLimits } from "./limits.ts";
import { isScope } from "./scopes.ts";
import { isLoopback, webUrl } from "./web-url.ts";

/** A client that was registered by hand, at one issuer. */
export interface RegisteredClient {
  readonly id: string;
  /** Its secret, if it has one. */
  readonly secret?: string | Secret;
  /** The private key with which it signs (`private_key_jwt`, RFC 7523, section 2.2), with its key id if the issuer wants one. */
  readonly privateKey?: PrivateKey["key"] | PrivateKey;
  /** How it authenticates; defaults to what it can and the issuer's metadata lists. */
  readonly authMethod?: "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";
}

/** A client that was registered by hand and to which people are sent back. */
export interface ReturnedClient extends RegisteredClient {
  /**
   * The redirect URI that it was registered with, where that is not the issuer's own, such as the plain callback URL. The
   * codes of other issuers may come there too, so it is safe only with an issuer that names itself in its answers (`iss`,
   * RFC 9207): an answer without is refused. Defaults to what `issuerCallbackUrl()` gives.
   */
  readonly redirectUrl?: string | URL;
}

/** What every way to a token needs to know. */
export interface IssuerOptions {
  /**
   * The only issuer whose tokens are used, exactly as the server's metadata names it. Defaults to the server's own choice;
   * required where the client has a secret, which would else go to whatever issuer the server names.
   */
  readonly issuer?: string;
  /** Asked for beside those of the server's challenge, instead of those in its metadata. */
  readonly scopes?: readonly string[];
  /** Where the server's metadata is, for a server that names another origin. Defaults to where RFC 9728 says. */
  readonly resourceMetadataUrl?: string | URL;
  /**
   * Uses an issuer whose metadata calls it by another name than the one that led to it: the one in `issuer`, which is then
   * required, because a server could else name an issuer that speaks for another one. Defaults to `false`.
   */
  readonly allowIssuerMismatch?: boolean;
  /** What errors and the store call the credential. Defaults to `oauth`. */
  readonly slot?: string;
  readonly limits?: Partial<OAuthLimits>;
}

/** How a person's grants are got. */
export interface OAuthOptions extends IssuerOptions {
  /**
   * A client that was registered by hand, with the redirect URI that `issuerCallbackUrl()` gives. Defaults to one that is
   * registered on the way.
   */
  readonly client?: ReturnedClient;
  /**
   * The URL of the host's client metadata document, for issuers that take one as a client's name (SEP-991). It lists the
   * callback URL, and what `issuerCallbackUrl()` gives for each issuer that does not name itself in its answers.
   */
  readonly clientMetadataUrl?: string | URL;
  /** What a client that is registered on the way is called. Defaults to `Tenantry`. */
  readonly clientName?: string;
  /** Whether `offline_access` is asked for where the issuer lists it (SEP-2207). Defaults to `true`. */
  readonly offlineAccess?: boolean;
  /**
   * Whether tokens are bound to a key of this host's, one for each grant, so that a stolen one is of no use (RFC 9449;
   * SEP-1932). An issuer that gives other tokens is then refused. Defaults to `false`.
   */
  readonly dpop?: boolean;
  /**
   * For how long the issuer takes a refresh token that has been used before, in milliseconds, so that a refresh whose answer
   * was lost is made again; `Number.MAX_SAFE_INTEGER` for an issuer that never rotates them. Defaults to what refreshes show:
   * not at all, until one has brought no other refresh token.
   */
  readonly refreshGraceMs?: number;
  /**
   * Whether the tokens of a grant are revoked at the issuer where another grant of the same person has its place, once
   * nothing uses them any more. Defaults to `false`, and they end by themselves: some issuers end everything that a person
   * has granted to a client with any token of it, the other grant too. What comes for a person who has no grant is revoked
   * in any case, and so is everything when the person is disconnected.
   */
  readonly revokeReplaced?: boolean;
  /**
   * Whether access has to be granted before the first request. Defaults to `false`: the first request goes without, and
   * the server's refusal says what it wants; from then on nothing is sent without.
   */
  readonly required?: boolean;
  /** Bounds of the requests, and of how grants are remembered and refreshed. */
  readonly limits?: Partial<OAuthLimits & GrantLimits>;
}

/** The options as they are used. */
export interface CheckedIssuerOptions {
  readonly issuer?: string;
  readonly scopes?: readonly string[];
  readonly resourceMetadataUrl?: URL;
  readonly allowIssuerMismatch: boolean;
  readonly slot: string;
  readonly limits: OAuthLimits;
}

/** The options of `oauth()` as they are used. */
export interface CheckedOAuthOptions extends CheckedIssuerOptions {
  readonly client?: OAuthClient;
  /** The redirect URI of `client`, where it is not the issuer's own. */
  readonly redirectUrl?: URL;
  readonly clientMetadataUrl?: URL;
  readonly clientName: string;
  readonly offlineAccess: boolean;
  readonly dpop: boolean;
  readonly refreshGraceMs?: number;
  readonly revokeReplaced: boolean;
  readonly required: boolean;
  readonly grantLimits: GrantLimits;
}

/** Checks what `oauth()` is given; throws `CONFIG_INVALID`, or `ADDRESS_REFUSED` for a URL that may not be used. */
export function checkOAuthOptions(options: OAuthOptions): CheckedOAuthOptions {
  const {
    client,
    clientMetadataUrl,
    clientName = "Tenantry",
    offlineAccess = true,
    dpop = false,
    refreshGraceMs,
    revokeReplaced = false,
    required = false,
  } = options;
  if (refreshGraceMs !== undefined && !(Number.isSafeInteger(refreshGraceMs) && refreshGraceMs >= 0))
    throw invalid("`refreshGraceMs` is a whole number of milliseconds, from 0");
  if (typeof revokeReplaced !== "boolean") throw invalid("`revokeReplaced` is `true` or `false`");
  const document = clientMetadataUrl === undefined ? undefined : documentUrl(clientMetadataUrl);
  const limits = fillLimits(options.limits, { ...defaultOAuthLimits, ...defaultGrantLimits });
  return Object.freeze({
    ...checkIssuerOptions({ ...options, limits: only(limits, defaultOAuthLimits) }, client),
    grantLimits: grantLimits(only(limits, defaultGrantLimits)),
    ...(client && { client: checkClient(client) }),
    ...(client?.redirectUrl !== undefined && {
      redirectUrl: webUrl(String(client.redirectUrl), "The client's redirectUrl"),
    }),
    ...(document && { clientMetadataUrl: document }),
    clientName,
    offlineAccess,
    dpop,
    ...(refreshGraceMs !== undefined && { refreshGraceMs }),
    revokeReplaced,
    required,
  });
}

/** Checks what all sources of this folder have in common; throws as {@link checkOAuthOptions} does. */
export function checkIssuerOptions(
  options: IssuerOptions,
  client: RegisteredClient | undefined,
): CheckedIssuerOptions {
  const {
    issuer,
    scopes,
    resourceMetadataUrl,
    allowIssuerMismatch = false,
    slot = "oauth",
    limits,
  } = options;
  if (issuer !== undefined) webUrl(issuer, "The issuer");
  if (issuer === undefined && client?.secret !== undefined)
    throw invalid("A client with a secret needs the issuer that it was registered at; give `issuer`");
  if (issuer === undefined && allowIssuerMismatch)
    throw invalid("allowIssuerMismatch is for one issuer that the host trusts; give it as `issuer`");
  const wrong = scopes?.find((scope) => !isScope(scope));
  if (wrong !== undefined)
    throw invalid(`${quote(wrong)} is not a scope (RFC 6749, section 3.3); correct \`scopes\``);
  if (typeof slot !== "string" || slot.trim() === "") throw invalid("`slot` is a non-empty name");
  return Object.freeze({
    ...(issuer !== undefined && { issuer }),
    ...(scopes && { scopes: Object.freeze([...scopes]) }),
    ...(resourceMetadataUrl !== undefined && {
      resourceMetadataUrl: webUrl(String(resourceMetadataUrl), "The resourceMetadataUrl"),
    }),
    allowIssuerMismatch,
    slot,
    limits: fillLimits(limits, defaultOAuthLimits),
  });
}

/** Throws `CONFIG_INVALID` where nothing says who may get what a source hands over: a server could name an issuer of its own. */
export function requireIssuer({ issuer }: CheckedIssuerOptions, where: string, what: string): void {
  if (issuer === undefined)
    throw invalid(`${where} gives ${what} to an issuer, and to which the host decides; give \`issuer\``);
}

/** Checks a client that was registered by hand; throws `CONFIG_INVALID` without showing its secret. */
export function checkClient({ id, secret: given, privateKey, authMethod }: RegisteredClient): OAuthClient {
  if (typeof id !== "string" || id === "") throw invalid("A client has an `id`, as its issuer names it");
  const text = given instanceof Secret ? given.reveal() : given;
  if (text !== undefined && (typeof text !== "string" || text === ""))
    throw invalid("The client's `secret` is a non-empty text; leave it out for a client without one");
  return Object.freeze({
    id,
    ...(text !== undefined && { secret: secret(text) }),
    ...(privateKey && { privateKey }),
    ...(authMethod && { authMethod }),
  });
}

/** Checks where the person is sent back to: https, or http to loopback (OAuth 2.1, section 2.3.1). Throws `CONFIG_INVALID`. */
export function checkCallbackUrl(callbackUrl: URL | undefined): URL {
  if (callbackUrl === undefined)
    throw invalid(
      "oauth() needs to know where the person is sent back to; give a callback URL, or a publicUrl",
    );
  return webUrl(callbackUrl.href, "The callback URL");
}

/** Those of the limits that have these names. */
function only<L extends object>(limits: L, names: L): L {
  return Object.fromEntries(Object.entries(limits).filter(([name]) => Object.hasOwn(names, name))) as L;
}

/** A client's document is at an https URL with a path (Client ID Metadata Document, section 3). */
function documentUrl(given: string | URL): URL {
  const url = webUrl(String(given), "The clientMetadataUrl");
  if (url.protocol !== "https:" || isLoopback(url) || url.pathname === "/")
    throw invalid("The clientMetadataUrl is an https URL with a path, which every issuer can read");
  return url;
}

function invalid(why: string): TenantryError {
  return new TenantryError("CONFIG_INVALID", `${why}.`);
}
