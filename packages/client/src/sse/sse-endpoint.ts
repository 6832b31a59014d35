import { TenantryError, type HttpEndpoint } from "@tenantry/core";

/** The longest URI that a server may name, in characters. */
const maxUriLength = 8 * 1024;

/**
 * Where messages are posted, by the URI in a server's `endpoint` event (MCP 2024-11-05, HTTP with SSE), which may be
 * relative. Throws `ORIGIN_REFUSED` for another origin than the server's own, `ADDRESS_REFUSED` for a user name or
 * password, `PROTOCOL_VIOLATION` for what is no URL and `LIMIT_EXCEEDED` for what is too long. No message repeats the
 * URI: it names a session.
 */
export function postEndpoint(server: HttpEndpoint, uri: string): HttpEndpoint {
  if (uri.length > maxUriLength) {
    const what = `The server names an endpoint of more than ${maxUriLength} characters; have it name a shorter one.`;
    throw new TenantryError("LIMIT_EXCEEDED", what);
  }
  const { origin, protocol } = server.url;
  const url = URL.canParse(uri, server.url) ? new URL(uri, server.url) : undefined;
  if (url === undefined) {
    const what = `${origin} names an endpoint that is no URL; check that its url leads to an MCP server.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what);
  }
  // A `blob:` URL has the origin of the page that made it.
  if (url.origin !== origin || url.protocol !== protocol) {
    const what = `${origin} names an endpoint of another origin, to which nothing was sent; have it name one of its own.`;
    throw new TenantryError("ORIGIN_REFUSED", what);
  }
  if (url.username !== "" || url.password !== "") {
    const what = `${origin} names an endpoint with a user name or password; have it leave them out.`;
    throw new TenantryError("ADDRESS_REFUSED", what);
  }
  return { ...server, url };
}
