// The server that every variant calls, in a process of its own: plain node:http, both eras, and answers that are ready
// but for their id, so that it costs as little as a server can. It tells its parent its port, and when asked, how many
// messages have reached it.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const listed = { ttlMs: 3_600_000, cacheScope: "private" };
const text = "The quick brown fox jumps over the lazy dog. ".repeat(5).slice(0, 200);
const tool = {
  name: "echo",
  description: "Answers with 200 bytes.",
  inputSchema: { type: "object", properties: { text: { type: "string" } } },
};
const serverInfo = { name: "bench", version: "1.0.0" };
const capabilities = { tools: {} };
const discovered = { supportedVersions: ["2026-07-28"], capabilities, ...listed };
const _meta = { "io.modelcontextprotocol/serverInfo": serverInfo };

const legacy = answers({
  initialize: { protocolVersion: "2025-11-25", capabilities, serverInfo },
  "tools/list": { tools: [tool] },
  "tools/call": { content: [{ type: "text", text }] },
});
const modern = answers({
  "server/discover": { resultType: "complete", ...discovered, _meta },
  "tools/list": { resultType: "complete", ...listed, tools: [tool] },
  "tools/call": { resultType: "complete", content: [{ type: "text", text }] },
});

let messages = 0;
const server = createServer((request, response) => void answer(request, response));
// Longer than any pause between two rounds of one variant: all of them find their sockets warm.
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("message", () => process.send?.(messages));
process.on("disconnect", () => process.exit());

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // There is no standalone stream to GET, and a session's DELETE has nothing to end.
  if (request.method !== "POST") return void response.writeHead(request.method === "GET" ? 405 : 204).end();
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk as string;
  messages++;
  const { id, method } = JSON.parse(body) as { id?: number | string; method: string };
  if (id === undefined) return void response.writeHead(202).end();
  const isModern = request.headers["mcp-protocol-version"] === "2026-07-28";
  const ready = (isModern ? modern : legacy).get(method);
  const outcome = ready ?? '"error":{"code":-32601,"message":"Method not found"}';
  const written = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(written),
    ...(method === "initialize" ? { "mcp-session-id": "session-of-the-bench" } : {}),
  });
  response.end(written);
}

function answers(results: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(results).map(([method, result]) => [method, `"result":${JSON.stringify(result)}`]),
  );
}
