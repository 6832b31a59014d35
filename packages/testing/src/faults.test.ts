import { expect, onTestFinished, test } from "vitest";
import { manualClock, startFakeServer, startRecorder, type FakeServerOptions } from "./index.ts";

const authenticate = { header: "x-api-key", keys: { a: "ada", b: "bob" } } as const;
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
} as const;

async function start(options: FakeServerOptions = { authenticate }) {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  const call = (name: string, key = "a", options: RequestInit = {}) =>
    fetch(server.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": name,
        "x-api-key": key,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: { ms: 0 }, _meta: meta },
      }),
      ...options,
    });
  return { server, call };
}

test("an answer comes instead of the server's, for as many requests as it is told", async () => {
  const { server, call } = await start();
  server.faults.add(
    { kind: "answer", status: 503, headers: { "retry-after": "1" }, body: "busy" },
    { times: 2 },
  );
  const first = await call("whoami");
  expect([first.status, first.headers.get("retry-after"), await first.text()]).toEqual([503, "1", "busy"]);
  expect([(await call("whoami")).status, (await call("whoami")).status]).toEqual([503, 200]);
  expect(server.requests.map(({ status }) => status)).toEqual([503, 503, 200]);
});

test("a filter picks by user, JSON-RPC method, tool and HTTP method", async () => {
  const { server, call } = await start();
  server.faults.add(
    { kind: "answer", status: 500 },
    { user: "bob", rpc: "tools/call", tool: "echo", method: "POST" },
  );
  server.faults.add({ kind: "answer", status: 501 }, { rpc: "initialize" });
  server.faults.add({ kind: "answer", status: 502 }, { method: "GET" });
  const statuses = [await call("echo", "a"), await call("whoami", "b"), await call("echo", "b")].map(
    ({ status }) => status,
  );
  expect(statuses).toEqual([200, 200, 500]);
});

test("a fault is taken back alone, or with all others", async () => {
  const { server, call } = await start();
  const one = server.faults.add({ kind: "answer", status: 500 });
  server.faults.add({ kind: "answer", status: 501 });
  one[Symbol.dispose]();
  expect((await call("whoami")).status).toBe(501);
  server.faults.clear();
  expect((await call("whoami")).status).toBe(200);
});

test("a redirect of one user leads to where it is seen", async () => {
  const { server, call } = await start();
  await using recorder = await startRecorder({ body: "{}" });
  server.faults.add({ kind: "redirect", to: new URL("/stolen", recorder.url) }, { user: "bob" });
  const kept = await call("whoami", "b", { redirect: "manual" });
  expect([kept.status, kept.headers.get("location")]).toEqual([307, `${recorder.origin}/stolen`]);
  expect((await call("whoami", "a")).redirected).toBe(false);
  await call("whoami", "b");
  // A fetch that follows carries the key along, which is what the recorder is there to show.
  expect(recorder.requests).toMatchObject([
    { method: "POST", path: "/stolen", tool: "whoami", headers: { "x-api-key": "b" } },
  ]);
});

test("delays add up on the clock, and then the request goes on", async () => {
  const clock = manualClock();
  const { server, call } = await start({ clock });
  server.faults.add({ kind: "delay", ms: 300 }, { times: 1 });
  server.faults.add({ kind: "delay", ms: 200 }, { times: 1 });
  server.faults.add({ kind: "answer", status: 418 }, { times: 1 });
  let status: number | undefined;
  const answered = call("whoami").then((response) => (status = response.status));
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(300);
  expect(clock.pending).toBe(1);
  await clock.advance(199);
  expect(status).toBeUndefined();
  await clock.advance(1);
  expect(await answered).toBe(418);
});

test("a delay ends with its client and leaves no timer", async () => {
  const clock = manualClock();
  const { server, call } = await start({ clock });
  server.faults.add({ kind: "delay", ms: 60_000 });
  const leaving = new AbortController();
  const left = call("whoami", "a", { signal: leaving.signal });
  await expect.poll(() => clock.pending).toBe(1);
  leaving.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  await expect.poll(() => clock.pending).toBe(0);
  await server.close();
  expect(server.requests).toMatchObject([{ tool: "whoami", status: undefined }]);
});

test("a hanging request is read and never answered", async () => {
  const { server, call } = await start();
  server.faults.add({ kind: "hang" });
  await expect(call("whoami", "a", { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect(server.requests).toMatchObject([{ tool: "whoami", status: undefined }]);
});

test("a reset destroys the socket after the body was read", async () => {
  const { server, call } = await start();
  server.faults.add({ kind: "reset" }, { times: 1 });
  await expect(call("whoami")).rejects.toMatchObject({
    cause: { code: expect.stringMatching(/^(ECONNRESET|UND_ERR_SOCKET)$/) },
  });
  expect(server.requests).toMatchObject([{ tool: "whoami", status: undefined }]);
});

test("an event stream ends without an answer", async () => {
  const { server, call } = await start();
  server.faults.add({ kind: "endStream" });
  const response = await call("whoami");
  expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
    200,
    "text/event-stream",
    "",
  ]);
});

test.each(["reset", "hang", "endStream"] as const)(
  "a %s after the work loses the answer only",
  async (kind) => {
    const worked: string[] = [];
    const tool = {
      definition: { name: "work", inputSchema: { type: "object" as const } },
      call: () => {
        worked.push("once");
        return { content: [{ type: "text" as const, text: "the answer" }] };
      },
    };
    const { server, call } = await start({ tools: [tool] });
    server.faults.add({ kind }, { times: 1 });
    server.faults.add({ kind, afterWork: true }, { times: 1 });
    const lost = async () => {
      try {
        return await (await call("work", "a", { signal: AbortSignal.timeout(200) })).text();
      } catch {
        return "";
      }
    };
    expect([await lost(), worked.length]).toEqual(["", 0]);
    expect([await lost(), worked.length]).toEqual(["", 1]);
  },
);
