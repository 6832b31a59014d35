import {
  InMemoryTransport,
  Server,
  type JSONRPCMessage,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { CloseReason, InProcessServer, Pipe } from "@tenantry/core";
import { env, fromContext } from "tenantry";

/** A server that asks, remembers, suggests and tells of changes. */
export interface Assistant {
  readonly definition: InProcessServer;
  /** The servers behind the open pipes, each with its user. */
  readonly open: ReadonlyMap<Server, string>;
  /** Says what every request has said in its `_meta`. */
  readonly said: unknown[];
}

const object = { type: "object" as const };

/** Makes the official SDK's servers, one for each connection: a legacy server of prompts, resources, logs and questions. */
export function assistant(): Assistant {
  const open = new Map<Server, string>();
  const said: unknown[] = [];
  const connect: InProcessServer["connect"] = async ({ env: variables }) => {
    const user = variables["TOKEN"]?.reveal().replace("token-of-", "") ?? "nobody";
    const server = assistantOf(user, said);
    const [near, far] = InMemoryTransport.createLinkedPair();
    await server.connect(far);
    open.set(server, user);
    return pipeOf(near, () => open.delete(server));
  };
  return {
    definition: { connect, credential: env("TOKEN", fromContext("token")), era: "legacy" },
    open,
    said,
  };
}

function assistantOf(user: string, said: unknown[]): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: {},
    resources: { subscribe: true },
    completions: {},
    logging: {},
  };
  const server = new Server({ name: "assistant", version: "1" }, { capabilities });
  const uri = `memory://${user}`;
  const tools = ["ask", "log", "meta"].map((name) => ({
    name,
    inputSchema: { ...object, properties: { a: {} } },
  }));
  server.setRequestHandler("tools/list", () => ({ tools }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    said.push(params._meta);
    if (params.name === "log") await log(server, user);
    const text = params.name === "ask" ? await ask(server, user, context) : user;
    return { content: [{ type: "text", text }] };
  });
  server.setRequestHandler("prompts/list", () => ({
    prompts: [{ name: "greet", arguments: [{ name: "whom" }] }],
  }));
  server.setRequestHandler("prompts/get", ({ params }) => ({
    messages: [
      { role: "user", content: { type: "text", text: `${user}: hello, ${params.arguments?.["whom"]}` } },
    ],
  }));
  server.setRequestHandler("resources/list", () => ({ resources: [{ uri, name: "memory" }] }));
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [{ uriTemplate: "memory://{user}", name: "memories" }],
  }));
  server.setRequestHandler("resources/read", ({ params }) => ({
    contents: [{ uri: params.uri, text: user }],
  }));
  server.setRequestHandler("resources/subscribe", () => ({}));
  server.setRequestHandler("resources/unsubscribe", () => ({}));
  server.setRequestHandler("completion/complete", ({ params }) => ({
    completion: { values: [`${user}:${params.argument.value}`, JSON.stringify(params.context ?? null)] },
  }));
  return server;
}

/** Asks whatever the client can be asked, and tells what it said. */
async function ask(server: Server, user: string, { mcpReq }: ServerContext): Promise<string> {
  const able = server.getClientCapabilities() ?? {};
  const requestedSchema = { ...object, properties: { name: { type: "string" as const } } };
  const answers = [
    able.elicitation &&
      (await mcpReq.elicitInput({ message: `Who, ${user}?`, requestedSchema })).content?.["name"],
    able.sampling && (await mcpReq.requestSampling({ messages: [], maxTokens: 1 })).model,
    able.roots && (await server.listRoots(undefined, { relatedRequestId: mcpReq.id })).roots[0]?.uri,
  ];
  return answers.filter((one) => one !== undefined).join();
}

async function log(server: Server, user: string): Promise<void> {
  await server.sendLoggingMessage({ level: "debug", data: `${user} whispers` });
  await server.sendLoggingMessage({ level: "warning", data: `${user} shouts` });
}

function pipeOf(near: InMemoryTransport, onClose: () => void): Pipe {
  const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
  near.onclose = () => {
    onClose();
    resolve({ kind: "closed" });
  };
  return {
    closed,
    start: (receive) => {
      near.onmessage = receive;
      void near.start();
    },
    send: (message) => near.send(message as JSONRPCMessage),
    close: () => near.close(),
  };
}
