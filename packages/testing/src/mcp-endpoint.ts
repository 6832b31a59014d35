import {
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Era } from "@tenantry/core";
import { refuse, type Gate } from "./gate.ts";
import { LegacySessions } from "./legacy-sessions.ts";
import { toRequest } from "./loopback.ts";
import type { Arrival } from "./recording.ts";
import { createToolServers, type Caller, type ToolServerOptions } from "./tool-server.ts";

/** What an endpoint is made with. */
export interface McpEndpointOptions extends Omit<ToolServerOptions, "progress"> {
  readonly era: Era | "dual";
  readonly gate: Gate;
  /** Answers with JSON or with event streams only; absent: as the SDK chooses. */
  readonly responseMode: "json" | "sse" | undefined;
}

/** The MCP endpoint behind the listener: checks the key and answers in the era of the request. */
export class McpEndpoint {
  readonly sessions: LegacySessions;
  /** One for each user: what a handler tells its listeners it tells all of them. */
  readonly #modern = new Map<string | undefined, McpHttpHandler>();
  readonly #createModern: () => McpHttpHandler;
  readonly #options: McpEndpointOptions;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    const json = options.responseMode === "json";
    const createToolServer = createToolServers({ ...options, progress: !json });
    const create = () => createToolServer((context) => this.#callerOf(context));
    this.sessions = new LegacySessions({ createServer: create, json });
    // Without progress "auto" is always JSON; the SDK's own "json" warns on the console.
    const responseMode = options.responseMode === "sse" ? "sse" : "auto";
    // A keep-alive timer would run as long as a stream is open.
    this.#createModern = () => createMcpHandler(create, { legacy: "reject", responseMode, keepAliveMs: 0 });
  }

  /** Answers one request. `crossed` says that it came with a key that is not its session's. */
  async serve(arrival: Arrival, crossed: boolean): Promise<Response> {
    const { user } = arrival.record;
    const { gate, era } = this.#options;
    const refusal = await gate.refusal(arrival.record);
    if (refusal !== undefined) return refusal;
    if (crossed) return refuse(403, "The session belongs to somebody else");
    const request = await toRequest(arrival);
    const caller = user === undefined ? {} : { authInfo: { token: "", clientId: user, scopes: [] } };
    const legacy = era === "legacy" || (era === "dual" && (await isLegacyRequest(request)));
    return legacy ? this.sessions.fetch(request, caller) : this.#modernOf(user).fetch(request, caller);
  }

  /** Tells whoever listens for one user that their tools have changed. */
  async tellToolsChanged(user: string | undefined): Promise<void> {
    this.#modern.get(user)?.notify.toolsChanged();
    await this.sessions.tellToolsChanged(user);
  }

  /** Ends everything that is open. */
  async close(): Promise<void> {
    const modern = [...this.#modern.values()].map((handler) => handler.close());
    await Promise.all([this.sessions.forget(), ...modern]);
  }

  #modernOf(user: string | undefined): McpHttpHandler {
    const handler = this.#modern.get(user) ?? this.#createModern();
    this.#modern.set(user, handler);
    return handler;
  }

  #callerOf({ http }: ServerContext): Caller {
    const { header } = this.#options.gate;
    const credential = header === undefined ? undefined : http?.req?.headers.get(header);
    return { user: http?.authInfo?.clientId, credential: credential ?? undefined };
  }
}
