import { randomUUID } from "node:crypto";
import {
  WebStandardStreamableHTTPServerTransport,
  type McpHandlerRequestOptions,
  type Server,
} from "@modelcontextprotocol/server";

/** What the sessions of one fake server are made with. */
export interface LegacySessionsOptions {
  /** Makes the MCP server of one session. */
  readonly createServer: () => Server;
  /** Answers with JSON instead of an event stream. */
  readonly json: boolean;
}

/** Serves the legacy era over Streamable HTTP with sessions (MCP 2025-11-25, basic/transports, session management). */
export class LegacySessions {
  readonly #options: LegacySessionsOptions;
  readonly #live = new Map<string, Session>();
  /** Outlives the sessions themselves: a stolen id is noticed even when its session is gone. */
  readonly #owners = new Map<string, string | undefined>();
  #ended = 0;

  constructor(options: LegacySessionsOptions) {
    this.#options = options;
  }

  /** The live sessions, each with the user that initialised it. */
  get users(): ReadonlyMap<string, string | undefined> {
    return new Map([...this.#live.keys()].map((id) => [id, this.#owners.get(id)]));
  }

  /** How many sessions their clients have ended with a DELETE. */
  get ended(): number {
    return this.#ended;
  }

  /** The user that initialised a session, whether it is live or not. */
  ownerOf(sessionId: string): string | undefined {
    return this.#owners.get(sessionId);
  }

  /** Answers one request: on its session, or on a new one that only an `initialize` keeps. */
  async fetch(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return this.#begin(request, options);
    const session = this.#live.get(id);
    return session === undefined ? sessionNotFound() : session.transport.handleRequest(request, options);
  }

  /** Tells the sessions of one user that their tools have changed; those without a stream of their own do not hear it. */
  async tellToolsChanged(user: string | undefined): Promise<void> {
    const own = [...this.#live].filter(([id]) => this.#owners.get(id) === user);
    await Promise.all(own.map(([, { server }]) => server.sendToolListChanged()));
  }

  /** Forgets every session, as a server does that has restarted. */
  async forget(): Promise<void> {
    const sessions = [...this.#live.values()];
    this.#live.clear();
    await Promise.all(sessions.map(({ transport }) => transport.close()));
  }

  async #begin(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    const server = this.#options.createServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: this.#options.json,
      // The timer would run as long as a stream is open.
      keepAliveMs: 0,
      onsessioninitialized: (id) => {
        this.#live.set(id, { transport, server });
        this.#owners.set(id, options.authInfo?.clientId);
      },
      onsessionclosed: (id) => {
        this.#live.delete(id);
        this.#ended++;
      },
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request, options);
    if (transport.sessionId === undefined) await server.close();
    return response;
  }
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server;
}

function sessionNotFound(): Response {
  const error = { code: -32001, message: "Session not found" };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
}
