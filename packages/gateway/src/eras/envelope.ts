import { metaKeys, metaOf } from "../exchange/said.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import { isObject, type Fields, type Incoming } from "../wire/message.ts";
import { decoded } from "./header-text.ts";
import type { RequestMessage } from "./parts.ts";

/** The revision of the modern era. */
export const modernVersion = "2026-07-28";

/** The revisions of the legacy era that have the Streamable HTTP transport, newest first. */
const legacyVersions: readonly string[] = Object.freeze(["2025-11-25", "2025-06-18", "2025-03-26"]);

/** Older revisions whose clients speak it all the same. */
const olderVersions: readonly string[] = Object.freeze(["2024-11-05", "2024-10-07"]);

/** Whether a revision belongs to the legacy era. */
export function isLegacyVersion(version: string): boolean {
  return legacyVersions.includes(version) || olderVersions.includes(version);
}

/** The revision that is spoken with a client that wants `wanted`: its own, or else the newest. Throws with -32602. */
export function agreedVersion(wanted: unknown): string {
  if (typeof wanted !== "string") throw invalidParams("protocolVersion is text.");
  return isLegacyVersion(wanted) ? wanted : (legacyVersions[0] ?? "");
}

/** Whether a message is one of the modern era, by what it or its headers claim. */
export function isModern(message: Incoming, headers: Headers): boolean {
  if (message.kind === "answer" || message.kind === "malformed") return false;
  if (metaKeys.version in metaOf(message.params) || metaKeys.capabilities in metaOf(message.params))
    return true;
  const version = headers.get("mcp-protocol-version");
  return version !== null && !isLegacyVersion(version) && !headers.has("mcp-session-id");
}

/** Names a request is also called by in a header, so that what is between can route it (SEP-2243). */
const named: Readonly<Record<string, string>> = Object.freeze({
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
});

/**
 * Checks what every request of the modern era says of itself, and that its headers say the same. Throws with -32602,
 * -32020 or -32022, each with status 400.
 */
export function checkEnvelope({ method, params }: RequestMessage, headers: Headers): void {
  const meta = metaOf(params);
  const version = meta[metaKeys.version];
  if (typeof version !== "string") throw invalidEnvelope(metaKeys.version);
  if (!isObject(meta[metaKeys.capabilities])) throw invalidEnvelope(metaKeys.capabilities);
  const info = meta[metaKeys.clientInfo];
  if (info !== undefined && !isObject(info)) throw invalidEnvelope(metaKeys.clientInfo);
  checkHeader("MCP-Protocol-Version", headers.get("mcp-protocol-version"), version);
  if (version !== modernVersion) throw unsupported(version);
  checkHeader("Mcp-Method", headers.get("mcp-method"), method);
  const field = named[method];
  const name = field === undefined ? undefined : params[field];
  if (typeof name === "string") checkHeader("Mcp-Name", decoded(headers.get("mcp-name")), name);
}

function checkHeader(header: string, given: string | null, meant: string): void {
  if (given?.trim() === meant) return;
  const why =
    given === null
      ? `The header ${header} is missing.`
      : `The header ${header} says something else than the body.`;
  throw new Refused({ status: 400, code: -32_020, message: why });
}

function invalidEnvelope(key: string): Refused {
  return new Refused({ status: 400, code: -32_602, message: `_meta: ${key} is missing or malformed.` });
}

function unsupported(requested: string): Refused {
  const data = {
    supported: [modernVersion],
    requested: requested.slice(0, 64),
  } satisfies Fields;
  return new Refused({
    status: 400,
    code: -32_022,
    message: "This protocol revision is not spoken here.",
    data,
  });
}
