// Law 10. Whatever was opened ends: sessions by their DELETE, streams and sockets, processes with all that they started.
// That holds for close(), idleness, eviction, discovery and failure, and for children also when the host itself is killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  inMemoryServer,
  manualClock,
  startFakeServer,
  stdioServerPath,
  type FakeServer,
} from "@tenantry/testing";
import { createTenantry, type ServerDefinition, type TenantryOptions } from "tenantry";
import { describe, expect, it } from "vitest";
import { openConnection } from "./fixture/connection.ts";
import { failureOf, isPending, until } from "./fixture/outcome.ts";
import { isRunning, marker, runningWith } from "./fixture/processes.ts";
import { startWireServer } from "./fixture/wire-server.ts";

const eras = ["legacy", "modern"] as const;
const address = { server: "notes", tool: "echo" };
const nothing = { connections: 0, leases: 0, waiting: 0, entries: [], sockets: 0 };

function open(notes: ServerDefinition, more: TenantryOptions = {}) {
  const tenantry = createTenantry({ servers: { notes }, ...more });
  const acme = tenantry.workspace("acme");
  return { tenantry, acme, ada: acme.as("ada"), bob: acme.as("bob") };
}

const child = (...args: string[]) => ({ command: process.execPath, args: [stdioServerPath, ...args] });
/** How many sessions a server was asked for and gave; a modern one gives none. */
const opensOf = ({ requests }: FakeServer) =>
  requests.filter(({ rpc, status }) => rpc === "initialize" && status === 200).length;
const deletesOf = ({ requests }: FakeServer) => requests.filter(({ method }) => method === "DELETE").length;

describe.each(eras)("close(), with a %s server,", (era) => {
  it("ends every session by its DELETE and every socket", async () => {
    await using server = await startFakeServer({ era });
    const { tenantry, ada, bob, acme } = open({ url: server.url });
    const talk = acme.as({ user: "ada", session: "second" });
    await Promise.all([ada, bob, talk].map((user) => user.callTool("notes__echo")));
    const sessions = era === "legacy" ? 3 : 0;
    expect(server.sessions.size).toBe(sessions);
    expect(tenantry.stats().sockets).toBeGreaterThan(0);

    await tenantry.close();
    expect(tenantry.stats()).toMatchObject(nothing);
    expect(opensOf(server)).toBe(sessions);
    expect(server.endedSessions).toBe(sessions);
    expect(deletesOf(server)).toBe(sessions);
    expect(server.sessions.size).toBe(0);
    await until(() => server.openSockets === 0);
  });

  it("gives the same promise each time, and refuses whatever comes after it", async () => {
    await using server = await startFakeServer({ era });
    const { tenantry, ada, acme } = open({ url: server.url });
    await ada.callTool("notes__echo");
    const closing = tenantry.close();
    expect(tenantry.close()).toBe(closing);
    expect((await failureOf(ada.callTool("notes__echo"))).code).toBe("CLOSED");
    await closing;
    expect(tenantry.close()).toBe(closing);

    const seen = server.requests.length;
    expect(await failureOf(ada.callTool("notes__echo"))).toMatchObject({
      code: "CLOSED",
      delivery: "unsent",
    });
    expect((await failureOf(acme.as("eve").callTool("notes__echo"))).code).toBe("CLOSED");
    expect((await ada.listTools()).unavailable).toMatchObject([{ error: { code: "CLOSED" } }]);
    expect(server.requests.length).toBe(seen);
    expect(tenantry.stats()).toMatchObject(nothing);
  });

  it("lets a call finish that ends in time", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era, clock });
    const { tenantry, ada } = open({ url: server.url });
    const call = ada.callTool("notes__sleep", { ms: 100 });
    await until(() => clock.pending === 1);
    const closing = tenantry.close();
    expect(await isPending(closing)).toBe(true);
    for (let step = 0; step < 4; step++) {
      await until(() => clock.pending === 1);
      await clock.advance(25);
    }
    expect(await call).toMatchObject({ content: [{ text: "slept 100 ms" }] });
    await closing;
    expect(tenantry.stats()).toMatchObject(nothing);
  });

  it("ends a call that does not: CLOSED, with an unknown delivery", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    server.faults.add({ kind: "hang" }, { rpc: "tools/call" });
    const { tenantry, ada } = open({ url: server.url }, { clock, limits: { drainTimeoutMs: 3_000 } });
    const failed = failureOf(ada.callTool({ server: "notes", tool: "echo" }));
    await until(() => server.requests.some(({ rpc }) => rpc === "tools/call"));
    const closing = tenantry.close();
    expect(await isPending(closing)).toBe(true);
    await clock.advance(3_000);

    expect(await failed).toMatchObject({ code: "CLOSED", delivery: "unknown" });
    await closing;
    expect(server.endedSessions).toBe(opensOf(server));
    await until(() => server.openSockets === 0);
    expect(clock.pending).toBe(0);
  });

  it("ends a connection that is being opened, and who waits for it hears CLOSED", async () => {
    await using server = await startFakeServer({ era });
    server.faults.add({ kind: "hang" });
    const { tenantry, ada } = open({ url: server.url });
    const failed = failureOf(ada.callTool("notes__echo"));
    await until(() => server.requests.length > 0);
    await tenantry.close();
    expect(await failed).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    expect(tenantry.stats()).toMatchObject(nothing);
    await until(() => server.openSockets === 0);
  });

  it("does not wait for ever for a server that does not let its session go", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    server.faults.add({ kind: "hang" }, { method: "DELETE" });
    const { tenantry, ada } = open({ url: server.url }, { clock });
    await ada.callTool("notes__echo");
    const closing = tenantry.close();
    if (era === "legacy") await until(() => deletesOf(server) === 1);
    await clock.advance(2_000);
    await closing;
    expect(tenantry.stats()).toMatchObject(nothing);
    await until(() => server.openSockets === 0);
  });

  it("comes with the end of an `await using` block", async () => {
    await using server = await startFakeServer({ era });
    {
      const { tenantry, ada } = open({ url: server.url });
      await using _owner = tenantry;
      await ada.callTool("notes__echo");
    }
    expect(server.endedSessions).toBe(opensOf(server));
    await until(() => server.openSockets === 0);
  });
});

