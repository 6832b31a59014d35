// Law 8. Whoever cannot know whether a call has run does not send it again, and says so to the caller.
// Only what was surely turned away unread is sent a second time, once, with a repaired connection or credential.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import {
  inMemoryServer,
  manualClock,
  startFakeServer,
  stdioServerPath,
  type FakeServer,
} from "@tenantry/testing";
import {
  bearer,
  createTenantry,
  fromContext,
  fromFunction,
  fromStatic,
  type ServerDefinition,
  type TenantryOptions,
} from "tenantry";
import { describe, expect, it } from "vitest";
import { openConnection } from "./fixture/connection.ts";
import { failureOf, until } from "./fixture/outcome.ts";
import { freePort, startWireServer } from "./fixture/wire-server.ts";
import { workTool } from "./fixture/work-tool.ts";

const eras = ["legacy", "modern"] as const;
const address = { server: "notes", tool: "work" };

function open(notes: ServerDefinition, more: TenantryOptions = {}) {
  const tenantry = createTenantry({ servers: { notes }, ...more });
  return { tenantry, ada: tenantry.workspace("acme").as("ada", { token: "of-ada" }) };
}

const callsTo = ({ requests }: FakeServer) => requests.filter(({ rpc }) => rpc === "tools/call");
const opensOf = ({ requests }: FakeServer) => requests.filter(({ rpc }) => rpc === "initialize");

describe.each(eras)("a call to a %s server whose answer is lost", (era) => {
  it.each([
    ["because the socket breaks after the work", { kind: "reset", afterWork: true }, 1],
    ["because the stream ends after the work", { kind: "endStream", afterWork: true }, 1],
    ["because the socket breaks before the work", { kind: "reset" }, 0],
    ["because the stream ends before the work", { kind: "endStream" }, 0],
  ] as const)("%s is DELIVERY_UNKNOWN and is not sent again", async (_, fault, ran) => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    await ada.listTools();
    server.faults.add(fault, { tool: "work", times: 1 });

    const error = await failureOf(ada.callTool("notes__work"));
    expect(error).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown", retryable: false });
    expect(error.message).toContain("find out whether it ran");
    expect(work.runs).toHaveLength(ran);
    expect(callsTo(server)).toHaveLength(1);

    await ada.callTool("notes__work");
    expect(work.runs).toHaveLength(ran + 1);
  });

  it("because its time is over is TIMEOUT with an unknown delivery, and is not sent again", async () => {
    const clock = manualClock();
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool] });
    server.faults.add({ kind: "hang", afterWork: true }, { tool: "work", times: 1 });
    const { tenantry, ada } = open({ url: server.url }, { clock });
    await using _owner = tenantry;

    const failed = failureOf(ada.callTool(address, {}, { timeoutMs: 1_000 }));
    await until(() => work.runs.length === 1);
    await clock.advance(1_000);
    expect(await failed).toMatchObject({ code: "TIMEOUT", delivery: "unknown", retryable: false });
    expect((await failed).message).toContain("may have run");

    await ada.callTool("notes__work");
    expect(callsTo(server)).toHaveLength(2);
    expect(work.runs).toHaveLength(2);
  });

  it("because its caller leaves is not sent again", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool] });
    server.faults.add({ kind: "hang", afterWork: true }, { tool: "work", times: 1 });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;

    const controller = new AbortController();
    const left = ada.callTool(address, {}, { signal: controller.signal }).catch((reason: unknown) => reason);
    await until(() => work.runs.length === 1);
    const reason = new Error("the user went home");
    controller.abort(reason);
    expect(await left).toBe(reason);

    await ada.callTool("notes__work");
    expect(work.runs).toHaveLength(2);
  });

  it.each([500, 502, 503, 504])("because it answers with HTTP %s is not sent again", async (status) => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    await ada.listTools();
    server.faults.add({ kind: "answer", status }, { tool: "work", times: 1 });

    const error = await failureOf(ada.callTool("notes__work"));
    expect(error).toMatchObject({ code: "SERVER_UNAVAILABLE", delivery: "unknown", status });
    expect(callsTo(server)).toHaveLength(1);
  });

  it("is sent again, once, where the caller says that it is idempotent", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    server.faults.add({ kind: "reset", afterWork: true }, { tool: "work", times: 1 });
    const result = await ada.callTool(address, {}, { idempotent: true });
    expect(result.content).toEqual([{ type: "text", text: "job 2" }]);
    expect(work.runs).toHaveLength(2);

    server.faults.add({ kind: "reset", afterWork: true }, { tool: "work" });
    const error = await failureOf(ada.callTool(address, {}, { idempotent: true }));
    expect(error).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown" });
    expect(work.runs).toHaveLength(4);
  });
});

