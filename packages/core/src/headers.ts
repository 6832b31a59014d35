import { quote, TenantryError } from "./error.ts";

/** Headers that belong to HTTP or to MCP itself, which neither a definition nor a credential may set. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "last-event-id",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/u;
const value = /^[\t\u0020-\u007e\u0080-\u00ff]{0,8192}$/u;

/** Checks a header's name and gives it in lower case; throws `CREDENTIAL_INVALID` for a malformed or reserved one. */
export function headerName(name: string): string {
  if (!token.test(name)) {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      `${quote(name)} is not a header name (RFC 9110, section 5.1).`,
    );
  }
  const lower = name.toLowerCase();
  if (reserved.has(lower) || lower.startsWith("mcp-")) {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      `The header ${quote(lower)} belongs to the protocol; choose another.`,
    );
  }
  return lower;
}

/** Checks a header's value; throws `CREDENTIAL_INVALID`, without the value, for control characters or over 8,192 bytes. */
export function headerValue(name: string, text: string): string {
  if (!value.test(text)) {
    const why = "a line break, another control character, a character outside Latin-1, or too many of them";
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      `The value of the header ${quote(name)} has ${why}; correct it.`,
    );
  }
  return text;
}

/**
 * Checks a definition's headers and gives them with lower-case names. Throws `DEFINITION_INVALID`, naming the path,
 * where one is malformed or reserved or where two names differ only in case.
 */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  path = "headers",
): Readonly<Record<string, string>> {
  const checked = new Map<string, string>();
  for (const [name, text] of Object.entries(headers)) {
    try {
      const lower = headerName(name);
      if (checked.has(lower)) throw new TenantryError("DEFINITION_INVALID", "It is given twice; keep one.");
      checked.set(lower, headerValue(lower, text));
    } catch (cause) {
      const why =
        cause instanceof TenantryError ? cause.message.replace(/^\[\w+\] /u, "") : "It is malformed.";
      throw new TenantryError("DEFINITION_INVALID", `${path}.${quote(name)}: ${why}`, { cause });
    }
  }
  return Object.freeze(Object.fromEntries(checked));
}