describe("without close(), a connection ends", () => {
  it.each(eras)("after its time of idleness, with a %s server", async (era) => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    const limits = { idleTimeoutMs: 60_000, maxParked: 0 };
    const { tenantry, ada, bob } = open({ url: server.url }, { clock, limits });
    await using _owner = tenantry;
    await Promise.all([ada.callTool("notes__echo"), bob.callTool("notes__echo")]);
    await clock.advance(59_000);
    await ada.callTool("notes__echo");
    await clock.advance(1_000);
    expect(tenantry.stats().entries).toMatchObject([{ scope: { user: "ada" }, state: "idle" }]);
    await clock.advance(59_000);
    expect(tenantry.stats().connections).toBe(0);
    await until(() => server.sessions.size === 0);
    expect(server.endedSessions).toBe(era === "legacy" ? 2 : 0);
    await until(() => clock.pending === 0);
  });

  it("when its place is needed", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const limits = { maxConnections: 1, maxParked: 0 };
    const { tenantry, ada, bob } = open({ url: server.url }, { limits });
    await using _owner = tenantry;
    await ada.callTool("notes__echo");
    await bob.callTool("notes__echo");
    await until(() => server.endedSessions === 1);
    expect([...server.sessions.keys()]).toHaveLength(1);
    expect(tenantry.stats().entries).toMatchObject([{ scope: { user: "bob" } }]);
  });

  it.each(eras)("as soon as discovery is done, with a %s server", async (era) => {
    await using server = await startFakeServer({ era });
    const { tenantry, acme } = open({ url: server.url, discovery: "anonymous" });
    await using _owner = tenantry;
    const { tools } = await acme.discovery().listTools();
    expect(tools).toHaveLength(6);
    expect(tenantry.stats()).toMatchObject({ connections: 0, entries: [] });
    await until(() => server.sessions.size === 0);
    expect(server.endedSessions).toBe(opensOf(server));
  });

  it("as soon as discovery is done, with a child process", async () => {
    const mark = marker();
    const { tenantry, acme } = open({ ...child(mark), discovery: "anonymous" });
    await using _owner = tenantry;
    expect((await acme.discovery().listTools()).tools).toHaveLength(4);
    await until(() => runningWith(mark).length === 0);
  });

  it("when its handshake fails after the server has made a session", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const { tenantry, ada, bob } = open({ url: server.url });
    await using _owner = tenantry;
    // A server that wants its handshake in order is one whose handshake can fail halfway.
    const early = { jsonrpc: "2.0", id: null, error: { code: -32600, message: "Server not initialized" } };
    const fault = { kind: "answer", status: 400, body: JSON.stringify(early) } as const;
    server.faults.add(fault, { rpc: "tools/list", times: 1 });
    await ada.callTool("notes__echo");
    server.faults.add({ kind: "answer", status: 500 }, { rpc: "notifications/initialized" });
    await failureOf(bob.callTool("notes__echo"));
    expect(opensOf(server)).toBe(2);
    expect(server.endedSessions).toBe(1);
    expect(tenantry.stats().connections).toBe(1);
  });

  it("when the last one who waits for it leaves", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era: "legacy", clock });
    server.faults.add({ kind: "delay", ms: 300 }, { rpc: "initialize" });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    const controller = new AbortController();
    const left = ada
      .callTool("notes__echo", {}, { signal: controller.signal })
      .catch((reason: unknown) => reason);
    await until(() => server.requests.some(({ rpc }) => rpc === "initialize"));
    controller.abort("gone");
    expect(await left).toBe("gone");
    expect(tenantry.stats().connections).toBe(0);
    await clock.advance(300);
    await until(() => server.endedSessions === 1);
  });

  it("when its process cannot speak MCP, and that process with it", async () => {
    const mark = marker();
    const { tenantry, ada } = open(child("--die-in-handshake", mark));
    await using _owner = tenantry;
    await failureOf(ada.callTool("notes__echo"));
    expect(runningWith(mark)).toEqual([]);
    expect(tenantry.stats().connections).toBe(0);
  });

  it("when a message is too long, and its socket with it", async () => {
    await using server = await startWireServer(({ response }) => {
      response.writeHead(200, { "content-type": "application/json" }).write("[".repeat(100_000));
    });
    const limits = { maxMessageBytes: 1_000 };
    const { tenantry, ada } = open({ url: server.url, era: "modern" }, { limits });
    await using _owner = tenantry;
    await failureOf(ada.callTool({ server: "notes", tool: "echo" }));
    await until(() => server.openSockets === 0 && tenantry.stats().sockets === 0);
  });
});