describe("a call that was surely not read", () => {
  it("because its session is gone is sent again on a new one, and runs once", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era: "legacy", tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    await ada.listTools();
    await server.forgetSessions();

    const results = await Promise.all([ada.callTool(address), ada.callTool(address), ada.callTool(address)]);
    expect(results).toHaveLength(3);
    expect(work.runs).toHaveLength(3);
    expect(opensOf(server)).toHaveLength(2);
  });

  it("because its session is gone twice in a row is an error after one resend", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era: "legacy", tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    const gone = server.faults.add({ kind: "answer", status: 404 }, { tool: "work" });

    const error = await failureOf(ada.callTool(address));
    expect(error).toMatchObject({ code: "SESSION_LOST", delivery: "refused" });
    expect(callsTo(server)).toHaveLength(2);
    expect(work.runs).toEqual([]);

    gone[Symbol.dispose]();
    await ada.callTool(address);
    expect(work.runs).toHaveLength(1);
  });

  it("because nobody listened says that it may be sent again, and then runs once", async () => {
    const port = await freePort();
    const { tenantry, ada } = open({ url: `http://127.0.0.1:${port}/mcp`, era: "modern" });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool(address));
    expect(error).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent", retryable: true });

    await using server = await startWireServer(({ result }) => result({ content: [] }), { port });
    await ada.callTool(address);
    expect(server.messages.filter(({ method }) => method === "tools/call")).toHaveLength(1);
  });

  it("because the process had ended before is sent to a new one", async () => {
    const { tenantry, ada } = open({ command: process.execPath, args: [stdioServerPath] });
    await using _owner = tenantry;
    const pidOf = async () => {
      const { structuredContent } = await ada.callTool("notes__whoami");
      return Number((structuredContent as { pid?: unknown }).pid);
    };
    const first = await pidOf();
    process.kill(first, "SIGKILL");
    await until(() => tenantry.stats().connections === 0);
    expect(await pidOf()).not.toBe(first);
  });

  it("because the server in this process had ended before is sent to a new one, and runs once", async () => {
    const work = workTool();
    const server = inMemoryServer({ tools: [work.tool] });
    const { tenantry, ada } = open({ connect: server.connect });
    await using _owner = tenantry;
    await ada.listTools();
    await server.crash();
    await ada.callTool("notes__work");
    expect(work.runs).toHaveLength(1);
    expect(server.pipes).toHaveLength(2);
  });
});

describe("a process that ends while it works", () => {
  it("is DELIVERY_UNKNOWN, and the next call gets another process", async () => {
    const { tenantry, ada } = open({ command: process.execPath, args: [stdioServerPath] });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool("notes__crash"));
    expect(error).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown", retryable: false });
    expect(await ada.callTool("notes__echo", { text: "again" })).toMatchObject({
      content: [{ text: "again" }],
    });
  });
});

