import { refusal, type Answer } from "./answer.ts";
import type { Notebook } from "./notebook.ts";
import { nameOf, type TokenHolder } from "../people.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { Visit } from "./visit.ts";

/** A JSON-RPC message as it came. */
export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Readonly<Record<string, unknown>> };
}

/** What a desk is made with. */
export interface DeskOptions {
  readonly server: string;
  readonly era: "legacy" | "modern";
  readonly sessions: Sessions;
  readonly notebook: Notebook;
}

/** Does what an MCP server does, and nothing about the weather: makes sessions, lists tools and runs them. */
export class Desk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Works on one request. */
  answer({ request, holder, session }: Visit, message: Message): Answer {
    if (request.method === "DELETE" && session !== undefined) {
      session.state = "ended";
      return { status: 200 };
    }
    if (request.method !== "POST") return { status: 405 };
    if (message.id === undefined) return { status: 202 };
    return this.#options.era === "legacy"
      ? this.#answerLegacy(holder, session, message)
      : this.#answerModern(holder, message);
  }

  #answerLegacy(holder: TokenHolder, session: Session | undefined, message: Message): Answer {
    if (message.method === "initialize")
      return result(message, welcome, { "mcp-session-id": this.#options.sessions.begin(holder).id });
    if (session === undefined) return refusal(400, "Bad Request: Server not initialized");
    const value = this.#use(holder, session, message);
    return value === undefined ? error(message, methodNotFound) : result(message, value);
  }

  #answerModern(holder: TokenHolder, message: Message): Answer {
    if (message.method === "initialize") return { ...error(message, unsupportedVersion), status: 400 };
    const value = message.method === "server/discover" ? discovery : this.#use(holder, undefined, message);
    return value === undefined
      ? error(message, methodNotFound)
      : result(message, { resultType: "complete", ...value });
  }

  #use(holder: TokenHolder, session: Session | undefined, { method, params }: Message): object | undefined {
    if (method === "tools/list") return { tools: toolsFor(holder) };
    return method === "tools/call" ? this.#run(holder, session, params) : undefined;
  }

  /** Runs a tool: counts it, looks whether the call is the token's owner's, and says whose it was. */
  #run(holder: TokenHolder, session: Session | undefined, params: Message["params"]): object {
    const { server, notebook } = this.#options;
    const given = params?.arguments as Readonly<Record<string, string>> | undefined;
    const { workspace = "", user = "", conversation = "", nonce = "" } = given ?? {};
    const call = `call ${nonce} of ${nameOf({ workspace, user })}`;
    notebook.ran(nonce);
    if (nameOf({ workspace, user }) !== nameOf(holder))
      notebook.crossed(`${call} came with the token of ${nameOf(holder)}`);
    if (session !== undefined && (session.conversation ??= conversation) !== conversation) {
      const other = JSON.stringify(session.conversation);
      notebook.crossed(`${call} in ${JSON.stringify(conversation)} came on the session of ${other}`);
    }
    const structuredContent = { workspace, user, conversation, nonce, server, tool: params?.name };
    return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
  }
}

const modernVersion = "2026-07-28";
const capabilities = Object.freeze({ tools: Object.freeze({}) });
const welcome = Object.freeze({
  protocolVersion: "2025-11-25",
  capabilities,
  serverInfo: Object.freeze({ name: "storm", version: "1.0.0" }),
});
const discovery = Object.freeze({ supportedVersions: Object.freeze([modernVersion]), capabilities });
const methodNotFound = Object.freeze({ code: -32_601, message: "Method not found" });
const unsupportedVersion = Object.freeze({
  code: -32_022,
  message: "Unsupported protocol version",
  data: Object.freeze({ supported: Object.freeze([modernVersion]) }),
});

function result({ id }: Message, value: object, headers: Answer["headers"] = {}): Answer {
  return { status: 200, headers, body: { jsonrpc: "2.0", id, result: value } };
}

function error({ id }: Message, of: object): Answer {
  return { status: 200, body: { jsonrpc: "2.0", id, error: of } };
}

/** A list says whose it is, so that one that reaches somebody else shows. */
function toolsFor(holder: TokenHolder): readonly object[] {
  const tool = { description: `for ${nameOf(holder)}`, inputSchema: { type: "object" } };
  return [
    { ...tool, name: "read", annotations: { readOnlyHint: true } },
    { ...tool, name: "write", annotations: { readOnlyHint: false } },
  ];
}
