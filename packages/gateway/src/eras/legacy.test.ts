import { describe, expect, it, vi } from "vitest";
import { served } from "../../test/served.ts";
import { ask, hello, lastOf, messagesOf, post } from "../../test/wire.ts";
import { text, workspaceOf, type Tool } from "../../test/workspace.ts";

const echo = workspaceOf({ tools: { echo: (args) => text(JSON.stringify(args)) } });
const never = (signal: AbortSignal | undefined) =>
  new Promise<never>((_resolve, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason as Error)),
  );

describe("sessions", () => {
  it.for([
    ["2025-11-25", "2025-11-25"],
    ["2025-06-18", "2025-06-18"],
    ["2025-03-26", "2025-03-26"],
    ["2024-11-05", "2024-11-05"],
    ["2099-01-01", "2025-11-25"],
  ])("agrees with a client of %s on %s", async ([wanted, agreed]) => {
    const { url } = await served({ connect: echo.connect, instructions: "Be kind." });
    const params = { protocolVersion: wanted, capabilities: {}, clientInfo: { name: "c", version: "1" } };
    const { result } = await lastOf(await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params }));
    expect(result).toMatchObject({
      protocolVersion: agreed,
      serverInfo: { name: "tenantry" },
      instructions: "Be kind.",
    });
  });

  it("serves what a session asks, in any process that has the keys", async () => {
    const keys = { current: "k", keys: { k: new Uint8Array(32).fill(7) } };
    const [one, two] = [
      await served({ connect: echo.connect, keys }),
      await served({ connect: echo.connect, keys }),
    ];
    const client = await hello(one.url);
    expect((await client.send({ method: "notifications/initialized" })).status).toBe(202);
    expect((await client.request("ping")).result).toEqual({});
    for (const { url } of [one, two]) {
      const call = {
        jsonrpc: "2.0",
        id: "a",
        method: "tools/call",
        params: { name: "echo", arguments: { a: 1 } },
      };
      const said = await lastOf(await post(url, call, { headers: client.headers }));
      expect(said).toEqual({
        jsonrpc: "2.0",
        id: "a",
        result: { content: [{ type: "text", text: '{"a":1}' }] },
      });
    }
  });

  it("ISO-04: answers a session that is somebody else's, unknown, over or ended with 404", async () => {
    const { url } = await served({ connect: echo.connect, limits: { sessionMs: 200 } });
    const ada = await hello(url);
    for (const token of ["acme/bob", "globex/ada"]) {
      const ping = await post(
        url,
        { jsonrpc: "2.0", id: 1, method: "ping" },
        { token, headers: ada.headers },
      );
      expect([ping.status, (await lastOf(ping)).error?.code]).toEqual([404, -32_001]);
      for (const method of ["GET", "DELETE"]) {
        const headers = { ...ada.headers, authorization: `Bearer ${token}`, accept: "text/event-stream" };
        expect((await fetch(url, { method, headers })).status).toBe(404);
      }
    }
    expect((await ada.request("ping")).result).toEqual({});
    expect((await ada.end()).status).toBe(204);
    expect((await ada.request("ping")).status).toBe(404);
    const short = await hello(url);
    await expect.poll(async () => (await short.request("ping")).status).toBe(404);
  });

  it.for([0, 1, 2, 3, 4, 5, 6, 7])(
    "ISO-04: leaves nothing of a session that is ended with another request %d turns behind",
    async (turns) => {
      const { url, gateway } = await served({ connect: echo.connect });
      const { headers, request } = await hello(url);
      // What is known of a handle is there at once, so that the two go the same way, step by step.
      await request("ping");
      const sent = { ...headers, authorization: "Bearer acme/ada", accept: "text/event-stream, */*" };
      const to = (method: string) => gateway.handle(new Request(url, { method, headers: sent }));
      const ended = to("DELETE");
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const heard = to("GET");
      expect((await ended).status).toBe(204);
      expect([200, 404]).toContain((await heard).status);
      await new Promise(setImmediate);
      expect(gateway.stats()).toMatchObject({ streams: 0, requests: 0 });
    },
  );

  it("SRV-04: takes no session that a client has chosen", async () => {
    const { url } = await served({ connect: echo.connect });
    for (const session of ["mine", "a".repeat(200), "own.".padEnd(120, "A")]) {
      const headers = { "mcp-session-id": session };
      expect((await post(url, { jsonrpc: "2.0", id: 1, method: "ping" }, { headers })).status).toBe(404);
      const params = {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "c", version: "1" },
      };
      const begun = await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params }, { headers });
      expect(begun.headers.get("mcp-session-id")).not.toBe(session);
    }
  });

  it("ISO-05: keeps a session through a new token of the same user, and not for a user of the same name elsewhere", async () => {
    const users: Record<string, string> = {
      "Bearer first": "idp-1|7",
      "Bearer second": "idp-1|7",
      "Bearer other": "idp-2|7",
    };
    const { url } = await served({
      connect: echo.connect,
      authenticate: ({ headers }) => {
        const user = users[headers.get("authorization") ?? ""];
        return user === undefined ? undefined : { workspace: "acme", user };
      },
    });
    const with_ = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const client = await hello(url, with_("first"));
    const ping = async (token: string) => (await client.send({ id: 1, method: "ping" }, with_(token))).status;
    expect([await ping("second"), await ping("other"), await ping("none")]).toEqual([200, 404, 401]);
  });

  it("ISO-06: has no use for a session whose user has lost access, on any method", async () => {
    const allowed = new Set(["ada"]);
    const { url } = await served({
      connect: echo.connect,
      authenticate: () => (allowed.has("ada") ? { workspace: "acme", user: "ada" } : undefined),
    });
    const client = await hello(url);
    allowed.clear();
    expect((await client.request("tools/list")).status).toBe(401);
    expect([(await client.listen()).status, (await client.end()).status]).toEqual([401, 401]);
  });

  it("wants the session, and a revision that has some", async () => {
    const { url } = await served({ connect: echo.connect });
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    expect((await post(url, ping)).status).toBe(400);
    const { headers } = await hello(url);
    const newer = { ...headers, "mcp-protocol-version": "2026-07-28" };
    expect((await post(url, ping, { headers: newer })).status).toBe(400);
  });

  it("forgets what little it keeps of the sessions that were used least", async () => {
    const levels: unknown[] = [];
    const { connect } = workspaceOf({
      tools: { log: (_, { logLevel }) => (levels.push(logLevel), text("")) },
    });
    const { url } = await served({ connect, limits: { maxSessions: 2 } });
    const clients = [await hello(url), await hello(url), await hello(url)];
    for (const { request } of clients) await request("logging/setLevel", { level: "error" });
    for (const { request } of clients.toReversed()) await request("tools/call", { name: "log" });
    expect(levels).toEqual(["error", "error", "info"]);
  });
});