describe.each(eras)("a call that a %s server refuses with 401", (era) => {
  const authenticate = { header: "authorization", keys: { old: "ada" } };

  it.each([
    ["a fixed credential", bearer(fromStatic("old"))],
    ["the caller's own credential", bearer(fromContext("key"))],
    ["a function that gives the same again", bearer(fromFunction(() => "old"))],
  ])("is not sent again with %s", async (_, credential) => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool], authenticate });
    const tenantry = createTenantry({ servers: { notes: { url: server.url, credential } } });
    await using _owner = tenantry;
    const ada = tenantry.workspace("acme").as("ada", { key: "old" });
    await ada.listTools();
    server.setKeys({ fresh: "ada" });

    const error = await failureOf(ada.callTool("notes__work"));
    expect(error).toMatchObject({ code: "UNAUTHORIZED", delivery: "refused", status: 401 });
    expect(callsTo(server)).toHaveLength(1);
    expect(work.runs).toEqual([]);
  });

  it("is sent again, once, with the fresh one that the function gives for the refused one", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool], authenticate });
    const refused: unknown[] = [];
    let key = "old";
    const credential = bearer(
      fromFunction(({ rejected }) => {
        if (rejected !== undefined) refused.push(rejected.challenge?.parameters["error"]);
        return rejected === undefined ? key : (key = "fresh");
      }),
    );
    const { tenantry, ada } = open({ url: server.url, credential });
    await using _owner = tenantry;
    await ada.listTools();
    server.setKeys({ fresh: "ada" });

    await ada.callTool("notes__work");
    expect(work.runs).toHaveLength(1);
    expect(refused).toEqual(["invalid_token"]);
    expect(callsTo(server).map(({ status }) => status)).toEqual([401, 200]);
  });

  it("twice in a row is an error after one resend", async () => {
    const work = workTool();
    await using server = await startFakeServer({ era, tools: [work.tool], authenticate });
    let next = 0;
    const credential = bearer(fromFunction(({ rejected }) => (rejected ? `new-${next++}` : "old")));
    const { tenantry, ada } = open({ url: server.url, credential });
    await using _owner = tenantry;
    await ada.listTools();
    // The new keys open a connection and list, but the call itself is refused each time.
    server.setKeys({ old: "ada", "new-0": "ada", "new-1": "ada" });
    server.faults.add({ kind: "answer", status: 401 }, { tool: "work" });

    expect(await failureOf(ada.callTool(address))).toMatchObject({
      code: "UNAUTHORIZED",
      delivery: "refused",
    });
    expect(callsTo(server)).toHaveLength(2);
    expect(work.runs).toEqual([]);
  });
});

describe("a kept socket that the server closes just as it is used again", () => {
  it("never makes a call run twice", async () => {
    const runs = new Map<string, number>();
    await using server = await startClosingServer(runs);
    const { tenantry, ada } = open({ url: server.url, era: "modern" });
    await using _owner = tenantry;
    const outcomes: string[] = [];
    for (let job = 0; job < 60; job++) {
      const outcome = await ada.callTool(address, { job: `job-${job}` }).then(
        () => "ran",
        (error: { code: string }) => error.code,
      );
      outcomes.push(outcome);
      const times = runs.get(`job-${job}`) ?? 0;
      expect(times, outcome).toBe(outcome === "ran" ? 1 : times);
      expect(times).toBeLessThanOrEqual(1);
    }
    // The race was really run: some calls were answered, and some met the closing socket.
    expect(outcomes).toContain("ran");
    expect(outcomes).toContain("DELIVERY_UNKNOWN");
    for (const outcome of outcomes) expect(["ran", "DELIVERY_UNKNOWN"]).toContain(outcome);
  });
});

describe.each(eras)("a call of a tool that a %s server declares to be harmless", (era) => {
  const lost = { kind: "reset", afterWork: true } as const;

  it.each([
    ["read-only", { readOnlyHint: true }, true, 2],
    ["idempotent", { idempotentHint: true }, true, 2],
    ["neither", {}, true, 1],
    ["destructive", { destructiveHint: true, idempotentHint: false }, true, 1],
    ["read-only by a server that is not trusted", { readOnlyHint: true }, false, 1],
  ] as const)(
    "%s: it is sent again, once, only where the host trusts what it says",
    async (_, annotations, trusts, sent) => {
      const work = workTool();
      const tool = { ...work.tool, definition: { ...work.tool.definition, annotations } };
      await using server = await startFakeServer({ era, tools: [tool] });
      const { tenantry, ada } = open({ url: server.url, ...(trusts && { trust: { annotations: true } }) });
      await using _owner = tenantry;
      await ada.listTools();
      server.faults.add(lost, { tool: "work", times: 1 });
      const outcome = ada.callTool("notes__work", { job: 1 });
      if (sent === 2) await outcome;
      else expect((await failureOf(outcome)).code).toBe("DELIVERY_UNKNOWN");
      expect(callsTo(server)).toHaveLength(sent);

      // However often its answer is lost, it is sent twice at most.
      server.faults.add(lost, { tool: "work" });
      expect((await failureOf(ada.callTool(address, { job: 2 }))).code).toBe("DELIVERY_UNKNOWN");
      expect(callsTo(server)).toHaveLength(sent * 2);
    },
  );
});

