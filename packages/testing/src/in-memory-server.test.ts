import { Client, type JSONRPCMessage, type Transport } from "@modelcontextprotocol/client";
import { checkDefinition, secret, type Pipe } from "@tenantry/core";
import { expect, onTestFinished, test } from "vitest";
import { inMemoryServer, type InMemoryServer } from "./index.ts";

/** A pipe as the stock client takes it. */
function transportOver(pipe: Pipe): Transport {
  const transport: Transport = {
    start: async () => pipe.start((message) => transport.onmessage?.(message as JSONRPCMessage)),
    send: (message) => pipe.send(message),
    close: () => pipe.close(),
  };
  void pipe.closed.then(() => transport.onclose?.());
  return transport;
}

async function connect(server: InMemoryServer, mode: "legacy" | "auto", key: string) {
  const pipe = await server.connect({ env: { API_KEY: secret(key) } });
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  onTestFinished(() => client.close());
  await client.connect(transportOver(pipe));
  return { client, pipe };
}

const authenticate = { variable: "API_KEY", keys: { a: "ada", b: "bob" } } as const;

test("it is a definition's connect", () => {
  expect(() => checkDefinition({ connect: inMemoryServer().connect })).not.toThrow();
});

test.each(["legacy", "modern"] as const)(
  "a stock client of the %s era calls tools as the pipe's user",
  async (era) => {
    const server = inMemoryServer({ authenticate });
    const { client } = await connect(server, era === "legacy" ? "legacy" : "auto", "b");
    expect(client.getProtocolEra()).toBe(era);
    expect((await client.listTools()).tools).toHaveLength(6);
    const { structuredContent } = await client.callTool({ name: "whoami" });
    expect(structuredContent).toEqual({ user: "bob", credential: "b", sessionId: null });
    expect(server.requests.at(-1)).toMatchObject({ rpc: "tools/call", tool: "whoami", user: "bob" });
  },
);

test("a server of one era refuses the other", async () => {
  const legacy = await connect(inMemoryServer({ era: "legacy" }), "auto", "a");
  expect(legacy.client.getProtocolEra()).toBe("legacy");
  await expect(connect(inMemoryServer({ era: "modern" }), "legacy", "a")).rejects.toThrow();
});

test("each pipe has a server, a state and a credential of its own", async () => {
  const server = inMemoryServer({ authenticate });
  const ada = await connect(server, "legacy", "a");
  const bob = await connect(server, "legacy", "b");
  await ada.client.callTool({ name: "counter" });
  expect((await ada.client.callTool({ name: "counter" })).structuredContent).toEqual({ count: 2 });
  expect((await bob.client.callTool({ name: "counter" })).structuredContent).toEqual({ count: 1 });
  expect(server.pipes).toMatchObject([
    { env: { API_KEY: "a" }, user: "ada", open: true },
    { env: { API_KEY: "b" }, user: "bob", open: true },
  ]);
  expect(server.openPipes).toBe(2);
});

test("a pipe that its owner closes is closed, and takes no more", async () => {
  const server = inMemoryServer();
  const { pipe } = await connect(server, "legacy", "a");
  expect(pipe.close()).toBe(pipe.close());
  await pipe.close();
  expect(await pipe.closed).toEqual({ kind: "closed" });
  await expect(pipe.send({})).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect([server.openPipes, server.pipes[0]?.open]).toEqual([0, false]);
});

test("a crash loses every pipe", async () => {
  const server = inMemoryServer();
  const pipes = [await connect(server, "legacy", "a"), await connect(server, "auto", "b")].map(
    ({ pipe }) => pipe,
  );
  await server.crash();
  expect(await Promise.all(pipes.map(({ closed }) => closed))).toEqual([{ kind: "lost" }, { kind: "lost" }]);
  expect(server.openPipes).toBe(0);
});

test("neither side sees the other's objects", async () => {
  const server = inMemoryServer();
  const pipe = await server.connect({ env: {} });
  const message = Object.freeze({ jsonrpc: "2.0", id: 1, method: "ping" });
  const answer = new Promise((resolve) => pipe.start(resolve));
  await pipe.send(message);
  expect(await answer).toMatchObject({ id: 1, result: {} });
  expect(server.requests[0]?.body).toEqual(message);
  expect(server.requests[0]?.body).not.toBe(message);
  await pipe.close();
});
