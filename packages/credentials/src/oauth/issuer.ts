import { quote, TenantryError } from "@tenantry/core";
import { z } from "zod";
import { isAbsent, jsonOf, type OAuthHttp } from "./http.ts";
import { retryAfterOf } from "./retry-after.ts";
import { scopesOf } from "./scopes.ts";
import { webUrl } from "./web-url.ts";
import { issuerMetadataUrls } from "./well-known.ts";

/** An authorization server, as its metadata describes it (RFC 8414, section 2). */
export interface Issuer {
  /** The identifier that led to it. Clients, flows and grants belong to it under this name. */
  readonly identifier: string;
  /** What its answers call it: the same, unless `allowIssuerMismatch` lets it be another name. */
  readonly name: string;
  /** Whether its answers always say who it is (RFC 9207, section 3). */
  readonly namesItself: boolean;
  readonly authorizationEndpoint?: URL;
  readonly tokenEndpoint: URL;
  readonly registrationEndpoint?: URL;
  readonly revocationEndpoint?: URL;
  /** Whether it checks a code's verifier (RFC 7636; RFC 8414, `code_challenge_methods_supported`). */
  readonly checksVerifier: boolean;
  /** Whether a client may be named by the URL of its metadata document. */
  readonly takesClientUrls: boolean;
  /** How clients may authenticate; absent: it has not said. */
  readonly clientAuthMethods?: readonly string[];
  readonly scopes: readonly string[];
}

const words = z.array(z.string()).optional().catch(undefined);
const text = z.string().max(2_048).optional();
const flag = z.boolean().optional().catch(undefined);

const documentSchema = z.object({
  issuer: z.string().min(1).max(2_048),
  authorization_endpoint: text,
  token_endpoint: z.string().max(2_048),
  registration_endpoint: text,
  revocation_endpoint: text,
  code_challenge_methods_supported: words,
  token_endpoint_auth_methods_supported: words,
  scopes_supported: z.array(z.unknown()).optional().catch(undefined),
  client_id_metadata_document_supported: flag,
  authorization_response_iss_parameter_supported: flag,
});

/** How an issuer's metadata is read. */
export interface IssuerQuery {
  readonly identifier: string;
  /** Whether an issuer without any metadata has the endpoints of MCP 2025-03-26, section 2.3.3. */
  readonly isLegacy: boolean;
  readonly allowMismatch: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads an issuer's metadata from its well-known places. Rejects with `ADDRESS_REFUSED` for an identifier or an endpoint
 * that may not be used, with `ORIGIN_REFUSED` where the metadata is another issuer's (RFC 8414, section 3.3), and with
 * `CREDENTIAL_FAILED` where it cannot be had.
 */
export async function readIssuer(http: OAuthHttp, query: IssuerQuery): Promise<Issuer> {
  const { identifier, isLegacy, signal } = query;
  const url = webUrl(identifier, "The authorization server");
  let refusal: TenantryError | undefined;
  for (const place of issuerMetadataUrls(url)) {
    const response = await http.send(place, {
      method: "GET",
      headers: { accept: "application/json" },
      signal,
    });
    const document = await jsonOf(response);
    const parsed = documentSchema.safeParse(response.status === 200 ? document : undefined);
    // A document of another issuer may be the answer of whoever serves all paths of a host; the next place may be right.
    if (parsed.success && (parsed.data.issuer === identifier || query.allowMismatch))
      return issuerOf(identifier, parsed.data);
    if (parsed.success) refusal ??= mismatch(identifier, parsed.data.issuer);
    else if (!isAbsent(response, document)) refusal ??= unreadable(place, response, http.now);
  }
  if (refusal === undefined && isLegacy) return legacyIssuer(identifier, url.origin);
  throw refusal ?? absent(identifier);
}

function issuerOf(identifier: string, document: z.infer<typeof documentSchema>): Issuer {
  const endpoint = (value: string | undefined, what: string) =>
    value === undefined ? undefined : webUrl(value, `The ${what} endpoint of ${quote(identifier)}`);
  const authorizationEndpoint = endpoint(document.authorization_endpoint, "authorization");
  const registrationEndpoint = endpoint(document.registration_endpoint, "registration");
  const revocationEndpoint = endpoint(document.revocation_endpoint, "revocation");
  const clientAuthMethods = document.token_endpoint_auth_methods_supported;
  return Object.freeze({
    identifier,
    name: document.issuer,
    namesItself: document.authorization_response_iss_parameter_supported === true,
    tokenEndpoint: webUrl(document.token_endpoint, `The token endpoint of ${quote(identifier)}`),
    ...(authorizationEndpoint && { authorizationEndpoint }),
    ...(registrationEndpoint && { registrationEndpoint }),
    ...(revocationEndpoint && { revocationEndpoint }),
    checksVerifier: document.code_challenge_methods_supported?.includes("S256") === true,
    takesClientUrls: document.client_id_metadata_document_supported === true,
    ...(clientAuthMethods && { clientAuthMethods: Object.freeze(clientAuthMethods) }),
    scopes: scopesOf(document.scopes_supported ?? []),
  });
}

/** The endpoints that a server of the revision 2025-03-26 has where it says nothing; that revision demands PKCE of it. */
function legacyIssuer(identifier: string, origin: string): Issuer {
  return Object.freeze({
    identifier,
    name: identifier,
    namesItself: false,
    authorizationEndpoint: new URL("/authorize", origin),
    tokenEndpoint: new URL("/token", origin),
    registrationEndpoint: new URL("/register", origin),
    checksVerifier: true,
    takesClientUrls: false,
    scopes: [],
  });
}

function mismatch(identifier: string, said: string): TenantryError {
  const what = `The metadata of the authorization server ${quote(identifier)} is of ${quote(said)} (RFC 8414, section 3.3)`;
  const way = "if both are the same server, set allowIssuerMismatch";
  return new TenantryError("ORIGIN_REFUSED", `${what}; it was discarded; ${way}.`);
}

function absent(identifier: string): TenantryError {
  const what = `The authorization server ${quote(identifier)} has no metadata (RFC 8414) at any of its well-known places`;
  return new TenantryError("CREDENTIAL_FAILED", `${what}; ask whoever runs it.`);
}

function unreadable({ href }: URL, response: Response, now: number): TenantryError {
  const { status } = response;
  const why = status === 200 ? "it is no metadata" : `HTTP ${status}`;
  const what = `The metadata of the authorization server at ${quote(href)} cannot be read (${why}); ask whoever runs it.`;
  const retryable = status === 429 || status >= 500;
  return new TenantryError("CREDENTIAL_FAILED", what, {
    status,
    retryable,
    ...(retryable && retryAfterOf(response, now)),
  });
}
