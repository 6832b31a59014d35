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

/**
 * A request and the parsing of its answer, by `Pool.request` of undici, in a session where the era has them. It costs a
 * sixth of the official client's call, so that it can keep a server busy on two processors.
 */
export function bareCaller(era: Era): Caller {
  return async ({ origin, pathname: path }, name) => {
    // Node's own dispatcher first, as in `floor.ts`.
    await fetch("data:,");
    const { Pool } = await import("undici");
    const pool = new Pool(origin);
    let id = 0;
    const post: Post = async (message, more) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, ...message });
      const response = await pool.request({ path, method: "POST", headers: { ...headers, ...more }, body });
      return { session: response.headers["mcp-session-id"], answer: answerIn(await response.body.text()) };
    };
    const params = { ...call, name, ...(era === "modern" && { _meta }) };
    const more = era === "modern" ? modernHeaders(name) : await sessionHeaders(post);
    return async () => {
      const { answer } = await post({ method: "tools/call", params }, more);
      if (answer.result === undefined) throw new Error(`${name} was not called: ${JSON.stringify(answer)}`);
      return answer.result;
    };
  };
}

interface Answer {
  readonly result?: unknown;
}

type Post = (
  message: object,
  more: Readonly<Record<string, string>>,
) => Promise<{ readonly session: string | string[] | undefined; readonly answer: Answer }>;

/** A JSON body, or the data of the one event of a stream. */
function answerIn(text: string): Answer {
  return JSON.parse(text.startsWith("{") ? text : (/^data: (.*)$/mu.exec(text)?.[1] ?? "{}")) as Answer;
}

async function sessionHeaders(post: Post): Promise<Readonly<Record<string, string>>> {
  const params = { protocolVersion: legacyVersion, capabilities: {}, clientInfo: info };
  const { session } = await post({ method: "initialize", params }, {});
  const version = { "mcp-protocol-version": legacyVersion };
  return typeof session === "string" ? { ...version, "mcp-session-id": session } : version;
}

const headers = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  authorization: authorizationOf(),
};
const modernHeaders = (name: string) => ({
  "mcp-protocol-version": modernVersion,
  "mcp-method": "tools/call",
  "mcp-name": name,
});

const legacyVersion = "2025-11-25";
const modernVersion = "2026-07-28";
const _meta = {
  "io.modelcontextprotocol/protocolVersion": modernVersion,
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": info,
};
