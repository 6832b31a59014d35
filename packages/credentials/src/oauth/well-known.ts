/** The last segments of the well-known URIs that are asked (RFC 8615). */
const protectedResource = "oauth-protected-resource";
const authorizationServer = "oauth-authorization-server";
const openidConfiguration = "openid-configuration";

/** Where a resource's metadata may be, most specific first (RFC 9728, section 3.1; MCP authorization server discovery). */
export function resourceMetadataUrls(server: URL): readonly URL[] {
  const root = new URL(`/.well-known/${protectedResource}`, server.origin);
  return server.pathname === "/" ? [root] : [inserted(server, protectedResource), root];
}

/**
 * Where an authorization server's metadata may be, in the order of the MCP specification: RFC 8414 with the path inserted
 * (section 3.1), OpenID Connect with the path inserted (RFC 8414, section 5), then with the path in front of it.
 */
export function issuerMetadataUrls(issuer: URL): readonly URL[] {
  const urls = [inserted(issuer, authorizationServer), inserted(issuer, openidConfiguration)];
  if (issuer.pathname === "/") return urls;
  return [...urls, new URL(`${trimmed(issuer.pathname)}/.well-known/${openidConfiguration}`, issuer.origin)];
}

function inserted({ origin, pathname }: URL, suffix: string): URL {
  return new URL(`/.well-known/${suffix}${trimmed(pathname)}`, origin);
}

function trimmed(pathname: string): string {
  return pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
