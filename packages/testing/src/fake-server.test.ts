import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  defaultTools,
  manualClock,
  startFakeServer,
  type FakeServer,
  type FakeServerOptions,
} from "./index.ts";

const keys = { "key-of-ada": "ada", "key-of-bob": "bob" } as const;
const authenticate = { header: "x-api-key", keys } as const;
type Mode = "legacy" | "auto";

async function start(options: FakeServerOptions = { authenticate }): Promise<FakeServer> {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  return server;
}

async function connect(
  server: FakeServer,
  mode: Mode,
  headers: Record<string, string> = { "x-api-key": "key-of-ada" },
  through: typeof fetch = fetch,
) {
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(server.url, {
    requestInit: { headers },
    fetch: through,
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return { client, transport };
}

/** A legacy request by hand, for what no honest client does. */
function post(server: FakeServer, message: object, headers: Record<string, string> = {}): Promise<Response> {
  const accept = "application/json, text/event-stream";
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...message });
  return fetch(server.url, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...headers },
    body,
  });
}

const initialize = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } },
} as const;

async function openSession(server: FakeServer, key: string): Promise<string> {
  const response = await post(server, initialize, { "x-api-key": key });
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

describe.each([
  { mode: "legacy", version: "2025-11-25" },
  { mode: "auto", version: "2026-07-28" },
] as const)("a stock client in $mode mode", ({ mode, version }) => {
  test("speaks its era and sees the default tools", async () => {
    const { client } = await connect(await start(), mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["whoami", "echo", "sleep", "fail", "counter", "add"]);
  });

  test("is told whose key it used, with the key and the session", async () => {
    const server = await start();
    const { client, transport } = await connect(server, mode);
    const { structuredContent } = await client.callTool({ name: "whoami" });
    expect(structuredContent).toEqual({
      user: "ada",
      credential: "key-of-ada",
      sessionId: transport.sessionId ?? null,
    });
    expect(transport.sessionId === undefined).toBe(mode === "auto");
  });

  test("leaves a record of each request, by user and tool", async () => {
    const server = await start();
    const { client } = await connect(server, mode);
    await client.callTool({ name: "echo", arguments: { text: "hello" } });
    expect(server.requests.at(-1)).toMatchObject({
      method: "POST",
      path: "/mcp",
      rpc: "tools/call",
      tool: "echo",
      user: "ada",
      status: 200,
      headers: { "x-api-key": "key-of-ada" },
      body: { params: { arguments: { text: "hello" } } },
    });
  });

  test("gets progress and the answer of a slow tool", async () => {
    const { client } = await connect(await start(), mode);
    const seen: number[] = [];
    await client.callTool(
      { name: "sleep", arguments: { ms: 4 } },
      { onprogress: ({ progress }) => seen.push(progress) },
    );
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("gets a tool's own failure, and bad arguments, as results", async () => {
    const { client } = await connect(await start(), mode);
    expect(await client.callTool({ name: "fail" })).toMatchObject({ isError: true });
    const bad = await client.callTool({ name: "add", arguments: { a: 1, b: 2, c: 3 } });
    expect(bad).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("additional properties") }],
    });
    const good = await client.callTool({ name: "add", arguments: { a: 1, b: 2 } });
    expect(good).toMatchObject({ structuredContent: { sum: 3 } });
  });

  test("is refused an unknown tool with a JSON-RPC error", async () => {
    const { client } = await connect(await start(), mode);
    await expect(client.callTool({ name: "nothing" })).rejects.toMatchObject({ code: -32602 });
  });

  test("reads lists page by page", async () => {
    const server = await start({ pageSize: 4 });
    const { client } = await connect(server, mode);
    expect((await client.listTools()).tools).toHaveLength(6);
    const lists = server.requests.filter(({ rpc }) => rpc === "tools/list");
    expect(lists.map(({ body }) => (body as { params?: { cursor?: string } }).params?.cursor)).toEqual([
      undefined,
      "after-4",
    ]);
  });

  test("sees the tools of its own user", async () => {
    const [whoami, echo] = defaultTools();
    const server = await start({ authenticate, toolsFor: (user) => (user === "ada" ? [whoami!] : [echo!]) });
    const listed = await Promise.all(
      Object.keys(keys).map(async (key) =>
        (await connect(server, mode, { "x-api-key": key })).client.listTools(),
      ),
    );
    expect(listed.map(({ tools }) => tools.map(({ name }) => name))).toEqual([["whoami"], ["echo"]]);
    const { client } = await connect(server, mode);
    await expect(client.callTool({ name: "echo" })).rejects.toMatchObject({ code: -32602 });
  });

  test.each(["json", "sse"] as const)("is answered in %s where only that is sent", async (responseMode) => {
    const types: (string | null)[] = [];
    const watched: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (String(init?.body).includes("sleep")) types.push(response.headers.get("content-type"));
      return response;
    };
    const { client } = await connect(await start({ responseMode }), mode, {}, watched);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    expect(await client.callTool({ name: "sleep", arguments: { ms: 1 } }, { onprogress })).toHaveProperty(
      "content",
    );
    expect(types).toEqual([responseMode === "sse" ? "text/event-stream" : "application/json"]);
    expect(seen).toHaveLength(responseMode === "sse" ? 4 : 0);
  });
});

