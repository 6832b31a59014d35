import { createHash } from "node:crypto";
import type { ServerId } from "@tenantry/core";

const maxLength = 64;
const maxServerSlugLength = 20;
const separator = "__";
const plain = /^[A-Za-z0-9_-]+$/u;
const hashSuffix = /--[0-9a-v]{12}$/u;

/**
 * The name of a server's tool in every catalog: a pure function of both, of 1 to 64 characters of `[A-Za-z0-9_-]`.
 *
 * It reads `github__create_issue` wherever that form is unambiguous; otherwise it is cut and slugged, with a suffix of
 * 60 bits of SHA-256, so that two tools have one name only where their hashes collide.
 */
export function toolName(server: ServerId, tool: string): string {
  if (isPlainServer(server) && plain.test(tool)) {
    const name = server + separator + tool;
    if (name.length <= maxLength && !hashSuffix.test(name)) return name;
  }
  const prefix = hashedPrefix(server);
  const suffix = `--${hash(server, tool)}`;
  return prefix + slug(tool, maxLength - prefix.length - suffix.length, "tool") + suffix;
}

/**
 * The server's own name of the tool that {@link toolName} calls `name`, where that alone says it: not where it has a hash.
 */
export function ownToolName(server: ServerId, name: string): string | undefined {
  if (!couldOwn(server, name) || hashSuffix.test(name)) return undefined;
  const tool = name.slice(server.length + separator.length);
  return toolName(server, tool) === name ? tool : undefined;
}

/**
 * Whether {@link toolName} can give `name` for some tool of the server. It only spares the servers that cannot be
 * meant; the tool itself is found in the server's own listing.
 */
export function couldOwn(server: ServerId, name: string): boolean {
  if (name.length > maxLength || !plain.test(name)) return false;
  if (hashSuffix.test(name)) return name.startsWith(hashedPrefix(server));
  const prefix = server + separator;
  return isPlainServer(server) && name.startsWith(prefix) && name.length > prefix.length;
}

/** The first separator of a readable name ends the server's part; that holds for these ids only. */
function isPlainServer(server: string): boolean {
  return plain.test(server) && !server.includes(separator) && !server.endsWith("_");
}

function hashedPrefix(server: ServerId): string {
  return slug(server, maxServerSlugLength, "server") + separator;
}

/** The first 60 bits of SHA-256 in the alphabet of RFC 4648, section 7, in lower case. JSON keeps the two texts apart. */
function hash(server: ServerId, tool: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([server, tool]))
    .digest("hex");
  return BigInt(`0x${digest.slice(0, 15)}`)
    .toString(32)
    .padStart(12, "0");
}

/** What a person still recognises: the text's ASCII words. */
function slug(text: string, length: number, fallback: string): string {
  const words = text.slice(0, 256).replace(/[^A-Za-z0-9-]+/gu, "_");
  const cut = words.replace(/^[_-]+/u, "").slice(0, length);
  return cut.replace(/[_-]+$/u, "") || fallback;
}
