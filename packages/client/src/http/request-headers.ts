import {
  isPlainObject,
  headerName,
  headerValue,
  isFixed,
  isThenable,
  originOf,
  secret,
  TenantryError,
  type Credential,
  type CredentialHeaders,
  type HttpEndpoint,
  type Origin,
  type Secret,
} from "@tenantry/core";
import { isObject } from "../message.ts";

/** The credential of one connection as it is now; every request asks for it anew. */
export interface HeldCredential {
  credential: Credential | undefined;
}

/** The headers that only one origin may see. */
export interface BoundHeaders {
  readonly origins: readonly Origin[];
  readonly headers: Readonly<Record<string, Secret>>;
}

/**
 * Throws `ORIGIN_REFUSED` where a credential would be sent to a server that it is not bound to. Nothing has been
 * sent, and nothing will be.
 */
export function checkOrigin(endpoint: HttpEndpoint, credential: Credential | undefined): void {
  if (credential?.headers === undefined) return;
  const origin = originOf(endpoint.url);
  if (credential.origins.includes(origin)) return;
  const bound = credential.origins.length === 0 ? "no origin" : credential.origins.join(", ");
  throw new TenantryError(
    "ORIGIN_REFUSED",
    `The credential is bound to ${bound} and the server is at ${origin}; add that origin to the credential's origins, ` +
      "or correct the server's url.",
  );
}

/**
 * The definition's headers and the credential's for one request, one value for each name: the definition's, unless
 * the credential's says that it replaces it. They are bound to the server's own origin, to which both belong.
 */
export function boundHeaders(
  endpoint: HttpEndpoint,
  credential: Credential | undefined,
  method: string,
): BoundHeaders | Promise<BoundHeaders> {
  return new MergedHeaders(endpoint, { credential }, Object.freeze([originOf(endpoint.url)])).of(method);
}

/** Merges the headers of one connection, and keeps the last merge for as long as nothing that it was made of changes. */
export class MergedHeaders {
  readonly #endpoint: HttpEndpoint;
  readonly #held: Readonly<HeldCredential>;
  readonly #origins: readonly Origin[];
  #last: { readonly credential: unknown; readonly given: unknown; readonly bound: BoundHeaders } | undefined;

  /** `origins` are the only ones that the headers may reach. */
  constructor(endpoint: HttpEndpoint, held: Readonly<HeldCredential>, origins: readonly Origin[]) {
    this.#endpoint = endpoint;
    this.#held = held;
    this.#origins = origins;
  }

