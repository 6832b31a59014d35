// The clients whose calls go straight to a server and through a gateway before it.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Era } from "@tenantry/core";
import type { Call } from "../paired.ts";
import { authorizationOf, call, info } from "../variant.ts";

/** Gets ready to call one tool at a URL, again and again. */
export type Caller = (url: URL, tool: string) => Promise<Call>;

/** The official client as it comes. */
export function stockCaller(era: Era): Caller {
  const mode = era === "legacy" ? "legacy" : { pin: modernVersion };
  return async (url, name) => {
    const client = new Client(info, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: authorizationOf() } };
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    return () => client.callTool({ ...call, name });
  };
}

/** A modern request and the parsing of its answer, by `Pool.request` of undici. */
export const bareCaller: Caller = async ({ origin, pathname: path }, name) => {
  // Node's own dispatcher first, as in `floor.ts`.
  await fetch("data:,");
  const { Pool } = await import("undici");
  const pool = new Pool(origin);
  const headers = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    authorization: authorizationOf(),
    "mcp-protocol-version": modernVersion,
    "mcp-method": "tools/call",
    "mcp-name": name,
  };
  return async () => {
    const params = { ...call, name, _meta };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const response = await pool.request({ path, method: "POST", headers, body });
    const { result } = JSON.parse(await response.body.text()) as { readonly result?: unknown };
    if (result === undefined) throw new Error(`${name} was not called: HTTP ${response.statusCode}.`);
    return result;
  };
};

const modernVersion = "2026-07-28";
const _meta = {
  "io.modelcontextprotocol/protocolVersion": modernVersion,
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": info,
};
