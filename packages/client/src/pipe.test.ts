import { Server as OfficialServer } from "@modelcontextprotocol/server";
import {
  secret,
  TenantryError,
  type CloseReason,
  type Connection,
  type Credential,
  type Pipe,
  type PipeEndpoint,
} from "@tenantry/core";
import { spawnPipe } from "@tenantry/process";
import { inMemoryServer, manualClock, stdioServerPath } from "@tenantry/testing";
import { onTestFinished, test as it, expect, vi } from "vitest";
import { createConnector, inProcess, type ConnectorOptions } from "./index.ts";

const egress = { exchange: () => expect.unreachable("A pipe makes no HTTP request.") };

function connectorFor(options: Partial<ConnectorOptions> = {}) {
  return createConnector({ egress, ...options });
}

async function kept(opening: Promise<Connection>): Promise<Connection> {
  const connection = await opening;
  onTestFinished(() => connection.close());
  return connection;
}

const endpointOf = (open: PipeEndpoint["open"], more: Partial<PipeEndpoint> = {}): PipeEndpoint => ({
  kind: "pipe",
  open,
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<TenantryError> {
  const failure: unknown = await promise.then(
    (value) => expect.unreachable(`It resolved with ${JSON.stringify(value)}.`),
    (reason: unknown) => reason,
  );
  expect(failure).toBeInstanceOf(TenantryError);
  return failure as TenantryError;
}

const echo = (connection: Connection, text: string) =>
  connection.request("tools/call", { name: "echo", arguments: { text } });

/** A pipe whose other end is the test. */
function scriptedPipe(
  answer: (
    message: { id?: number; method?: string },
    say: (message: unknown) => void,
    end: (reason: CloseReason) => void,
  ) => void,
) {
  const sent: { id?: number; method?: string; params?: Record<string, unknown> }[] = [];
  const closed = Promise.withResolvers<CloseReason>();
  let receive: (message: unknown) => void = () => {};
  const pipe: Pipe = {
    closed: closed.promise,
    start: (given) => void (receive = given),
    async send(message) {
      sent.push(message as (typeof sent)[number]);
      queueMicrotask(() => answer(message as never, receive, closed.resolve));
    },
    close: vi.fn(async () => closed.resolve({ kind: "closed" })),
  };
  return { pipe, sent };
}

it("begins a legacy pipe with a handshake and no question", async () => {
  const server = inMemoryServer({ era: "legacy" });
  const connection = await kept(connectorFor().open(endpointOf(server.connect), undefined, {}));
  expect(await echo(connection, "hi")).toMatchObject({ content: [{ type: "text", text: "hi" }] });
  expect(server.requests.map(({ rpc }) => rpc)).toEqual([
    "initialize",
    "notifications/initialized",
    "tools/call",
  ]);
  expect(connection).toMatchObject({
    era: "legacy",
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
  });
});

it("gives a modern server a fresh pipe, and remembers that", async () => {
  const server = inMemoryServer({ era: "modern" });
  const connector = connectorFor();
  const endpoint = endpointOf(server.connect);
  const first = await kept(connector.open(endpoint, undefined, {}));
  expect(first).toMatchObject({ era: "modern", protocolVersion: "2026-07-28" });
  expect(first.serverInfo).toBeDefined();
  expect(await echo(first, "hi")).toMatchObject({ content: [{ text: "hi" }] });
  expect(server.pipes).toHaveLength(2);
  expect(server.openPipes).toBe(1);
  const second = await kept(connector.open(endpoint, undefined, {}));
  expect(await echo(second, "again")).toMatchObject({ content: [{ text: "again" }] });
  expect(server.pipes).toHaveLength(3);
  expect(server.requests.map(({ rpc }) => rpc)).toEqual([
    "initialize",
    "server/discover",
    "tools/call",
    "tools/call",
  ]);
});

it("asks a pipe that is known to be modern nothing", async () => {
  const server = inMemoryServer({ era: "modern" });
  const connection = await kept(
    connectorFor().open(endpointOf(server.connect, { era: "modern" }), undefined, {}),
  );
  expect(server.requests).toEqual([]);
  expect((await connection.request("tools/list", {})).tools.length).toBeGreaterThan(0);
});

it("gives the child the credential's variables, which stay as they are", async () => {
  const server = inMemoryServer({ authenticate: { variable: "API_KEY", keys: { "key-of-ada": "ada" } } });
  const credential = (generation: string): Credential => ({
    subject: "ada",
    generation,
    origins: [],
    env: { API_KEY: secret("key-of-ada") },
  });
  const connection = await kept(connectorFor().open(endpointOf(server.connect), credential("1"), {}));
  expect(server.pipes[0]).toMatchObject({ user: "ada", env: { API_KEY: "key-of-ada" } });
  expect(connection.adopt(credential("1"))).toBe(true);
  expect(connection.adopt(credential("2"))).toBe(false);
  expect(connection.adopt({ ...credential("1"), subject: "grace" })).toBe(false);
});

it("takes a newer generation that brings no variables", async () => {
  const server = inMemoryServer();
  const credential = { subject: "ada", generation: "1", origins: [] };
  const connection = await kept(connectorFor().open(endpointOf(server.connect), credential, {}));
  expect(connection.adopt({ ...credential, generation: "2" })).toBe(true);
  expect(connection.park()).toBeUndefined();
});

it("tells when the server goes away, and what was in flight", async () => {
  const server = inMemoryServer({ era: "legacy" });
  const connection = await kept(connectorFor().open(endpointOf(server.connect), undefined, {}));
  const call = failureOf(connection.request("tools/call", { name: "sleep", arguments: { ms: 60_000 } }));
  const list = vi.waitFor(() => expect(server.requests.at(-1)?.tool).toBe("sleep"));
  await list;
  await server.crash();
  expect(await call).toMatchObject({ code: "DELIVERY_UNKNOWN", recover: "reconnect", delivery: "unknown" });
  expect((await connection.closed).kind).toBe("lost");
  const later = await failureOf(echo(connection, "hi"));
  expect(later).toMatchObject({ code: "CONNECTION_LOST", delivery: "unsent", recover: "reconnect" });
});

it("closes the pipe once, and fails what is in flight", async () => {
  const server = inMemoryServer();
  const connection = await kept(connectorFor().open(endpointOf(server.connect), undefined, {}));
  const call = failureOf(connection.request("tools/call", { name: "sleep", arguments: { ms: 60_000 } }));
  await vi.waitFor(() => expect(server.requests.at(-1)?.tool).toBe("sleep"));
  const closing = connection.close();
  expect(connection.close()).toBe(closing);
  await closing;
  expect(await call).toMatchObject({ code: "CLOSED", delivery: "unknown" });
  expect(await connection.closed).toEqual({ kind: "closed" });
  expect(server.openPipes).toBe(0);
});

it.for(["legacy", "modern"] as const)(
  "tells the server of a request that was given up, and not why (%s)",
  async (era) => {
    const clock = manualClock();
    const server = inMemoryServer({ era });
    const connection = await kept(
      connectorFor({ clock }).open(endpointOf(server.connect, { era }), undefined, {}),
    );
    const controller = new AbortController();
    const sleep = { name: "sleep", arguments: { ms: 60_000 } };
    const aborted = connection.request("tools/call", sleep, { signal: controller.signal });
    const late = failureOf(connection.request("tools/call", sleep, { timeoutMs: 50 }));
    controller.abort("private");
    await expect(aborted).rejects.toBe("private");
    await clock.advance(50);
    expect(await late).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
    const cancelled = server.requests.filter(({ rpc }) => rpc === "notifications/cancelled");
    expect(cancelled).toHaveLength(2);
    expect(JSON.stringify(cancelled)).not.toContain("private");
    expect(clock.pending).toBe(0);
  },
);

it("fails at once, with the reason, when the server dies in the handshake", async () => {
  const cause = new Error("exit code 1");
  const { pipe } = scriptedPipe((_message, _say, end) => end({ kind: "lost", cause }));
  const failure = await failureOf(
    connectorFor().open(
      endpointOf(async () => pipe),
      undefined,
      {},
    ),
  );
  expect(failure.code).toBe("HANDSHAKE_FAILED");
  expect(failure.cause).toMatchObject({ code: "CONNECTION_LOST", cause });
  expect(pipe.close).toHaveBeenCalled();
});

it("closes the pipe of a server that does not answer in time", async () => {
  const clock = manualClock();
  const { pipe, sent } = scriptedPipe(() => {});
  const opening = failureOf(
    connectorFor({ clock }).open(
      endpointOf(async () => pipe),
      undefined,
      {},
    ),
  );
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  await clock.advance(30_000);
  expect(await opening).toMatchObject({ code: "TIMEOUT" });
  expect(pipe.close).toHaveBeenCalled();
});

it("closes a pipe that opens after its caller has left", async () => {
  const { pipe, sent } = scriptedPipe(() => {});
  const late = Promise.withResolvers<Pipe>();
  const controller = new AbortController();
  const opening = connectorFor().open(
    endpointOf(() => late.promise),
    undefined,
    { signal: controller.signal },
  );
  controller.abort("left");
  await expect(opening).rejects.toBe("left");
  late.resolve(pipe);
  await vi.waitFor(() => expect(pipe.close).toHaveBeenCalled());
  expect(sent).toEqual([]);
});

it("passes on why a pipe could not be opened", async () => {
  const typed = new TenantryError("SPAWN_FAILED", "No such command.");
  expect(
    await failureOf(
      connectorFor().open(
        endpointOf(() => Promise.reject(typed)),
        undefined,
        {},
      ),
    ),
  ).toBe(typed);
  const cause = new Error("odd");
  const wrapped = await failureOf(
    connectorFor().open(
      endpointOf(() => Promise.reject(cause)),
      undefined,
      {},
    ),
  );
  expect(wrapped).toMatchObject({ code: "CONNECT_FAILED", cause });
});

it("hears what is meant for it among noise", async () => {
  const { pipe } = scriptedPipe(({ id, method }, say) => {
    for (const noise of [
      "text",
      null,
      1,
      [],
      {},
      { level: "info", msg: "log" },
      { jsonrpc: "2.0", id: 99, result: {} },
    ])
      say(noise);
    const serverInfo = { name: "odd", version: "1" };
    if (method === "initialize")
      say({ jsonrpc: "2.0", id, result: { protocolVersion: "2024-11-05", capabilities: {}, serverInfo } });
    else if (id !== undefined) say({ jsonrpc: "2.0", id, result: { toolResult: 1 } });
  });
  const connection = await kept(
    connectorFor().open(
      endpointOf(async () => pipe),
      undefined,
      {},
    ),
  );
  expect(connection.protocolVersion).toBe("2024-11-05");
  expect(await connection.request("tools/call", { name: "x" })).toEqual({ toolResult: 1 });
});

it("refuses what is no MCP server, after both questions", async () => {
  const pipes: ReturnType<typeof scriptedPipe>[] = [];
  const open = async () => {
    const one = scriptedPipe(({ id }, say) =>
      say({ jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } }),
    );
    pipes.push(one);
    return one.pipe;
  };
  expect(await failureOf(connectorFor().open(endpointOf(open), undefined, {}))).toMatchObject({
    code: "HANDSHAKE_FAILED",
  });
  expect(pipes.map(({ sent }) => sent.map(({ method }) => method))).toEqual([
    ["initialize"],
    ["server/discover"],
  ]);
  for (const { pipe } of pipes) expect(pipe.close).toHaveBeenCalled();
});

it("speaks to a real child", async () => {
  const endpoint = endpointOf(({ env, signal }) =>
    spawnPipe({ command: process.execPath, args: [stdioServerPath], env, signal }),
  );
  const connection = await kept(connectorFor().open(endpoint, undefined, {}));
  expect(await echo(connection, "hi")).toMatchObject({ content: [{ text: "hi" }] });
  const crashed = await failureOf(connection.request("tools/call", { name: "crash" }));
  expect(crashed).toMatchObject({ code: "DELIVERY_UNKNOWN", recover: "reconnect" });
  expect((await connection.closed).kind).toBe("lost");
});

it("reports a child that dies in the handshake long before the deadline", async () => {
  const args = [stdioServerPath, "--die-in-handshake"];
  const endpoint = endpointOf(({ env, signal }) =>
    spawnPipe({ command: process.execPath, args, env, signal }),
  );
  const clock = manualClock();
  const failure = await failureOf(connectorFor({ clock }).open(endpoint, undefined, {}));
  expect(failure.code).toBe("HANDSHAKE_FAILED");
  expect(failure.cause).toMatchObject({ cause: { code: "CONNECTION_LOST" } });
});

it("connects to an official server within the process, copying what crosses", async () => {
  const received: unknown[] = [];
  const ended = vi.fn();
  const connect = inProcess((transport) => {
    const server = new OfficialServer({ name: "inside", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/call", (request) => {
      received.push(request.params.arguments);
      return { content: [{ type: "text", text: "inside" }] };
    });
    server.onclose = ended;
    return server.connect(transport);
  });
  const connection = await kept(connectorFor().open(endpointOf(connect), undefined, {}));
  const args = Object.freeze({ list: Object.freeze([1]) });
  expect(await connection.request("tools/call", { name: "x", arguments: args })).toEqual({
    content: [{ type: "text", text: "inside" }],
  });
  expect(received).toEqual([{ list: [1] }]);
  expect(received[0]).not.toBe(args);
  expect(connection.serverInfo).toMatchObject({ name: "inside" });
  await connection.close();
  expect(ended).toHaveBeenCalledOnce();
});

it("reports a server within the process that accepts nobody", async () => {
  const cause = new Error("no");
  const connect = inProcess(() => Promise.reject(cause));
  expect(await failureOf(connectorFor().open(endpointOf(connect), undefined, {}))).toMatchObject({
    code: "CONNECT_FAILED",
    cause,
  });
});