describe("eras", () => {
  test("a server of the legacy era makes a negotiating client fall back", async () => {
    const server = await start({ era: "legacy" });
    const { client } = await connect(server, "auto");
    expect(client.getProtocolEra()).toBe("legacy");
    expect(server.requests.map(({ rpc, status }) => [rpc, status])).toContainEqual(["server/discover", 400]);
  });

  test("a server of the modern era refuses initialize", async () => {
    const server = await start({ era: "modern" });
    await expect(connect(server, "legacy")).rejects.toThrow();
    expect(server.sessions.size).toBe(0);
    expect((await connect(server, "auto")).client.getProtocolEra()).toBe("modern");
  });

  test("the counter belongs to a session, and starts anew with each modern request", async () => {
    const server = await start();
    const counts = async (mode: Mode) => {
      const { client } = await connect(server, mode);
      const results = [
        await client.callTool({ name: "counter" }),
        await client.callTool({ name: "counter" }),
      ];
      return results.map(({ structuredContent }) => structuredContent);
    };
    expect(await counts("legacy")).toEqual([{ count: 1 }, { count: 2 }]);
    expect(await counts("legacy")).toEqual([{ count: 1 }, { count: 2 }]);
    expect(await counts("auto")).toEqual([{ count: 1 }, { count: 1 }]);
  });
});

test("a modern call ends with its client", async () => {
  const clock = manualClock();
  const { client } = await connect(await start({ clock }), "auto");
  const leaving = new AbortController();
  const call = client.callTool({ name: "sleep", arguments: { ms: 60_000 } }, { signal: leaving.signal });
  await expect.poll(() => clock.pending).toBe(1);
  leaving.abort(new Error("enough"));
  await expect(call).rejects.toThrow();
  await expect.poll(() => clock.pending).toBe(0);
});

describe("keys", () => {
  test("a missing and an unknown key are refused with a challenge, and recorded", async () => {
    const server = await start();
    for (const headers of [{}, { "x-api-key": "key-of-nobody" }]) {
      const response = await post(server, initialize, headers);
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringMatching(/^ApiKey /),
      ]);
    }
    expect(server.requests).toMatchObject([
      { status: 401, user: undefined },
      { headers: { "x-api-key": "key-of-nobody" } },
    ]);
  });

  test("a bearer token is a key with or without its scheme", async () => {
    const server = await start({
      authenticate: { header: "Authorization", keys: { t1: "ada", "Bearer t2": "bob" } },
    });
    const answers = ["Bearer t1", "bearer t2", "Bearer t2"].map((authorization) =>
      post(server, initialize, { authorization }),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(server.requests.map(({ user }) => user).toSorted()).toEqual(["ada", "bob", undefined]);
  });

  test("rotated keys hold at once, on a session too, and another key of the same user is no crossing", async () => {
    const server = await start();
    const session = { "mcp-session-id": await openSession(server, "key-of-ada") };
    server.setKeys({ "new-key-of-ada": "ada" });
    const list = { method: "tools/list" };
    expect((await post(server, list, { ...session, "x-api-key": "key-of-ada" })).status).toBe(401);
    expect((await post(server, list, { ...session, "x-api-key": "new-key-of-ada" })).status).toBe(200);
    expect(server.crossings).toEqual([]);
  });
});