it("forgets of whoever begins very many sessions, and of nobody else", async () => {
  const levels: unknown[] = [];
  const { connect } = workspaceOf({
    tools: { log: (_, { logLevel }) => (levels.push(logLevel), text("")) },
  });
  const { url } = await served({ connect, limits: { maxSessions: 4, maxSessionsPerPrincipal: 2 } });
  const bob = await hello(url, { token: "acme/bob" });
  await bob.request("logging/setLevel", { level: "error" });
  const clients = await Promise.all(Array.from({ length: 5 }, () => hello(url)));
  for (const { request } of clients) await request("logging/setLevel", { level: "error" });
  for (const { request } of [bob, ...clients]) await request("tools/call", { name: "log" });
  expect(levels).toEqual(["error", "info", "info", "info", "info", "error"]);
});

describe("sessions that were ended", () => {
  const limits = { maxSessions: 4, maxSessionsPerPrincipal: 2 };
  const endMany = async (url: URL, token: string, count: number) => {
    const clients = [];
    for (let at = 0; at < count; at++) {
      const client = await hello(url, { token });
      await client.end();
      clients.push(client);
    }
    return clients;
  };
  const statuses = (clients: readonly Awaited<ReturnType<typeof hello>>[]) =>
    Promise.all(clients.map(async ({ request }) => (await request("ping")).status));

  it("stay so, whatever another user ends", async () => {
    const { url } = await served({ connect: echo.connect, limits });
    const bobs = await endMany(url, "acme/bob", 2);
    const adas = await endMany(url, "acme/ada", 10);
    expect(await statuses(bobs)).toEqual([404, 404]);
    expect(await statuses(adas.slice(-2))).toEqual([404, 404]);
  });

  it("are no more than there is room for, in all", async () => {
    const { url } = await served({ connect: echo.connect, limits });
    const [first] = await endMany(url, "acme/bob", 1);
    for (const user of ["ada", "eve"]) await endMany(url, `acme/${user}`, 2);
    expect(await statuses([first as never])).toEqual([200]);
  });
});

