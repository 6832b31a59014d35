import { headerName, headerValue, originOf, TenantryError, type Origin } from "@tenantry/core";
import { createShape, type Shape } from "./shape.ts";
import { fromStatic } from "./sources.ts";
import { splitPair, userAndPassword } from "./user-and-password.ts";
import { checkName, checkSource, type ValueSource } from "./value-source.ts";

/** How a value is given to the server. */
export interface ShapeOptions {
  /** What errors call it; defaults to the name of the header or of the variable. */
  readonly slot?: string;
  /** Whether the server cannot be used without it; defaults to `true`. */
  readonly required?: boolean;
}

/** How a value is sent in a header. */
export interface HeaderOptions extends ShapeOptions {
  /** The only origins that it is sent to; defaults to the origin of the server's own URL. */
  readonly origins?: readonly (string | URL)[];
  /** Whether it wins over a header of the same name in the definition; defaults to `false`: the definition wins. */
  readonly replaces?: boolean;
}

/**
 * Sends the value as a bearer token in the `Authorization` header (RFC 6750, section 2.1). A value with a space
 * or with anything else than visible ASCII characters is `CREDENTIAL_INVALID`.
 */
export function bearer(source: ValueSource, options: HeaderOptions = {}): Shape {
  return headerShape("bearer", "authorization", source, options, (token) => `Bearer ${checkToken(token)}`);
}

/**
 * Sends a user's name and a password in the `Authorization` header, encoded as UTF-8 (RFC 7617). A name with a colon, and
 * control characters in either, are `CREDENTIAL_INVALID`; where one of the two has no value, there is none.
 */
export function basic(user: string | ValueSource, password: ValueSource, options: HeaderOptions = {}): Shape {
  const name = typeof user === "string" ? fromStatic(user) : checkSource(user, "basic()");
  const source = userAndPassword(name, checkSource(password, "basic()"));
  return headerShape(
    "basic",
    "authorization",
    source,
    options,
    (pair) => `Basic ${encodePair(splitPair(pair))}`,
  );
}

/** Sends the value in the header `name`; throws `CREDENTIAL_INVALID` at once for a malformed or reserved name. */
export function header(name: string, source: ValueSource, options: HeaderOptions = {}): Shape {
  return headerShape("header", headerName(checkName(name, "header()")), source, options, (text) => text);
}

/** Gives the value to a hosted server in the environment variable `name`; throws `CREDENTIAL_INVALID` for a malformed name. */
export function env(name: string, source: ValueSource, options: ShapeOptions = {}): Shape {
  // Not quoted: somebody may have written the value beside the name.
  if (typeof name !== "string" || !variable.test(name)) {
    const why =
      "env() takes the name of an environment variable: letters, digits and _, with no digit in front (POSIX.1, section 8.1).";
    throw new TenantryError("CREDENTIAL_INVALID", why);
  }
  const { slot = name, required = true } = options;
  const sets = { kind: "variable", name } as const;
  return createShape({ shape: "env", sets, slot, required, replaces: false, source, format: checkVariable });
}

function headerShape(
  shape: "bearer" | "basic" | "header",
  name: string,
  source: ValueSource,
  options: HeaderOptions,
  format: (text: string) => string,
): Shape {
  const { slot = name, required = true, replaces = false } = options;
  return createShape({
    shape,
    sets: { kind: "header", name },
    slot,
    required,
    replaces,
    source,
    ...(options.origins !== undefined && { origins: originsOf(options.origins) }),
    format: (text) => headerValue(name, format(text)),
  });
}

function originsOf(urls: readonly (string | URL)[]): readonly Origin[] {
  if (!Array.isArray(urls) || urls.length === 0) {
    const why =
      "The origins of a credential are an empty list or none at all; name one, or leave them out for the server's own.";
    throw new TenantryError("CREDENTIAL_INVALID", why);
  }
  return Object.freeze([...new Set(urls.map(plainOriginOf))]);
}

function plainOriginOf(url: string | URL): Origin {
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  const web = protocol === "https:" || protocol === "http:";
  if (web && username === "" && password === "") return originOf(url);
  const why = "An origin of a credential is an http or https URL without user name or password; correct it.";
  throw new TenantryError("CREDENTIAL_INVALID", why);
}

const variable = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/u;
const visible = /^[\u0021-\u007e]+$/u;

/** Wider than the grammar of RFC 6750, because real tokens have a `|` or a `:`; nothing that ends a token is let in. */
function checkToken(token: string): string {
  if (visible.test(token)) return token;
  const why =
    'A bearer token has no spaces and only visible ASCII characters; give it without "Bearer" and trimmed.';
  throw new TenantryError("CREDENTIAL_INVALID", why);
}

function encodePair([name, word]: readonly [string, string]): string {
  const pair = `${name}:${word}`;
  if (!name.includes(":") && !/\p{Cc}/u.test(pair) && pair.isWellFormed())
    return btoa(String.fromCharCode(...new TextEncoder().encode(pair)));
  const why =
    "A user's name has no colon, and neither it nor the password has control characters or half a character.";
  throw new TenantryError("CREDENTIAL_INVALID", why);
}

function checkVariable(text: string): string {
  if (!text.includes("\0") && text.isWellFormed() && text.length <= 65_536) return text;
  const why =
    "The value of an environment variable has no NUL character, is well-formed Unicode and has at most 65,536 characters.";
  throw new TenantryError("CREDENTIAL_INVALID", why);
}
