import {
  principalOf,
  serverId,
  TenantryError,
  type CallToolOptions,
  type CallToolResult,
  type CatalogTool,
  type Principal,
  type RequestOptions,
  type WorkspaceClient,
  type WorkspaceEvent,
  type WorkspaceFilter,
} from "@tenantry/core";
import type { Caller } from "../src/index.ts";

/** One tool of a workspace that a test makes by hand. */
export type Tool = (
  args: Readonly<Record<string, unknown>>,
  options: CallToolOptions,
  principal: Principal,
) => CallToolResult | Promise<CallToolResult>;

/** Somebody who hears of changes. */
export interface Listener {
  readonly principal: Principal;
  readonly filter: WorkspaceFilter;
  tell(event: WorkspaceEvent): void;
  /** Ends the hearing, as a server does. */
  lose(): void;
}

/** What a workspace is made of; everything is optional. */
export interface WorkspaceParts {
  readonly tools?: Readonly<Record<string, Tool>>;
  readonly more?: readonly Partial<CatalogTool>[];
  readonly read?: (uri: string, options: RequestOptions) => object;
  readonly unavailable?: TenantryError;
}

const server = serverId("hand");

/** Text as a tool gives it. */
export const text = (said: string): CallToolResult => ({ content: [{ type: "text", text: said }] });

/** A workspace made by hand: its tools are functions, and nothing of it is anybody's but its caller's. */
export function workspaceOf({ tools = {}, more = [], read, unavailable }: WorkspaceParts = {}) {
  const listeners = new Set<Listener>();
  const callers: Caller[] = [];
  const missing = unavailable === undefined ? [] : [{ server, error: unavailable }];

  function connect(caller: Caller): WorkspaceClient {
    callers.push(caller);
    const principal = principalOf({
      workspace: caller.workspace,
      user: caller.user,
      session: caller.session,
    });
    return {
      principal,
      listTools: async () => ({
        unavailable: missing,
        tools: [
          ...Object.keys(tools).map((name) => ({ name, inputSchema: { type: "object" as const } })),
          ...(more as CatalogTool[]),
        ].map((tool) => ({ ...tool, origin: { server, tool: tool.name } })),
      }),
      callTool: async (tool, args = {}, options = {}) => {
        const known = typeof tool === "string" && Object.hasOwn(tools, tool) ? tools[tool] : undefined;
        if (known === undefined) throw new TenantryError("TOOL_UNKNOWN", "There is no such tool.");
        return known(args as Readonly<Record<string, unknown>>, options, principal);
      },
      listResources: async () => ({
        unavailable: missing,
        resources: [{ uri: "test://one", name: "one", origin: { server } }],
      }),
      listResourceTemplates: async () => ({ unavailable: missing, resourceTemplates: [] }),
      listPrompts: async () => ({
        unavailable: missing,
        prompts: [{ name: "greet", origin: { server, prompt: "greet" } }],
      }),
      readResource: async (uri, options = {}) => {
        if (uri !== "test://one") throw new TenantryError("RESOURCE_UNKNOWN", "There is no such resource.");
        return (read?.(uri, options) ?? { contents: [{ uri, text: "one" }] }) as never;
      },
      getPrompt: async (_, args = {}) => ({
        messages: [{ role: "user", content: { type: "text", text: `Hello, ${args["name"]}` } }],
      }),
      complete: async (_, { value }) => ({ values: [`${value}!`] }),
      subscribe: async (filter, tell, { signal } = {}) => {
        signal?.throwIfAborted();
        const over = Promise.withResolvers<{ kind: "closed" }>();
        const end = async () => {
          listeners.delete(listener);
          over.resolve({ kind: "closed" });
        };
        const listener: Listener = { principal, filter, tell, lose: () => void end() };
        listeners.add(listener);
        return { unavailable: [], closed: over.promise, close: end, [Symbol.asyncDispose]: end };
      },
      servers: async () => [],
    };
  }
  return { connect, listeners, callers };
}
