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

/** A whole list as its server sent it. */
export interface ReadList<K extends Kind> {
  readonly items: readonly Items[K][];
  /** For how long every page of it is good, in milliseconds (MCP 2026-07-28, caching); absent: a page does not say. */
  readonly ttlMs?: number;
  /** Whether every page of it is the same for everybody, as the server says. */
  readonly isPublic: boolean;
}

/** The callers' deadlines end a list, through its signal; a connection's own limit must not come before them. */
const requestTimeoutMs = 86_400_000;
const methodNotFound = -32601;
/** The longest that a server's word for its list is taken, in milliseconds: a day. */
const maxTtlMs = 86_400_000;

/**
 * Reads all pages of one kind of a server's list (MCP 2025-11-25, pagination), in its order. What has no name or URI or one
 * that is too long, and the second one of a name, are left out. Throws `PROTOCOL_VIOLATION` for a cursor that comes twice
 * and `LIMIT_EXCEEDED`.
 */
export async function readPages<K extends Kind>(
  connection: Connection,
  kind: K,
  options: PagesOptions,
): Promise<ReadList<K>> {
  const { capability, method, noun } = kinds[kind];
  // A modern server announces nothing in a handshake, so only asking tells.
  if (connection.era === "legacy" && connection.capabilities[capability] === undefined)
    return { items: [], isPublic: false };
  const { server, limits, signal } = options;
  const items = new Map<string, Items[K]>();
  const cursors = new Set<string>();
  const freshness = new Freshness();
  let listed = 0;
  let size = 0;
  for (let cursor: string | undefined; ; cursors.add(cursor)) {
    if (cursors.size >= limits.maxPages)
      throw tooLong(server, `${limits.maxPages} pages of ${noun}`, "maxPages");
    const page = await readPage(connection, kind, cursor, signal);
    freshness.add(page);
    const own: unknown = (page as Partial<Record<Kind, unknown>>)[kind];
    if (!Array.isArray(own)) throw violation(server, `answered ${method} without a list of ${noun}`);
    listed += own.length;
    if (listed > limits.maxTools) throw tooLong(server, `${limits.maxTools} ${noun}`, "maxTools");
    size += sizeUpTo(limits.maxListSize - size, own);
    if (size > limits.maxListSize)
      throw tooLong(server, `${limits.maxListSize} characters of ${noun}`, "maxListSize");
    addValid(kind, own, items);
    // Some servers end their list with an empty cursor or with null.
    if (!page.nextCursor) return { items: [...items.values()], ...freshness.whole };
    cursor = page.nextCursor;
    if (cursors.has(cursor)) throw violation(server, "gave the same page cursor twice");
  }
}

/** A list from a store, held to the same bounds; `undefined` where it is none, or past one of them. */
export function itemsWithin<K extends Kind>(
  kind: K,
  own: unknown,
  { maxTools, maxListSize }: PagesOptions["limits"],
): readonly Items[K][] | undefined {
  if (!Array.isArray(own) || own.length > maxTools || sizeUpTo(maxListSize, own) > maxListSize)
    return undefined;
  const items = new Map<string, Items[K]>();
  addValid(kind, own, items);
  return [...items.values()];
}

function addValid<K extends Kind>(kind: K, own: readonly unknown[], items: Map<string, Items[K]>): void {
  const { key, maxKeyLength } = kinds[kind];
  for (const item of own) {
    const name = keyOf(item, key);
    if (name === undefined || name.length > maxKeyLength || items.has(name)) continue;
    items.set(name, item as Items[K]);
  }
}

/** How long a list is good, which is as long as its page that is good for the shortest time. */
class Freshness {
  #ttlMs: number | undefined = Number.POSITIVE_INFINITY;
  #isPublic = true;

  add(page: Page): void {
    const { ttlMs, cacheScope } = page as { readonly ttlMs?: unknown; readonly cacheScope?: unknown };
    const isDuration = typeof ttlMs === "number" && ttlMs >= 0;
    this.#ttlMs = isDuration && this.#ttlMs !== undefined ? Math.min(ttlMs, this.#ttlMs) : undefined;
    this.#isPublic &&= cacheScope === "public";
  }

  get whole(): { readonly ttlMs?: number; readonly isPublic: boolean } {
    const isPublic = this.#isPublic;
    return this.#ttlMs === undefined ? { isPublic } : { ttlMs: Math.min(this.#ttlMs, maxTtlMs), isPublic };
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
