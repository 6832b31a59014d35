import { quote, TenantryError, type Connection, type ServerId } from "@tenantry/core";
import type { RouterLimits } from "../limits.ts";
import { kinds, type Items, type Kind, type Page } from "./kind.ts";
import { sizeUpTo } from "./list-size.ts";

/** How far one server's list is followed. */
export interface PagesOptions {
  readonly server: ServerId;
  readonly limits: Pick<RouterLimits, "maxPages" | "maxTools" | "maxListSize">;
  readonly signal: AbortSignal;
}

/** The callers' deadlines end a list, through its signal; a connection's own limit must not come before them. */
const requestTimeoutMs = 86_400_000;
const methodNotFound = -32601;

/**
 * Reads all pages of one kind of a server's list (MCP 2025-11-25, pagination), in its order. What has no name or URI or one
 * that is too long, and the second one of a name, are left out. Throws `PROTOCOL_VIOLATION` for a cursor that comes twice
 * and `LIMIT_EXCEEDED`.
 */
export async function readPages<K extends Kind>(
  connection: Connection,
  kind: K,
  options: PagesOptions,
): Promise<readonly Items[K][]> {
  const { capability, key, maxKeyLength, method, noun } = kinds[kind];
  // A modern server announces nothing in a handshake, so only asking tells.
  if (connection.era === "legacy" && connection.capabilities[capability] === undefined) return [];
  const { server, limits, signal } = options;
  const items = new Map<string, Items[K]>();
  const cursors = new Set<string>();
  let listed = 0;
  let size = 0;
  for (let cursor: string | undefined; ; cursors.add(cursor)) {
    if (cursors.size >= limits.maxPages)
      throw tooLong(server, `${limits.maxPages} pages of ${noun}`, "maxPages");
    const page = await readPage(connection, kind, cursor, signal);
    const own: unknown = (page as Partial<Record<Kind, unknown>>)[kind];
    if (!Array.isArray(own)) throw violation(server, `answered ${method} without a list of ${noun}`);
    listed += own.length;
    if (listed > limits.maxTools) throw tooLong(server, `${limits.maxTools} ${noun}`, "maxTools");
    size += sizeUpTo(limits.maxListSize - size, own);
    if (size > limits.maxListSize)
      throw tooLong(server, `${limits.maxListSize} characters of ${noun}`, "maxListSize");
    for (const item of own as readonly unknown[]) {
      const name = keyOf(item, key);
      if (name === undefined || name.length > maxKeyLength || items.has(name)) continue;
      items.set(name, item as Items[K]);
    }
    // Some servers end their list with an empty cursor or with null.
    if (!page.nextCursor) return [...items.values()];
    cursor = page.nextCursor;
    if (cursors.has(cursor)) throw violation(server, "gave the same page cursor twice");
  }
}

async function readPage(
  connection: Connection,
  kind: Kind,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  try {
    const params = cursor === undefined ? {} : { cursor };
    return await connection.request(kinds[kind].method, params, { signal, timeoutMs: requestTimeoutMs });
  } catch (failure) {
    const isUnserved = failure instanceof TenantryError && failure.rpc?.code === methodNotFound;
    if (isUnserved && cursor === undefined && mayLack(connection, kind)) return { [kind]: [] } as never;
    throw failure;
  }
}

/** A legacy server announces its resources, and not whether it has templates for them. */
function mayLack({ era }: Connection, kind: Kind): boolean {
  return era === "modern" || kind === "resourceTemplates";
}

/** Holds for what a server really sent, whatever its type says. */
function keyOf(item: unknown, key: string): string | undefined {
  if (typeof item !== "object" || item === null || !Object.hasOwn(item, key)) return undefined;
  const name = (item as Record<string, unknown>)[key];
  return typeof name === "string" ? name : undefined;
}

function tooLong(server: ServerId, bound: string, limit: string): TenantryError {
  const message = `The server ${quote(server)} lists more than ${bound}; if that is right, raise limits.${limit}.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { server, delivery: "answered" });
}

function violation(server: ServerId, what: string): TenantryError {
  const message = `The server ${quote(server)} ${what}; its list cannot be read until it is repaired.`;
  return new TenantryError("PROTOCOL_VIOLATION", message, { server, delivery: "answered" });
}