  /** The headers for one request; throws, or rejects with, `ORIGIN_REFUSED`, `CREDENTIAL_INVALID` or `CREDENTIAL_FAILED`. */
  of(method: string): BoundHeaders | Promise<BoundHeaders> {
    const { credential } = this.#held;
    if (this.#last?.credential !== credential) checkOrigin(this.#endpoint, credential);
    const given = givenHeaders(this.#endpoint, credential, method);
    if (!(given instanceof Promise)) return this.#merge(credential, given);
    return given.then((headers) => this.#merge(credential, headers));
  }

  #merge(credential: Credential | undefined, given: CredentialHeaders): BoundHeaders {
    const last = this.#last;
    if (last !== undefined && last.credential === credential && last.given === given) return last.bound;
    const merged = new Map<string, Secret>();
    for (const [name, text] of Object.entries(this.#endpoint.headers))
      merged.set(name.toLowerCase(), secret(text));
    for (const [spelt, { value, replaces }] of entriesOf(given)) {
      const name = headerName(spelt);
      headerValue(name, value.reveal());
      if (replaces || !merged.has(name)) merged.set(name, value);
    }
    const bound = Object.freeze({
      origins: this.#origins,
      headers: Object.freeze(Object.fromEntries(merged)),
    });
    // Only what cannot change is known again by its identity; a proof of each request's own may be computed by an entry.
    const isKept = isFixed(given) && Object.values(given).every(isFixed);
    this.#last = isKept ? { credential, given, bound } : undefined;
    return bound;
  }
}

function givenHeaders(
  { url }: HttpEndpoint,
  credential: Credential | undefined,
  method: string,
): CredentialHeaders | Promise<CredentialHeaders> {
  if (credential?.headers === undefined) return noHeaders;
  try {
    // A copy for whoever looks at it, and none for the many that do not.
    const given = credential.headers({
      method,
      get url() {
        return new URL(url);
      },
    });
    // One of another realm, or of a library, is a promise too: taken for headers it would be none of them.
    return isThenable(given) ? Promise.resolve(given).catch(failed) : given;
  } catch (cause) {
    return failed(cause);
  }
}

/**
 * The entries of what a credential gave, which may be anything. A `Headers` or a map has none that can be seen here, and
 * a request that goes out without its credential can succeed as somebody else's.
 */
function entriesOf(given: unknown): (readonly [string, CredentialHeaders[string]])[] {
  const entries = isPlainObject(given) ? Object.entries(given).map(readEntry) : [undefined];
  if (entries.every((entry) => entry !== undefined)) return entries;
  const what =
    "A credential gives its headers as an object of entries with a value, which is a secret, and replaces.";
  throw new TenantryError("CREDENTIAL_INVALID", `${what} Correct its headers().`);
}

/** Reads an entry once, because it may compute what it gives. */
function readEntry([name, entry]: [string, unknown]):
  readonly [string, CredentialHeaders[string]] | undefined {
  if (!isObject(entry)) return undefined;
  const { value, replaces } = entry;
  // Another copy of the package has a class of its own.
  if (!isObject(value) || typeof value.reveal !== "function") return undefined;
  const one = { value: value as unknown as Secret, replaces: Boolean(replaces) };
  return typeof one.value.reveal() === "string" ? [name, one] : undefined;
}

function failed(cause: unknown): never {
  if (cause instanceof TenantryError) throw cause;
  const what = "The credential could not make its headers; see the cause.";
  throw new TenantryError("CREDENTIAL_FAILED", what, { cause });
}

const noHeaders: CredentialHeaders = Object.freeze({});

/**
 * Every text that a server could echo of a request: whole header values, their parts, a `Basic` password, and the
 * values in the url's query.
 */
export function spokenSecrets(bound: BoundHeaders, url: URL): string[] {
  const headers = Object.values(bound.headers).flatMap((header) => {
    const text = header.reveal();
    const [, encoded] = /^basic +(\S+)/iu.exec(text) ?? [];
    return encoded === undefined ? withParts(text) : [...withParts(text), ...basicParts(encoded)];
  });
  const asWritten = url.search.slice(1).split("&");
  const query = [...url.searchParams.values(), ...asWritten.map((one) => one.slice(one.indexOf("=") + 1))];
  return [...headers, ...query.flatMap(withParts).filter((one) => one.length >= leastPart)];
}

/** A secret, and those of its parts that are long enough to be secrets themselves. */
export function withParts(text: string): string[] {
  const parts = new Set([...text.split(/\s+/u), ...text.split(/[;,="\s:]+/u)]);
  parts.delete(text);
  return [text, ...[...parts].filter((part) => part.length >= leastPart && !scheme.test(part))];
}

/** Blanks every known secret, those too that overlap or hold each other. */
export function redact(text: string, secrets: readonly string[]): string {
  const covered = new Uint8Array(text.length);
  for (const one of secrets) if (one !== "") cover(covered, text, one);
  let shown = "";
  for (let from = 0; from < text.length;) {
    const begin = covered.indexOf(1, from);
    if (begin === -1) return shown + text.slice(from);
    const end = covered.indexOf(0, begin);
    shown += `${text.slice(from, begin)}[redacted]`;
    from = end === -1 ? text.length : end;
  }
  return shown;
}

function cover(covered: Uint8Array, text: string, secret: string): void {
  let until = 0;
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    covered.fill(1, Math.max(at, until), at + secret.length);
    until = at + secret.length;
  }
}

/** Shorter words are too common to be hidden wherever they come up. */
const leastPart = 6;
/** The names of schemes, which challenges and errors speak of, are no secrets (RFC 9110, section 11.1). */
const scheme = /^(?:bearer|digest|negotiate)$/iu;

function basicParts(encoded: string): string[] {
  try {
    const [user = "", ...rest] = atob(encoded).split(":");
    const password = rest.join(":");
    return [...(user.length >= leastPart ? [user] : []), ...withParts(password)];
  } catch {
    return [];
  }
}