describe("RTE-08: the legacy era", () => {
  it.for([
    ["a batch", [{ jsonrpc: "2.0", id: 1, method: "ping" }], 400, -32_600],
    ["an id of null", { jsonrpc: "2.0", id: null, method: "ping" }, 400, -32_600],
    ["an unknown method", { jsonrpc: "2.0", id: 1, method: "nothing" }, 200, -32_601],
    ["a method of the modern era", { jsonrpc: "2.0", id: 1, method: "server/discover" }, 200, -32_601],
    [
      "an unknown level",
      { jsonrpc: "2.0", id: 1, method: "logging/setLevel", params: { level: "loud" } },
      200,
      -32_602,
    ],
    ["an unknown tool", { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "x" } }, 200, -32_602],
    [
      "a foreign cursor",
      { jsonrpc: "2.0", id: 1, method: "tools/list", params: { cursor: "x" } },
      200,
      -32_602,
    ],
    [
      "an unknown resource",
      { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: "x" } },
      200,
      -32_002,
    ],
    ["an answer to nothing", { jsonrpc: "2.0", id: "mine", result: {} }, 404, -32_001],
  ] as const)("RTE-08: answers %s", async ([, message, status, code]) => {
    const { url } = await served({ connect: echo.connect });
    const { headers } = await hello(url);
    const answer = await post(url, JSON.stringify(message), { headers });
    expect([answer.status, (await lastOf(answer)).error?.code]).toEqual([status, code]);
  });

  it("RTE-08: refuses a second request with the id of one that is under way", async () => {
    const { connect } = workspaceOf({ tools: { wait: (_, { signal }) => never(signal) } });
    const { url, gateway } = await served({ connect });
    const client = await hello(url);
    const first = client.request("tools/call", { name: "wait" }, 7);
    await expect.poll(() => gateway.stats().requests).toBe(1);
    expect(await client.request("tools/list", {}, 7)).toMatchObject({
      status: 400,
      error: { code: -32_600 },
    });
    expect((await client.request("tools/list", {}, "7")).result).toBeDefined();
    const other = await hello(url);
    expect((await other.request("tools/list", {}, 7)).result).toBeDefined();
    await gateway.close();
    await first;
  });

  it("RTE-12: refuses to shake hands in a circle", async () => {
    const { url } = await served({ connect: echo.connect, replica: "here" });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, _meta: { "tenantry/via": ["here"] } };
    const begun = await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params });
    expect([begun.status, (await lastOf(begun)).error?.code]).toEqual([400, -32_600]);
  });
});

