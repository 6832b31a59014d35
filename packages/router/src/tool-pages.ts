import { quote, TenantryError, type Connection, type Result, type ServerId, type Tool } from "@tenantry/core";
import type { RouterLimits } from "./limits.ts";
import { sizeUpTo } from "./list-size.ts";

type Page = Result<"tools/list">;

/** How far one server's list is followed. */
export interface ToolPagesOptions {
  readonly server: ServerId;
  readonly limits: Pick<RouterLimits, "maxPages" | "maxTools" | "maxListSize">;
  readonly signal: AbortSignal;
}

/** The callers' deadlines end a list, through its signal; a connection's own limit must not come before them. */
const requestTimeoutMs = 86_400_000;
const methodNotFound = -32601;

/** A name is remembered for as long as its connection lasts; the specification advises 128 characters. */
const maxNameLength = 1_024;

/**
 * Reads all pages of one server's tools (MCP 2025-11-25, pagination), in its order. A tool without a name or with one
 * of more than 1,024 characters and the second one of a name are left out. Throws `PROTOCOL_VIOLATION` for a cursor that comes twice and `LIMIT_EXCEEDED`.
 */
export async function readTools(connection: Connection, options: ToolPagesOptions): Promise<readonly Tool[]> {
  // A modern server announces nothing in a handshake, so only asking tells.
  if (connection.era === "legacy" && connection.capabilities.tools === undefined) return [];
  const { server, limits, signal } = options;
  const tools = new Map<string, Tool>();
  const cursors = new Set<string>();
  let listed = 0;
  let size = 0;
  for (let cursor: string | undefined; ; cursors.add(cursor)) {
    if (cursors.size >= limits.maxPages)
      throw tooLong(server, `${limits.maxPages} pages of tools`, "maxPages");
    const page = await readPage(connection, cursor, signal);
    if (!Array.isArray(page.tools)) throw violation(server, "answered tools/list without a list of tools");
    listed += page.tools.length;
    if (listed > limits.maxTools) throw tooLong(server, `${limits.maxTools} tools`, "maxTools");
    size += sizeUpTo(limits.maxListSize - size, page.tools);
    if (size > limits.maxListSize)
      throw tooLong(server, `${limits.maxListSize} characters of tools`, "maxListSize");
    for (const tool of page.tools) if (hasName(tool) && !tools.has(tool.name)) tools.set(tool.name, tool);
    // Some servers end their list with an empty cursor or with null.
    if (!page.nextCursor) return [...tools.values()];
    cursor = page.nextCursor;
    if (cursors.has(cursor)) throw violation(server, "gave the same page cursor twice");
  }
}

async function readPage(
  connection: Connection,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  try {
    const params = cursor === undefined ? {} : { cursor };
    return await connection.request("tools/list", params, { signal, timeoutMs: requestTimeoutMs });
  } catch (failure) {
    const unsupported = failure instanceof TenantryError && failure.rpc?.code === methodNotFound;
    if (unsupported && connection.era === "modern" && cursor === undefined) return { tools: [] };
    throw failure;
  }
}

/** Holds for what a server really sent, whatever its type says. */
function hasName(tool: unknown): tool is Tool {
  if (typeof tool !== "object" || tool === null || !("name" in tool)) return false;
  return typeof tool.name === "string" && tool.name.length <= maxNameLength;
}

function tooLong(server: ServerId, bound: string, limit: string): TenantryError {
  const message = `The server ${quote(server)} lists more than ${bound}; if that is right, raise limits.${limit}.`;
  return new TenantryError("LIMIT_EXCEEDED", message, { server, delivery: "answered" });
}

function violation(server: ServerId, what: string): TenantryError {
  const message = `The server ${quote(server)} ${what}; its list cannot be read until it is repaired.`;
  return new TenantryError("PROTOCOL_VIOLATION", message, { server, delivery: "answered" });
}
