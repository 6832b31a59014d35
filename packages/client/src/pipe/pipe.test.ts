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
import { createConnector, inProcess, type ConnectorOptions, type InProcessTransport } from "../index.ts";
import { Call } from "../call.ts";
import { PipeTransport } from "./pipe-transport.ts";

const unused = () => expect.unreachable("A pipe makes no HTTP request.");
const egress = { exchange: unused, target: unused };

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

it.for(["legacy", "modern"] as const)(
  "gives no %s server's pipe anything by which it could change what others are told",
  async (era) => {
    const given = { meta: { "example/via": ["one"] }, clientInfo: { name: "host", version: "1", icons: [] } };
    const connector = connectorFor(given);
    const told: string[] = [];
    const spoil = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      Object.values(value).forEach(spoil);
      Reflect.set(value, "sampling", {});
    };
    const open = async () => {
      const { connect } = inMemoryServer({ era });
      return connector.open(
        endpointOf(
          async (options) => {
            const pipe = await connect(options);
            const send = async (message: unknown) => {
              told.push(JSON.stringify(message).replace(/"id":\d+,/u, ""));
              const sending = pipe.send(structuredClone(message));
              const { _meta, clientInfo } = (message as { params?: Record<string, unknown> }).params ?? {};
              [_meta, clientInfo].forEach(spoil);
              return sending;
            };
            return {
              send,
              closed: pipe.closed,
              start: (hear: Parameters<Pipe["start"]>[0]) => pipe.start(hear),
              close: () => pipe.close(),
            };
          },
          { era },
        ),
        undefined,
        {},
      );
    };
    await echo(await kept(open()), "hi");
    const first = told.splice(0);
    given.meta["example/via"].push("two");
    given.clientInfo.name = "other";
    await echo(await kept(open()), "hi");
    expect(told).toEqual(first);
    expect(first.at(-1)).toContain('"_meta":{"example/via":["one"]');
  },
);

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
  expect(connection.subject).toBe("ada");
});

it("takes no newer generation of its variables, be it the same object brought up to date", async () => {
  const server = inMemoryServer({ authenticate: { variable: "API_KEY", keys: { "key-of-ada": "ada" } } });
  const env = { API_KEY: secret("key-of-ada") };
  const current = { subject: "ada", generation: "1", origins: [], env };
  const connection = await kept(connectorFor().open(endpointOf(server.connect), current, {}));
  current.generation = "2";
  expect(connection.adopt(current)).toBe(false);
});

it("takes a newer generation that brings no variables", async () => {
  const server = inMemoryServer();
  const credential = { subject: "ada", generation: "1", origins: [] };
  const connection = await kept(connectorFor().open(endpointOf(server.connect), credential, {}));
  expect(connection.adopt({ ...credential, generation: "2" })).toBe(true);
});

it.for(["legacy", "modern"] as const)(
  "is not parked: what a server knows goes with its pipe (%s)",
  async (era) => {
    const server = inMemoryServer({ era });
    const connection = await kept(connectorFor().open(endpointOf(server.connect), undefined, {}));
    expect(connection.park()).toBeUndefined();
    expect((await connection.request("tools/list", {})).tools).not.toEqual([]);
    expect(connection.park()).toBeUndefined();
  },
);

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
  late.resolve(pipe);
  await expect(opening).rejects.toBe("left");
  expect(pipe.close).toHaveBeenCalled();
  expect(sent).toEqual([]);
});

it("leaves no process to a caller who has left, however deaf it is", async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const deaf =
    "process.on('SIGTERM', () => {}); process.stdin.resume(); process.stderr.write('x'); setInterval(() => {}, 1000);";
  const open: PipeEndpoint["open"] = async ({ signal }) => {
    const pipe = await spawnPipe({ command: process.execPath, args: ["-e", deaf], env: {}, signal });
    pids.push(pipe.pid);
    await vi.waitFor(() => expect(pipe.stderrTail()).toBe("x"));
    setTimeout(() => controller.abort("left"), 20);
    return pipe;
  };
  const opening = connectorFor().open(endpointOf(open), undefined, { signal: controller.signal });
  await expect(opening).rejects.toBe("left");
  expect(pids).toHaveLength(1);
  expect(() => process.kill(pids[0] ?? 0, 0)).toThrow("ESRCH");
});

it("does not wait for ever for a pipe that does not open, or does not close", async () => {
  const clock = manualClock();
  const never = new Promise<never>(() => {});
  const controller = new AbortController();
  const { signal } = controller;
  const opening = connectorFor({ clock })
    .open(
      endpointOf(() => never),
      undefined,
      { signal },
    )
    .catch((reason: unknown) => reason);
  controller.abort("left");
  await clock.advance(10_000);
  expect(await opening).toBe("left");

  const { pipe } = scriptedPipe(({ id, method }, say) => {
    const hello = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      serverInfo: { name: "s", version: "1" },
    };
    if (method === "initialize") say({ jsonrpc: "2.0", id, result: hello });
  });
  const stuck: Pipe = { ...pipe, close: () => never };
  const connection = await connectorFor({ clock }).open(
    endpointOf(async () => stuck),
    undefined,
    {},
  );
  const call = failureOf(connection.request("tools/call", { name: "echo" }));
  const closing = connection.close();
  await clock.advance(10_000);
  await closing;
  expect(await call).toMatchObject({ code: "CLOSED" });
  expect(await connection.closed).toEqual({ kind: "closed" });
  expect(clock.pending).toBe(0);
});

