import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type JsonSchemaType,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import type { CallToolResult, Tool } from "@tenantry/core";
import type { FakeTool } from "./fake-tools.ts";

/** What the MCP servers of one fake have in common. */
export interface ToolServerOptions {
  /** The tools of one user. */
  readonly toolsOf: (user: string | undefined) => readonly FakeTool[];
  /** How many tools a page of `tools/list` holds. */
  readonly pageSize: number;
  /** Whether progress is sent to callers who ask for it. */
  readonly progress: boolean;
  /** Whether it says that it tells of changes of its tools; defaults to no. */
  readonly announces?: boolean;
}

/** Who calls, as far as the transport tells. */
export interface Caller {
  readonly user: string | undefined;
  readonly credential: string | undefined;
}

/** Makes the official SDK's servers: one for each session, pipe or modern request, never shared. */
export function createToolServers(
  options: ToolServerOptions,
): (callerOf: (context: ServerContext) => Caller) => Server {
  const { toolsOf, pageSize, progress: sendsProgress, announces } = options;
  const capabilities = { tools: announces ? { listChanged: true } : {} };
  const check = createArgumentCheck();
  return (callerOf) => {
    const server = new Server({ name: "fake-server", version: "1.0.0" }, { capabilities });
    const state = new Map<string, unknown>();
    server.setRequestHandler("tools/list", ({ params }, context) => {
      return page(toolsOf(callerOf(context).user), params?.cursor, pageSize);
    });
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const caller = callerOf(context);
      const tool = toolsOf(caller.user).find(({ definition }) => definition.name === params.name);
      if (tool === undefined)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
      const args = params.arguments ?? {};
      const complaint = check(tool, args);
      if (complaint !== undefined) return invalid(complaint);
      const { sessionId, mcpReq } = context;
      const progress = async (done: number, total: number) => {
        if (sendsProgress) await report(context, done, total);
      };
      return tool.call(args, { ...caller, sessionId, state, signal: mcpReq.signal, progress });
    });
    return server;
  };
}

function page(
  tools: readonly FakeTool[],
  cursor: string | undefined,
  pageSize: number,
): { tools: Tool[]; nextCursor?: string } {
  const start =
    cursor === undefined ? 0 : Number(/^after-(?<count>\d+)$/u.exec(cursor)?.groups?.["count"] ?? Number.NaN);
  if (Number.isNaN(start)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown cursor");
  const end = start + pageSize;
  const definitions = tools.slice(start, end).map(({ definition }) => definition);
  return end < tools.length ? { tools: definitions, nextCursor: `after-${end}` } : { tools: definitions };
}

/** A schema is compiled once a tool, each by its own validator: a shared one confuses schemas of the same `$id`. */
function createArgumentCheck(): (tool: FakeTool, args: Record<string, unknown>) => string | undefined {
  const compiled = new WeakMap<FakeTool, ReturnType<AjvJsonSchemaValidator["getValidator"]>>();
  return (tool, args) => {
    let validate = compiled.get(tool);
    if (validate === undefined) {
      validate = new AjvJsonSchemaValidator().getValidator(tool.definition.inputSchema as JsonSchemaType);
      compiled.set(tool, validate);
    }
    const result = validate(args);
    return result.valid ? undefined : result.errorMessage;
  };
}

/** Bad arguments are the tool's own error, which a model can correct (MCP 2025-11-25, server/tools, error handling). */
function invalid(complaint: string): CallToolResult {
  return { content: [{ type: "text", text: `Invalid arguments: ${complaint}` }], isError: true };
}

async function report({ mcpReq }: ServerContext, progress: number, total: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total } });
}