it("an answer whose stream broke is fetched by its last event id, and the tool is not called again", async () => {
  let id: number | string | undefined;
  const asked: unknown[] = [];
  await using server = await startWireServer(
    ({ message, response }) => {
      id = message.id;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("id: 7\nretry: 100\ndata:\n\n");
    },
    {
      onStream: ({ request, response }) => {
        asked.push(request.headers["last-event-id"]);
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id, result: { content: [] } })}\n\n`);
      },
    },
  );
  await using opened = await openConnection(server.url, { era: "legacy" });
  expect(await opened.connection.request("tools/call", { name: "work" })).toEqual({ content: [] });
  expect(asked).toEqual(["7"]);
  expect(server.messages.filter(({ method }) => method === "tools/call")).toHaveLength(1);
});

it.each(eras)(
  "a call to a %s server goes on with a parked session, without another handshake",
  async (era) => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    const { tenantry, ada } = open({ url: server.url }, { clock });
    const echo = { server: "notes", tool: "echo" };
    await ada.callTool(echo);
    await clock.advance(300_000);
    expect(tenantry.stats()).toMatchObject({ connections: 0, byState: { parked: 1 } });
    const before = server.requests.length;
    await ada.callTool(echo);
    expect(server.requests.slice(before).map(({ rpc }) => rpc)).toEqual(["tools/call"]);
    expect(new Set(callsTo(server).map(({ sessionId }) => sessionId)).size).toBe(1);

    // A server that has forgotten it meanwhile refuses the call unread, so it is sent again in a new session.
    await clock.advance(300_000);
    await server.forgetSessions();
    await ada.callTool(echo);
    expect(callsTo(server).filter(({ status }) => status === 200)).toHaveLength(3);
    await tenantry.close();
  },
);

/**
 * Counts a job when all of it has arrived. Every second request of a socket is never answered: the socket is closed
 * as soon as it comes, now before and now after the job has been counted.
 */
async function startClosingServer(runs: Map<string, number>) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    const early = connections++ % 2 === 0;
    let text = "";
    let answered = 0;
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (answered > 0 && early) return void socket.destroy();
      const length = /content-length: (\d+)/iu.exec(text)?.[1];
      const [head, body] = text.split("\r\n\r\n");
      if (length === undefined || head === undefined || body === undefined || body.length < Number(length))
        return;
      text = "";
      const { id, params } = JSON.parse(body) as { id: number; params: { arguments: { job: string } } };
      const { job } = params.arguments;
      runs.set(job, (runs.get(job) ?? 0) + 1);
      if (answered++ > 0) return void socket.destroy();
      const answer = JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", content: [] } });
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
      );
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

describe("a call to a modern server that is refused by HTTP alone", () => {
  it.each([400, 404, 405])("with %i is not sent again, as it may have run", async (status) => {
    const work = workTool();
    await using server = await startFakeServer({ era: "dual", tools: [work.tool] });
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    for (const asked of [true, false]) {
      server.faults.add({ kind: "answer", status, body: "no" }, { rpc: "tools/call", times: 1 });
      const before = callsTo(server).length;
      const error = await failureOf((asked ? ada : tenantry.workspace("acme").as("bob")).callTool(address));
      expect(error).toMatchObject({ code: "SERVER_ERROR", delivery: "unknown", server: "notes" });
      expect(callsTo(server)).toHaveLength(before + 1);
    }
    await ada.callTool(address);
    expect(work.runs).toHaveLength(1);
  });
});