describe("sessions", () => {
  test("are listed with their users until their clients end them", async () => {
    const server = await start();
    const { transport } = await connect(server, "legacy");
    const other = await openSession(server, "key-of-bob");
    expect([...server.sessions]).toEqual([
      [transport.sessionId, "ada"],
      [other, "bob"],
    ]);
    await transport.terminateSession();
    expect([...server.sessions.values()]).toEqual(["bob"]);
    expect(server.endedSessions).toBe(1);
  });

  test("that are forgotten are answered with 404 and lose their streams", async () => {
    const server = await start();
    const id = await openSession(server, "key-of-ada");
    const headers = { "x-api-key": "key-of-ada", "mcp-session-id": id, accept: "text/event-stream" };
    const stream = await fetch(server.url, { headers });
    expect(server.requests.at(-1)).toMatchObject({ method: "GET", sessionId: id, status: 200 });
    await server.forgetSessions();
    expect(await stream.text()).toBe("");
    expect((await post(server, { method: "tools/list" }, headers)).status).toBe(404);
  });

  test("take a new stream after the client of the old one has left", async () => {
    const server = await start();
    const headers = {
      "x-api-key": "key-of-ada",
      "mcp-session-id": await openSession(server, "key-of-ada"),
      accept: "text/event-stream",
    };
    const leaving = new AbortController();
    await fetch(server.url, { headers, signal: leaving.signal });
    leaving.abort();
    await expect.poll(async () => (await fetch(server.url, { headers })).status).toBe(200);
  });
});

describe("a crossing", () => {
  test("is recorded without the key, is refused, and fails the close", async () => {
    const server = await startFakeServer({ authenticate });
    const id = await openSession(server, "key-of-ada");
    const response = await post(
      server,
      { method: "tools/list" },
      { "x-api-key": "key-of-bob", "mcp-session-id": id },
    );
    expect(response.status).toBe(403);
    expect(server.crossings).toEqual(['POST tools/list with a key of "bob" on a session of "ada"']);
    await expect(server.close()).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(server.openSockets).toBe(0);
  });

  test("is noticed on a session that is gone, on a DELETE and under a fault", async () => {
    const server = await start({ authenticate, onCrossing: "record" });
    const id = await openSession(server, "key-of-ada");
    const headers = { "x-api-key": "key-of-bob", "mcp-session-id": id };
    await fetch(server.url, { method: "DELETE", headers });
    expect(server.sessions.size).toBe(1);
    await server.forgetSessions();
    await post(server, { method: "tools/list" }, headers);
    server.faults.add({ kind: "answer", status: 503 });
    await post(server, { method: "tools/list" }, headers);
    expect(server.crossings).toHaveLength(3);
  });
});

describe("closing", () => {
  test("ends streams, calls, timers and sockets, once", async () => {
    const clock = manualClock();
    const server = await startFakeServer({ authenticate, clock });
    const { client } = await connect(server, "legacy");
    await expect.poll(() => server.requests.some(({ method }) => method === "GET")).toBe(true);
    const call = client.callTool({ name: "sleep", arguments: { ms: 60_000 } });
    call.catch(() => {});
    await expect.poll(() => clock.pending).toBe(1);
    expect(server.openSockets).toBeGreaterThan(0);
    const closing = server.close();
    expect(server.close()).toBe(closing);
    await closing;
    expect([server.openSockets, server.sessions.size, clock.pending]).toEqual([0, 0, 0]);
    await client.close();
    await expect(call).rejects.toThrow();
  });

  test("is what leaving its block does", async () => {
    let url: URL;
    {
      await using server = await startFakeServer();
      url = server.url;
      expect((await fetch(new URL("/other", url))).status).toBe(404);
    }
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe.each(["legacy", "auto"] as const)(
  "a change of a user's tools, told to a client in mode %s",
  (mode) => {
    async function listen(server: FakeServer, key: string) {
      const heard: string[] = [];
      const client = new Client(
        { name: "test", version: "1.0.0" },
        {
          versionNegotiation: { mode },
          listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => heard.push(key) } },
        },
      );
      onTestFinished(() => client.close());
      const requestInit = { headers: { "x-api-key": key } };
      await client.connect(new StreamableHTTPClientTransport(server.url, { requestInit }));
      await client.listTools();
      return heard;
    }

    test("is heard by that user alone", async () => {
      const server = await start({ authenticate, announces: true });
      const [ada, bob] = [await listen(server, "key-of-ada"), await listen(server, "key-of-bob")];
      // The stream may be about to open.
      await vi.waitFor(async () => {
        await server.tellToolsChanged("ada");
        expect(ada).not.toEqual([]);
      });
      await vi.waitFor(async () => {
        await server.tellToolsChanged("bob");
        expect(bob).not.toEqual([]);
      });
      const before = bob.length;
      await server.tellToolsChanged("ada");
      await vi.waitFor(() => expect(ada.length).toBeGreaterThan(1));
      expect(bob).toHaveLength(before);
    });

    test("is not spoken of unless it is told", async () => {
      const server = await start();
      const { client } = await connect(server, mode);
      expect(client.getServerCapabilities()?.tools).toEqual({});
    });
  },
);
