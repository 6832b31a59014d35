import { quote, TenantryError } from "@tenantry/core";
import { z } from "zod";
import { isAbsent, jsonOf, type OAuthHttp } from "./http.ts";
import { retryAfterOf } from "./retry-after.ts";
import { scopesOf } from "./scopes.ts";
import { webUrl } from "./web-url.ts";
import { resourceMetadataUrls } from "./well-known.ts";

/** What an MCP server says of itself as a protected resource (RFC 9728, section 2). */
export interface Resource {
  /** Its identifier, exactly as published; it is what tokens are asked for (RFC 8707, section 2). */
  readonly identifier: string;
  /** The issuers of tokens for it, in its own order, exactly as published. */
  readonly issuers: readonly string[];
  /** Whether it has named them itself; else it counts as its own. */
  readonly namesIssuers: boolean;
  /** Absent: it has not said. */
  readonly scopes?: readonly string[];
  /** Whether it publishes no metadata, as servers of the revision 2025-03-26 do not. */
  readonly isLegacy: boolean;
}

const documentSchema = z.object({
  resource: z.string().min(1).max(2_048),
  authorization_servers: z.array(z.string().max(2_048)).optional(),
  scopes_supported: z.array(z.unknown()).optional().catch(undefined),
});

/** Where the search begins. */
export interface ResourceQuery {
  readonly server: URL;
  /** Where the host says that the metadata is. */
  readonly pinned?: URL | undefined;
  /** The `resource_metadata` of the server's challenge (RFC 9728, section 5.1). */
  readonly challenged?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Reads a server's metadata: from where the host says, else from where its challenge says, else from the well-known places.
 * A server that says of each that there is none is its own issuer (MCP 2025-03-26, section 2.3). Rejects with `ORIGIN_REFUSED` where the
 * metadata is at another origin or speaks of another resource, with `ADDRESS_REFUSED` for a URL that is none, and with
 * `CREDENTIAL_FAILED` where the document cannot be had.
 */
export async function readResource(http: OAuthHttp, query: ResourceQuery): Promise<Resource> {
  const { server, pinned, signal } = query;
  let failure: TenantryError | undefined;
  for (const url of placesOf(query)) {
    const response = await http.send(url, { method: "GET", headers: { accept: "application/json" }, signal });
    const document = await jsonOf(response);
    if (response.status === 200 && document !== undefined) return parse(url, document, server);
    // The host says that it is there.
    if (pinned === undefined && isAbsent(response, document)) continue;
    failure ??= unreadable(url, response, http.now);
    if (failure.retryable) throw failure;
  }
  if (failure !== undefined) throw failure;
  const identifier = identifierOf(server);
  return Object.freeze({ identifier, issuers: [server.origin], namesIssuers: false, isLegacy: true });
}

function placesOf({ server, pinned, challenged }: ResourceQuery): readonly URL[] {
  if (pinned !== undefined) return [pinned];
  const places = resourceMetadataUrls(server);
  if (challenged === undefined) return places;
  const url = webUrl(challenged, "The server's resource_metadata");
  if (url.origin !== server.origin) {
    const what = `The server ${server.origin} says that its metadata is at ${url.origin}`;
    const way = "if that is right, name the URL in resourceMetadataUrl";
    throw new TenantryError("ORIGIN_REFUSED", `${what}; nothing was sent there; ${way}.`);
  }
  return [url, ...places.filter(({ href }) => href !== url.href)];
}

function parse(url: URL, document: unknown, server: URL): Resource {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const what = `The server's metadata at ${quote(url.href)} is none of a protected resource (RFC 9728)`;
    throw new TenantryError("CREDENTIAL_FAILED", `${what}; ask whoever runs the server.`);
  }
  const { resource, authorization_servers: issuers, scopes_supported: scopes } = parsed.data;
  if (!contains(resource, server)) {
    const what = `The metadata at ${quote(url.href)} is of the resource ${quote(resource)}`;
    const why = `which the server ${server.origin}${server.pathname} is not a part of (RFC 9728, section 3.3)`;
    throw new TenantryError("ORIGIN_REFUSED", `${what}, ${why}; it was discarded.`);
  }
  return Object.freeze({
    identifier: resource,
    issuers: Object.freeze(issuers === undefined || issuers.length === 0 ? [server.origin] : issuers),
    namesIssuers: issuers !== undefined && issuers.length > 0,
    ...(scopes && { scopes: scopesOf(scopes) }),
    isLegacy: false,
  });
}

/**
 * Whether a resource is the server itself or what its path is beneath, at the same origin: metadata at the root speaks for
 * every server of its origin. Compared as URLs, because identifiers differ in a closing slash.
 */
export function contains(resource: string, server: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, hash } = new URL(resource);
  const beneath = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return origin === server.origin && hash === "" && `${server.pathname}/`.startsWith(beneath);
}

/** The canonical URI of a server: without a query, which may hold a key, and without the slash of an empty path. */
function identifierOf({ origin, pathname }: URL): string {
  return pathname === "/" ? origin : `${origin}${pathname}`;
}

function unreadable({ href }: URL, response: Response, now: number): TenantryError {
  const { status } = response;
  const what = `The server's metadata at ${quote(href)} cannot be read (HTTP ${status}); ask whoever runs the server.`;
  const retryable = status === 429 || status >= 500;
  return new TenantryError("CREDENTIAL_FAILED", what, {
    status,
    retryable,
    ...(retryable && retryAfterOf(response, now)),
  });
}
