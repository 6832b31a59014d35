import type { CloseReason, Pipe } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { expect, onTestFinished, test as it } from "vitest";
import { json, legacy, result, scripted, type Message } from "../test/scripted-server.ts";
import { createConnector } from "./index.ts";

const log = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "of ada's" } };
const question = {
  jsonrpc: "2.0",
  id: "q",
  method: "elicitation/create",
  params: { mode: "form", message: "Ada, your PIN?", requestedSchema: { type: "object", properties: {} } },
};
const changed = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };

/** Opens a connection that the test closes. */
async function opened(endpoint: Parameters<ReturnType<typeof createConnector>["open"]>[0], shared: boolean) {
  const egress = createEgress();
  const connector = createConnector({ egress });
  const connection = await connector.open(endpoint, undefined, { shared });
  onTestFinished(async () => {
    await connection.close();
    await egress.close();
  });
  const heard: unknown[] = [];
  const call = () =>
    connection.request(
      "tools/call",
      { name: "wait" },
      {
        onLog: ({ data }) => heard.push(data),
        handlers: {
          onElicitation: (asked) => {
            heard.push(asked.message);
            return { action: "decline" };
          },
        },
      },
    );
  return { connection, call, heard };
}

/** A server behind a pipe that answers a call when it is told to. */
function pipeServer() {
  const closed = Promise.withResolvers<CloseReason>();
  const said: Message[] = [];
  let receive: (message: unknown) => void = () => {};
  const pipe: Pipe = {
    start: (hear) => (receive = hear),
    async send(message) {
      const { id, method } = message as Message;
      said.push(message as Message);
      const facts = { capabilities: { tools: {}, logging: {} }, serverInfo: { name: "s", version: "1" } };
      if (method === "initialize") receive(result(id, { protocolVersion: "2025-11-25", ...facts }));
    },
    closed: closed.promise,
    async close() {
      closed.resolve({ kind: "closed" });
    },
  };
  const answers = (id: unknown) =>
    said.filter((message) => message.id === id && message.method === undefined);
  return { pipe, said, answers, say: (message: unknown) => receive(message) };
}

it.for([true, false])(
  "gives what a pipe says of no call to nobody where users share it: %s",
  async (shared) => {
    const server = pipeServer();
    const open = async () => server.pipe;
    const { call, heard } = await opened({ kind: "pipe", open, era: "legacy" }, shared);
    const calling = call();
    server.say(log);
    server.say(question);
    await expect.poll(() => server.answers("q")).toHaveLength(1);
    expect(heard).toEqual(shared ? [] : ["of ada's", "Ada, your PIN?"]);
    const [answer] = server.answers("q");
    expect(answer).toHaveProperty(shared ? "error.code" : "result.action", shared ? -32_601 : "decline");
    server.say({ jsonrpc: "2.0", id: null, error: { code: -32_600, message: "of ada's request" } });
    server.say(result(server.said.find(({ method }) => method === "tools/call")?.id, { content: [] }));
    if (shared) expect(await calling).toEqual({ content: [] });
    else await expect(calling).rejects.toMatchObject({ code: "SERVER_ERROR" });
  },
);

it("still hears a refusal without an id while it opens", async () => {
  const server = pipeServer();
  const pipe = {
    ...server.pipe,
    async send() {
      server.say({ jsonrpc: "2.0", id: null, error: { code: -32_600, message: "no" } });
    },
  };
  const opening = opened({ kind: "pipe", open: async () => pipe, era: "legacy" }, true);
  await expect(opening).rejects.toMatchObject({ code: "HANDSHAKE_FAILED" });
});

it.for([true, false])("and so with the stream of a server over HTTP: %s", async (shared) => {
  let stream: { write(text: string): void } | undefined;
  let answer: () => void = () => {};
  const { url, seen } = await scripted((message, response, request) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      stream = response;
    } else if (message.method === "tools/call")
      answer = () => json(response, result(message.id, { content: [] }));
    else legacy(() => {})(message, response, request);
  });
  const { connection, call, heard } = await opened(
    { kind: "http", url, provenance: "code", headers: {}, era: "legacy" },
    shared,
  );
  const changes: string[] = [];
  await connection.subscribe({ tools: true }, ({ kind }) => changes.push(kind));
  const calling = call();
  await expect.poll(() => seen.some(({ message }) => message.method === "tools/call")).toBe(true);
  for (const message of [log, question, changed]) stream?.write(`data: ${JSON.stringify(message)}\n\n`);
  const answers = () => seen.filter(({ message }) => (message.id as unknown) === "q");
  await expect.poll(answers).toHaveLength(1);
  expect(answers()[0]?.message).toHaveProperty(shared ? "error" : "result");
  expect(heard).toEqual(shared ? [] : ["of ada's", "Ada, your PIN?"]);
  await expect.poll(() => changes).toHaveLength(1);
  answer();
  expect(await calling).toEqual({ content: [] });
});