describe("requests", () => {
  it("takes a request back when its client says so, and not when its stream is lost", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { connect } = workspaceOf({
      tools: {
        wait: (_, { signal, onProgress }) => (
          signals.push(signal),
          onProgress?.({ progress: 1 }),
          never(signal)
        ),
      },
    });
    const { url } = await served({ connect });
    const client = await hello(url);
    const gone = new AbortController();
    const call = { id: 5, method: "tools/call", params: { name: "wait", _meta: { progressToken: 1 } } };
    const answer = await client.send(call, { signal: gone.signal });
    gone.abort();
    await expect(answer.text()).rejects.toThrow();
    const stranger = await hello(url);
    await stranger.send({ method: "notifications/cancelled", params: { requestId: 5 } });
    expect(signals[0]?.aborted).toBe(false);
    await client.send({ method: "notifications/cancelled", params: { requestId: 5 } });
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
  });

  it("finds the call that it is to end, however many sessions are in use meanwhile", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const wait: Tool = (_, { signal }) => (signals.push(signal), never(signal));
    const { url } = await served({
      connect: workspaceOf({ tools: { wait } }).connect,
      limits: { maxSessions: 1, maxSessionsPerPrincipal: 1 },
    });
    const call = { id: 5, method: "tools/call", params: { name: "wait" } };
    const clients = [await hello(url), await hello(url), await hello(url, { token: "acme/bob" })];
    const answers = [];
    for (const [at, client] of clients.entries()) {
      answers.push(client.send(call));
      await expect.poll(() => signals.length).toBe(at + 1);
    }
    await clients[0]?.send({ method: "notifications/cancelled", params: { requestId: 5 } });
    await clients[1]?.send({ method: "notifications/cancelled", params: { requestId: 5 } });
    await expect.poll(() => signals.map((signal) => signal?.aborted)).toEqual([true, true, false]);
    await clients[2]?.send({ method: "notifications/cancelled", params: { requestId: 5 } });
    await Promise.all(answers);
  });

  it("tells of progress and of the log from the level on that the client has set", async () => {
    const { connect } = workspaceOf({
      tools: {
        work(_, { onProgress, onLog }) {
          onProgress?.({ progress: 1 });
          for (const level of ["debug", "info", "error"] as const) onLog?.({ level, data: level });
          return text("done");
        },
      },
    });
    const { url } = await served({ connect });
    const client = await hello(url);
    const heard = async () => {
      const said: unknown[] = [];
      const call = { id: 1, method: "tools/call", params: { name: "work" } };
      for await (const { method, params } of messagesOf(await client.send(call)))
        said.push(params?.["data"] ?? method);
      return said;
    };
    expect(await heard()).toEqual(["info", "error", undefined]);
    expect((await client.request("logging/setLevel", { level: "error" })).result).toEqual({});
    expect(await heard()).toEqual(["error", undefined]);
  });

  it("gives a client of the old era nothing that it would refuse", async () => {
    const more = [
      { name: "list", inputSchema: { type: "object" as const }, outputSchema: { type: "array" } },
      { name: "object", inputSchema: { type: "object" as const }, outputSchema: { type: "object" as const } },
    ];
    const answer = {
      content: [],
      structuredContent: [1],
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": 1, own: 1 },
    };
    const { connect } = workspaceOf({
      more: more as never,
      tools: { list: () => answer as never },
      read: () => ({ contents: [], ttlMs: 5, cacheScope: "public" }),
    });
    const { url } = await served({ connect });
    const client = await hello(url);
    const { result } = await client.request("tools/list");
    const schemas = (result?.["tools"] as { name: string; outputSchema?: object }[]).map(
      (tool) => tool.outputSchema,
    );
    expect(schemas).toEqual([undefined, undefined, { type: "object" }]);
    expect(result).not.toHaveProperty("ttlMs");
    expect((await client.request("tools/call", { name: "list" })).result).toEqual({
      ...{ content: [], _meta: { own: 1 } },
    });
    expect((await client.request("resources/read", { uri: "test://one" })).result).toEqual({ contents: [] });
    expect((await ask(url, "resources/read", { uri: "test://one" })).result).toMatchObject({
      ttlMs: 5,
      cacheScope: "private",
    });
    expect((await ask(url, "tools/call", { name: "list" })).result).toMatchObject({ structuredContent: [1] });
  });
});