it("asks anew where a pipe that was remembered as modern answers its first list otherwise", async () => {
  const server = inMemoryServer({ era: "modern" });
  const connector = connectorFor();
  let connect = server.connect;
  const endpoint = endpointOf((options) => connect(options));
  expect((await kept(connector.open(endpoint, undefined, {}))).era).toBe("modern");
  connect = inMemoryServer({ era: "legacy" }).connect;
  const assumed = await kept(connector.open(endpoint, undefined, {}));
  expect(assumed.era).toBe("modern");
  const error = { code: -32600, message: "Invalid request" };
  const { pipe } = scriptedPipe(({ id }, say) => say({ jsonrpc: "2.0", id, error }));
  connect = async () => pipe;
  const strange = await kept(connector.open(endpoint, undefined, {}));
  expect(await failureOf(strange.request("tools/list", {}))).toMatchObject({
    code: "HANDSHAKE_FAILED",
    recover: "reconnect",
    delivery: "refused",
  });
  connect = inMemoryServer({ era: "legacy" }).connect;
  expect((await kept(connector.open(endpoint, undefined, {}))).era).toBe("legacy");
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
  expect(await connection.request("tools/call", { name: "x" })).toMatchObject({ toolResult: 1 });
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

/** Does the legacy handshake and leaves everything else to the test. */
function legacyPipe(answer: Parameters<typeof scriptedPipe>[0]) {
  return scriptedPipe((message, say, end) => {
    if (message.method !== "initialize") return answer(message, say, end);
    const serverInfo = { name: "odd", version: "1" };
    const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo };
    say({ jsonrpc: "2.0", id: message.id, result });
  });
}

const openPiped = (pipe: Pipe, options: Partial<ConnectorOptions> = {}, credential?: Credential) =>
  connectorFor(options).open(
    endpointOf(async () => pipe),
    credential,
    {},
  );

it("gives no result without an id to anybody, but an error to the only call", async () => {
  const { pipe } = legacyPipe(({ method }, say) => {
    if (method !== "tools/call") return;
    say({ jsonrpc: "2.0", result: { of: "somebody else" } });
    say({ jsonrpc: "2.0", id: null, result: { of: "somebody else" } });
    say({ jsonrpc: "2.0", id: { toString: 1 }, result: {} });
    say({ jsonrpc: "2.0", id: null, error: { code: -32600, message: { toString: 1 } } });
  });
  const connection = await kept(openPiped(pipe));
  expect(await failureOf(echo(connection, "hi"))).toMatchObject({
    code: "SERVER_ERROR",
    rpc: { code: -32600 },
  });
});

it("gives no error without an id to anybody once a call was given up", async () => {
  const { pipe } = legacyPipe(({ id, method }, say) => {
    if (method === "prompts/list") {
      say({ jsonrpc: "2.0", id: null, error: { code: -32603, message: "of the tool" } });
      say({ jsonrpc: "2.0", id, result: { prompts: [] } });
    }
  });
  const connection = await kept(openPiped(pipe));
  const controller = new AbortController();
  const left = connection.request("tools/call", { name: "x" }, { signal: controller.signal });
  controller.abort("left");
  await expect(left).rejects.toBe("left");
  expect(await connection.request("prompts/list", {})).toEqual({ prompts: [] });
});

it("keeps few replies for a child that does not read them", async () => {
  const { pipe } = legacyPipe(({ id, method }, say) => {
    if (method !== "tools/call") return;
    for (let ping = 0; ping < 3_000; ping++) say({ jsonrpc: "2.0", id: `p${ping}`, method: "ping" });
    setTimeout(() => say({ jsonrpc: "2.0", id, result: { content: [] } }), 20);
  });
  let held = 0;
  const deaf: Pipe = {
    ...pipe,
    async send(message) {
      if ((message as { method?: string }).method !== undefined) return pipe.send(message);
      held++;
      return new Promise<void>(() => {});
    },
  };
  const connection = await kept(openPiped(deaf));
  await echo(connection, "hi");
  await echo(connection, "again");
  expect(held).toBe(16);
});

it.for([
  { delivery: "unknown", code: "DELIVERY_UNKNOWN", retryable: false },
  { delivery: "unsent", code: "CONNECTION_LOST", retryable: true },
] as const)(
  "says what became of a call whose writing broke off: $delivery",
  async ({ delivery, ...expected }) => {
    const { pipe } = legacyPipe(() => {});
    const end = Promise.withResolvers<CloseReason>();
    const cause = new TenantryError("CONNECTION_LOST", "It exited.");
    const broken: Pipe = {
      ...pipe,
      closed: end.promise,
      async send(message) {
        if ((message as { method?: string }).method !== "tools/call") return pipe.send(message);
        setTimeout(() => end.resolve({ kind: "lost", cause }), 5);
        throw new TenantryError("CONNECTION_LOST", "Broken off.", { delivery, retryable: true });
      },
      close: async () => end.resolve({ kind: "closed" }),
    };
    const failure = await failureOf(echo(await kept(openPiped(broken)), "hi"));
    expect(failure).toMatchObject({ delivery, recover: "reconnect", ...expected });
    const lost = (delivery === "unknown" ? failure.cause : failure) as Error;
    expect(lost.cause).toBe(cause);
  },
);

it("says that it sent nothing where the parameters are not JSON", async () => {
  const server = inMemoryServer({ era: "legacy" });
  const connection = await kept(connectorFor().open(endpointOf(server.connect), undefined, {}));
  const call = connection.request("tools/call", { name: "x", arguments: { big: 1n } });
  expect(await failureOf(call)).toMatchObject({ code: "ARGUMENT_INVALID", delivery: "unsent" });
});

it("hides the parts of the variables that the child was given", async () => {
  const { pipe } = legacyPipe(({ id }, say) =>
    say({ jsonrpc: "2.0", id, error: { code: 1, message: "no abcdef123456 and no pw" } }),
  );
  const env = { URL: secret("postgres://ada:abcdef123456@db"), PASSWORD: secret("pw") };
  const split = { ...env, URL: secret("user=ada;password=abcdef123456") };
  const credential = { subject: "ada", generation: "1", origins: [], env: split };
  const failure = await failureOf(echo(await kept(openPiped(pipe, {}, credential)), "hi"));
  expect(failure.message).toContain("no [redacted] and no [redacted]");
});

it("says why a server that does not start does not, and not that asking again would help", async () => {
  const script = 'console.error("Missing API_KEY"); process.exit(3)';
  const endpoint = endpointOf(({ env, signal }) =>
    spawnPipe({ command: process.execPath, args: ["-e", script], env, signal }),
  );
  const failure = await failureOf(connectorFor().open(endpoint, undefined, {}));
  expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", retryable: false });
  expect(failure.message).toContain("exited with code 3");
  expect(failure.message).toContain('"Missing API_KEY"');
  expect(failure.message).not.toMatch(/ask again|open a new/iu);
});

it("says that a message was too large where that ended the pipe", async () => {
  const script = `process.stdin.once("data", () => console.log("x".repeat(5_000)))`;
  const limits = { maxMessageBytes: 1_000 };
  const endpoint = endpointOf(({ env, signal }) =>
    spawnPipe({ command: process.execPath, args: ["-e", script], env, signal, limits }),
  );
  const failure = await failureOf(connectorFor().open(endpoint, undefined, {}));
  expect(failure).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown", recover: "reconnect" });
  expect(failure.message).toContain("maxMessageBytes");
});

it("closes where the pipe cannot", async () => {
  const { pipe } = legacyPipe(() => {});
  const end = Promise.withResolvers<CloseReason>();
  const odd: Pipe = { ...pipe, closed: end.promise, close: () => Promise.reject(new Error("stuck")) };
  const connection = await openPiped(odd);
  const call = failureOf(echo(connection, "hi"));
  await connection.close();
  expect(await call).toMatchObject({ code: "CLOSED" });
});

it("takes a rejection for the end of a pipe", async () => {
  const { pipe } = scriptedPipe(() => {});
  const transport = new PipeTransport({ ...pipe, closed: Promise.reject(new Error("odd")) }, () => []);
  const call = new Call(1, "tools/list");
  transport.ask(call, undefined);
  expect(await failureOf(call.outcome)).toMatchObject({ code: "CONNECTION_LOST", recover: "reconnect" });
});

it("does not let what a server within the process throws end its host", async () => {
  const cause = new Error("bug");
  const broken: Record<string, (transport: InProcessTransport) => unknown> = {
    onmessage: (transport) =>
      (transport.onmessage = () => {
        throw cause;
      }),
    "an asynchronous onmessage": (transport) => (transport.onmessage = () => Promise.reject(cause) as never),
  };
  for (const accept of Object.values(broken)) {
    const connect = inProcess(async (transport) => {
      accept(transport);
      transport.onclose = () => {
        throw new Error("another");
      };
      await transport.start();
    });
    const failure = await failureOf(connectorFor().open(endpointOf(connect), undefined, {}));
    expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", retryable: false });
    expect(failure.cause).toMatchObject({ code: "CONNECTION_LOST", cause });
  }
});

it("refuses what a server within the process sends that is no message", async () => {
  let refused: unknown;
  const connect = inProcess(async (transport) => {
    transport.onmessage = () => void transport.send(undefined).catch((reason: unknown) => (refused = reason));
    await transport.start();
  });
  const controller = new AbortController();
  const opening = connectorFor().open(endpointOf(connect), undefined, { signal: controller.signal });
  await vi.waitFor(() => expect(refused).toBeInstanceOf(TypeError));
  controller.abort("enough");
  await expect(opening).rejects.toBe("enough");
});