describe("a child process", { timeout: 30_000 }, () => {
  interface Facts {
    readonly pid: number;
    readonly grandchild: number;
  }

  it.each([
    ["ends with its stdin", []],
    ["ends although it ignores that and SIGTERM", ["--ignore-term"]],
  ])("%s, and so does what it started", async (_, modes) => {
    const { tenantry, ada, bob } = open(child("--grandchild", ...modes));
    const told = await Promise.all([ada.callTool("notes__whoami"), bob.callTool("notes__whoami")]);
    const pids = told.flatMap(({ structuredContent }) => {
      const { pid, grandchild } = structuredContent as unknown as Facts;
      return [pid, grandchild];
    });
    expect(new Set(pids).size).toBe(4);
    expect(pids.filter(isRunning)).toEqual(pids);

    await tenantry.close();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(tenantry.stats()).toMatchObject(nothing);
  });

  it("takes its call with it: CLOSED", async () => {
    const { tenantry, ada } = open(child(), { limits: { drainTimeoutMs: 1 } });
    await ada.listTools();
    const failed = failureOf(ada.callTool("notes__hang"));
    await until(() => tenantry.stats().leases === 1);
    await tenantry.close();
    expect((await failed).code).toBe("CLOSED");
  });
});

it("a server in this process has its pipes ended", async () => {
  const server = inMemoryServer();
  const { tenantry, ada, bob } = open({ connect: server.connect });
  await Promise.all([ada.callTool("notes__echo"), bob.callTool("notes__echo")]);
  expect(server.openPipes).toBe(2);
  await tenantry.close();
  expect(server.openPipes).toBe(0);
});

describe("the host's process", { timeout: 30_000 }, () => {
  it("has nothing left in its event loop after close(), and ends by itself at once", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const host = startHost("quiet", server.url, marker());
    const [said] = (await once(host.stdout, "data")) as [Buffer];
    const closedAt = performance.now();
    const [code, signal] = (await once(host, "exit")) as [number | null, string | null];
    expect(performance.now() - closedAt).toBeLessThan(2_000);
    expect([code, signal]).toEqual([0, null]);

    const { pid, kept, stats } = JSON.parse(said.toString()) as {
      pid: number;
      kept: string[];
      stats: object;
    };
    expect(kept).toEqual([]);
    expect(stats).toMatchObject(nothing);
    expect(isRunning(pid)).toBe(false);
    expect(server.endedSessions).toBe(1);
  });

  it.each([
    ["ends with its stdin", []],
    ["heeds neither that nor SIGTERM, and has started another", ["--ignore-term", "--grandchild"]],
  ])("takes with it a child that %s, even when it is killed", async (_, modes) => {
    const mark = marker();
    const host = startHost("crash", new URL("http://127.0.0.1:9/"), mark, ...modes);
    const [said] = (await once(host.stdout, "data")) as [Buffer];
    const { pid, grandchild } = JSON.parse(said.toString()) as { pid: number; grandchild: number | null };
    expect(runningWith(mark)).toContain(pid);
    const family = [pid, ...(grandchild === null ? [] : [grandchild])];
    expect(family.filter(isRunning)).toHaveLength(modes.length === 0 ? 1 : 2);
    host.kill("SIGKILL");
    await once(host, "exit");
    await until(() => !family.some(isRunning));
  });
});

