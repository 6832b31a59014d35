// A server as people write them, in a process of its own: the official SDK's, with one tool.
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { call, info } from "../variant.ts";
import { serveBeside } from "./beside.ts";
import { mounted } from "./mounted.ts";

const inputSchema = z.object({ text: z.string() });
const handler = createMcpHandler(() => {
  const server = new McpServer(info);
  server.registerTool(call.name, { description: "Answers with some text.", inputSchema }, ({ text }) => ({
    content: [{ type: "text", text }],
  }));
  return server;
});
serveBeside(await mounted((request) => handler.fetch(request)));
