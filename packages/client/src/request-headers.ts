import {
  headerName,
  headerValue,
  originOf,
  secret,
  TenantryError,
  type Credential,
  type CredentialHeaders,
  type HttpEndpoint,
  type Origin,
  type Secret,
} from "@tenantry/core";

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
export async function boundHeaders(
  endpoint: HttpEndpoint,
  credential: Credential | undefined,
  method: string,
): Promise<BoundHeaders> {
  checkOrigin(endpoint, credential);
  const merged = new Map<string, Secret>();
  for (const [name, text] of Object.entries(endpoint.headers)) merged.set(name.toLowerCase(), secret(text));
  for (const [given, { value, replaces }] of Object.entries(
    await credentialHeaders(endpoint, credential, method),
  )) {
    const name = headerName(given);
    headerValue(name, value.reveal());
    if (replaces || !merged.has(name)) merged.set(name, value);
  }
  return { origins: [originOf(endpoint.url)], headers: Object.fromEntries(merged) };
}

/** Every text that a server could echo: whole header values, their parts after the scheme, and a `Basic` password. */
export function spokenSecrets(bound: BoundHeaders): string[] {
  return Object.values(bound.headers).flatMap((header) => {
    const text = header.reveal();
    const [scheme = "", ...parts] = text.split(/[\s,]+/u);
    return /^basic$/iu.test(scheme) ? [text, ...parts, ...basicParts(parts[0] ?? "")] : [text, ...parts];
  });
}

/** Blanks every known secret of at least six characters, longest first so that no part of one remains. */
export function redact(text: string, secrets: readonly string[]): string {
  const long = secrets.filter((one) => one.length >= 6).toSorted((a, b) => b.length - a.length);
  return long.reduce((shown, one) => shown.replaceAll(one, "[redacted]"), text);
}

const sentinel = /^=\?base64\?.*\?=$/u;
const plain = /^[\t\u0020-\u007e]+$/u;

/** A value for a routing header, base64 within a sentinel where a header could not carry it (MCP 2026-07-28, SEP-2243). */
export function routingValue(text: string): string {
  if (plain.test(text) && text === text.trim() && !sentinel.test(text)) return text;
  const bytes = new TextEncoder().encode(text.toWellFormed());
  return `=?base64?${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}?=`;
}

async function credentialHeaders(
  endpoint: HttpEndpoint,
  credential: Credential | undefined,
  method: string,
): Promise<CredentialHeaders> {
  if (credential?.headers === undefined) return {};
  try {
    return await credential.headers({ method, url: new URL(endpoint.url) });
  } catch (cause) {
    if (cause instanceof TenantryError) throw cause;
    throw new TenantryError(
      "CREDENTIAL_FAILED",
      "The credential could not make its headers; see the cause.",
      { cause },
    );
  }
}

function basicParts(encoded: string): string[] {
  try {
    const [user = "", ...password] = atob(encoded).split(":");
    return [user, password.join(":")];
  } catch {
    return [];
  }
}
