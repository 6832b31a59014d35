import type { Exchange, WireMessage } from "./stage.ts";

/** The tool that every server has. */
export const work = Object.freeze({
  name: "work",
  description: "Does what the case is about.",
  inputSchema: Object.freeze({ type: "object" }),
});

/** Answers as a server of either era does that has one tool. */
export function answerPolitely({ message, request, response, result }: Exchange): void {
  if (request.method !== "POST") {
    // A session may be ended; the standalone stream is not offered.
    response.writeHead(request.method === "DELETE" ? 200 : 405).end();
  } else if (message.id === undefined || message.method === undefined) {
    response.writeHead(202).end();
  } else {
    if (message.method === "initialize") response.setHeader("mcp-session-id", "session-of-the-zoo");
    const answer = politeResult(message.method);
    if (answer === undefined) refuse(message, response);
    else result(answer);
  }
}

/** What both eras read: a key that only the modern one knows is none to the other. */
export function politeResult(method: string): object | undefined {
  switch (method) {
    case "initialize":
      return { protocolVersion: "2025-11-25", capabilities, serverInfo };
    case "server/discover":
      return {
        ...{ resultType: "complete", supportedVersions: ["2026-07-28"], capabilities, ...listed },
        _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
      };
    case "tools/list":
      return toolsPage([work]);
    case "tools/call":
      return { resultType: "complete", content: [{ type: "text", text: "done" }] };
    case "ping":
      return { resultType: "complete" };
    default:
      return undefined;
  }
}

/** One page of a list of tools. */
export function toolsPage(tools: readonly object[], nextCursor?: string): object {
  return {
    ...{ resultType: "complete", ...listed, tools },
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
}

function refuse(message: WireMessage, response: Exchange["response"]): void {
  const error = { code: -32601, message: "Method not found" };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, error }));
}

const listed = Object.freeze({ ttlMs: 0, cacheScope: "private" });
const serverInfo = Object.freeze({ name: "zoo", version: "1.0.0" });
const capabilities = Object.freeze({ tools: Object.freeze({ listChanged: true }) });