it.todo("containers are reaped after a crash of the host — arrives with the runtime");
describe("a parked session", () => {
  const parked = async (more: TenantryOptions = {}) => {
    const clock = manualClock();
    const server = await startFakeServer({ era: "legacy" });
    const opened = open({ url: server.url }, { clock, ...more });
    await opened.ada.callTool(address);
    await clock.advance(300_000);
    expect(opened.tenantry.stats()).toMatchObject({ connections: 0, byState: { parked: 1 } });
    expect([server.sessions.size, server.openSockets]).toEqual([1, expect.any(Number)]);
    return { ...opened, clock, server };
  };

  it("is ended by its DELETE when its time is over", async () => {
    const { tenantry, server, clock } = await parked();
    await clock.advance(3_600_000);
    await until(() => server.endedSessions === 1);
    expect(tenantry.stats()).toMatchObject({ connections: 0, entries: [] });
    await until(() => clock.pending === 0);
    expect([deletesOf(server), server.sessions.size]).toEqual([1, 0]);
    await tenantry.close();
    await server.close();
  });

  it("is ended by its DELETE when another one takes its place, or it is revoked", async () => {
    const { tenantry, server, clock, bob } = await parked({ limits: { maxParked: 1 } });
    await bob.callTool(address);
    await clock.advance(300_000);
    await until(() => server.endedSessions === 1);
    await tenantry.revoke({ workspace: "acme", user: "bob" });
    await until(() => server.endedSessions === 2);
    expect([opensOf(server), server.sessions.size]).toEqual([2, 0]);
    await tenantry.close();
    await server.close();
  });

  it("is ended by its DELETE when the instance closes", async () => {
    const { tenantry, server } = await parked();
    await tenantry.close();
    expect([server.endedSessions, server.sessions.size]).toEqual([1, 0]);
    await until(() => server.openSockets === 0);
    await server.close();
  });
});

it("a legacy server's own stream ends with its last subscription, and with its connection", async () => {
  const ended: number[] = [];
  let streams = 0;
  await using server = await startWireServer(() => {}, {
    onStream: ({ response }) => {
      const number = ++streams;
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      response.once("close", () => ended.push(number));
    },
  });
  await using opened = await openConnection(server.url, { era: "legacy" });
  const first = await opened.connection.subscribe({ tools: true }, () => {});
  const second = await opened.connection.subscribe({ tools: true }, () => {});
  await first.close();
  expect(ended).toEqual([]);
  await second.close();
  await until(() => ended.length === 1);
  await opened.connection.subscribe({ tools: true }, () => {});
  await opened.connection.close();
  await until(() => ended.length === 2);
  expect(opened.egress.stats().requests).toBe(0);
});

function startHost(mode: "quiet" | "crash", url: URL, ...args: string[]) {
  const program = fileURLToPath(new URL("./fixture/host.ts", import.meta.url));
  return spawn(process.execPath, [program, mode, url.href, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("close() after a call that was given up while its connection was being opened", () => {
  it(
    "leaves no process, though it heeds neither the end of its stdin nor SIGTERM",
    { timeout: 20_000 },
    async () => {
      const mark = marker();
      const deaf = "process.on('SIGTERM', () => {}); process.stdin.resume(); setInterval(() => {}, 1000);";
      const { tenantry, ada } = open({ command: process.execPath, args: ["-e", deaf, "--", mark] });
      expect((await failureOf(ada.callTool(address, {}, { timeoutMs: 400 }))).code).toBe("TIMEOUT");
      await tenantry.close();
      expect(runningWith(mark)).toEqual([]);
    },
  );

  it.each([0, 5_000])("leaves no session, given %i ms to drain", async (drainTimeoutMs) => {
    await using server = await startFakeServer({ era: "legacy" });
    server.faults.add({ kind: "delay", ms: 600 }, { rpc: "initialize" });
    const { tenantry, ada, bob } = open({ url: server.url, era: "legacy" }, { limits: { drainTimeoutMs } });
    const given = failureOf(ada.callTool(address, {}, { timeoutMs: 400 }));
    const connecting = failureOf(bob.callTool(address));
    expect((await given).code).toBe("TIMEOUT");
    await tenantry.close();
    expect((await connecting).code).toBe("CLOSED");
    expect(server.endedSessions).toBe(2);
    expect(server.sessions.size).toBe(0);
  });

  it("leaves no session of which the server tells only then", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    server.faults.add({ kind: "delay", ms: 300 }, { rpc: "initialize" });
    const { tenantry, ada } = open({ url: server.url, era: "legacy" });
    const given = failureOf(ada.callTool(address, {}, { timeoutMs: 100 }));
    expect((await given).code).toBe("TIMEOUT");
    await tenantry.close();
    expect(server.endedSessions).toBe(opensOf(server));
    expect(server.sessions.size).toBe(0);
  });
});
