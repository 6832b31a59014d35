import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  TenantryError,
  type Connection,
  type Credential,
  type Era,
  type OpenOptions,
  type ParkedSession,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { onTestFinished, expect } from "vitest";
import { createConnector, type ConnectorOptions } from "../src/index.ts";

/** What reached the server. */
export interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: unknown;
}
/** What the server does about one message. */
export type Handler = (message: Message, response: ServerResponse, request: IncomingMessage) => void;

/** A server that says exactly what the test says: the wire, without anybody's good manners. */
export async function scripted(handler: Handler) {
  const seen: {
    readonly message: Message;
    readonly headers: IncomingMessage["headers"];
    readonly method: string;
  }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
      const message = (text === "" ? {} : JSON.parse(text)) as Message;
      seen.push({ message, headers: request.headers, method: request.method ?? "" });
      handler(message, response, request);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`), seen, server };
}

/** Answers with JSON. */
export const json = (
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
};
/** A result, as it is sent. */
export const result = (id: number | undefined, value: unknown) => ({ jsonrpc: "2.0", id, result: value });
/** An error, as it is sent. */
export const error = (id: unknown, value: unknown) => ({ jsonrpc: "2.0", id, error: value });

/** Does the legacy handshake and leaves everything else to the test. */
export const legacy =
  (handler: Handler, session?: string): Handler =>
  (message, response, request) => {
    const capabilities = { tools: {} };
    const hello = { protocolVersion: "2025-06-18", capabilities, serverInfo: { name: "odd", version: "1" } };
    if (message.method === "initialize") {
      return json(
        response,
        result(message.id, hello),
        200,
        session === undefined ? {} : { "mcp-session-id": session },
      );
    }
    if (message.id === undefined || message.method === undefined) return void response.writeHead(202).end();
    handler(message, response, request);
  };

/** Opens a connection that the test closes. */
export async function open(
  url: URL,
  era: Era | undefined,
  options: Partial<ConnectorOptions> = {},
  credential?: Credential,
  how: OpenOptions<ParkedSession> = {},
): Promise<Connection> {
  const egress = createEgress();
  onTestFinished(() => egress.close());
  const endpoint = {
    kind: "http",
    url,
    provenance: "code",
    headers: {},
    ...(era === undefined ? {} : { era }),
  } as const;
  const connection = await createConnector({ egress, ...options }).open(endpoint, credential, how);
  onTestFinished(() => connection.close());
  return connection;
}

/** The typed failure that a promise must have. */
export async function failureOf(promise: Promise<unknown>): Promise<TenantryError> {
  const failure: unknown = await promise.then(
    (value) => expect.unreachable(`It resolved with ${JSON.stringify(value)}.`),
    (reason: unknown) => reason,
  );
  expect(failure).toBeInstanceOf(TenantryError);
  return failure as TenantryError;
}
