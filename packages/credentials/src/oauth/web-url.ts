import { quote, TenantryError } from "@tenantry/core";

const maxLength = 2_048;
/** What a URL never holds unescaped (RFC 3986, section 2), and what a shell would make something of. */
const forbidden = /[^\u0021-\u007e]|["<>\\^`{|}]/u;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/u;

/** Whether a URL leads to this machine, where no TLS is needed (RFC 8252, section 8.3). */
export function isLoopback({ hostname }: URL): boolean {
  return loopback.test(hostname);
}

/**
 * Reads a URL that somebody else wrote: `https:`, or `http:` to loopback, without a user, a password or a fragment, and
 * without a character that would have to be escaped. Throws `ADDRESS_REFUSED`, naming what it was to be. Whether its
 * address may be reached is decided where the request is made.
 */
export function webUrl(value: string, what: string): URL {
  const url =
    value.length <= maxLength && !forbidden.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw refused(what, value, "it is malformed");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url)))
    throw refused(what, value, "only https is used, and http to loopback");
  if (url.username !== "" || url.password !== "")
    throw refused(what, url.origin, "it holds a user or a password");
  if (url.hash !== "") throw refused(what, value, "it has a fragment");
  return url;
}

function refused(what: string, value: string, why: string): TenantryError {
  return new TenantryError(
    "ADDRESS_REFUSED",
    `${what} ${quote(value)} is refused: ${why}; nothing was sent there.`,
  );
}
