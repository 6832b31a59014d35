import { quote, TenantryError, type Delivery } from "@tenantry/core";
import type { BoundHeaders } from "./bound-headers.ts";
import type { ExchangeMethod } from "./transport.ts";

const maxRedirects = 3;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where an answer came from. */
export interface Redirecting {
  readonly url: URL;
  readonly method: ExchangeMethod;
  /** How many redirects have been followed so far. */
  readonly followed: number;
  /** What was sent in secret. */
  readonly bound?: BoundHeaders | undefined;
}

type Redirect = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** Whether an answer says that the request is to go elsewhere (RFC 9110, section 15.4). */
export function isRedirect({ status, headers }: Redirect): boolean {
  return redirects.has(status) && headers["location"] !== undefined;
}

/**
 * Where the same request goes next, after an answer that is a redirect.
 *
 * Throws `ORIGIN_REFUSED` for another origin, `PROTOCOL_VIOLATION` where following would change the method or the
 * location cannot be read, and `LIMIT_EXCEEDED` after three. Delivery is `refused` where the status says that the
 * request was not run here: 307 and 308 ask for it again elsewhere, and so does any redirect of a GET. It is
 * `unknown` for the others, because a server may well answer a POST that it has run with 302 or 303.
 */
export function redirectTarget({ status, headers }: Redirect, from: Redirecting): URL {
  const { url, method, followed } = from;
  const { location = "" } = headers;
  const keepsMethod = method === "GET" || status === 307 || status === 308;
  const details = { status, delivery: (keepsMethod ? "refused" : "unknown") satisfies Delivery } as const;
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (target === undefined) {
    const what = `${url.origin} redirects to something that is no URL; use the URL that it means.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, details);
  }
  if (target.origin !== url.origin) {
    const name = target.origin === "null" ? target.protocol : target.origin;
    const other = repeatsSecret(name, from) ? "another origin" : quote(name);
    const what = `${url.origin} redirects to ${other}, to which nothing was sent; use that URL if it is trusted.`;
    throw new TenantryError("ORIGIN_REFUSED", what, details);
  }
  if (!keepsMethod) {
    const what = `${url.origin} answers ${method} with ${status}, which asks for a GET elsewhere; it was not followed.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, details);
  }
  if (followed >= maxRedirects) {
    const what = `${url.origin} redirects more than ${maxRedirects} times; use the URL that it ends at.`;
    throw new TenantryError("LIMIT_EXCEEDED", what, details);
  }
  return target;
}

/** Whether a server has put what it was sent into the name of an origin, which is read without regard to case. */
function repeatsSecret(origin: string, { url, bound }: Redirecting): boolean {
  const values = Object.values(bound?.headers ?? {}).map((value) => value.reveal());
  const texts = [...values, ...values.map(basicPair), ...url.searchParams.values()].map((text) =>
    text.toLowerCase(),
  );
  const parts = texts.flatMap((text) => [
    text,
    ...text.split(/[;,="\s:/.]+/u),
    ...text.split(/[^a-z0-9_-]+/u),
  ]);
  return parts.some((part) => part.length >= leastPart && origin.includes(part));
}

/** The shortest part of a secret that is one itself; a shorter one is in too many names. */
const leastPart = 6;

/** The name and password that a `Basic` value spells in another way (RFC 7617), or nothing. */
function basicPair(value: string): string {
  const [, encoded] = /^basic +([a-z0-9+/]+=*)$/iu.exec(value) ?? [];
  try {
    return atob(encoded ?? "");
  } catch {
    return "";
  }
}
