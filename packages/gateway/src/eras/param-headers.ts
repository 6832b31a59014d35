import type { WorkspaceClient } from "@tenantry/core";
import { Refused } from "../wire/failure.ts";
import { isObject, type Fields } from "../wire/message.ts";
import { decoded } from "./header-text.ts";

const prefix = "mcp-param-";

/** The arguments that a call also has in headers, by the headers' names without `Mcp-Param-`; nearly every call has none. */
export function paramHeadersOf(headers: Headers): ReadonlyMap<string, string | null> | undefined {
  let found: Map<string, string | null> | undefined;
  headers.forEach((value, name) => {
    if (name.startsWith(prefix)) (found ??= new Map()).set(name.slice(prefix.length), decoded(value));
  });
  return found;
}

/**
 * Checks that the arguments of a call are what its headers say (MCP 2026-07-28, `x-mcp-header`), so that what is between has
 * routed or allowed no other call. Throws with -32020 where one differs, or is in one of the two only.
 */
export async function checkParams(
  given: ReadonlyMap<string, string | null>,
  { name, arguments: args }: Fields,
  client: WorkspaceClient,
  signal: AbortSignal,
): Promise<void> {
  const { tools } = await client.listTools({ signal });
  const { properties = {} } = tools.find((tool) => tool.name === name)?.inputSchema ?? {};
  for (const [property, schema] of Object.entries(properties)) {
    const header = isObject(schema) ? schema["x-mcp-header"] : undefined;
    if (typeof header !== "string") continue;
    const value = isObject(args) ? args[property] : undefined;
    const isSent = value !== undefined && value !== null;
    const said = given.get(header.toLowerCase());
    if (isSent ? said === textOf(value) : said === undefined) continue;
    throw new Refused({
      status: 400,
      code: -32_020,
      message: "A header Mcp-Param says something else than the body.",
    });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "object" ? undefined : String(value as string | number | boolean);
}
