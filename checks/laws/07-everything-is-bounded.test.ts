// Law 7. Whatever a server sends or a caller asks for has a bound: bytes, nesting, pages, redirects, queues, connections, time.
// Past it there is a typed error, the exchange ends, and what is held meanwhile stays under twice the bound.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { defaultTools, manualClock, startFakeServer } from "@tenantry/testing";
import { confront, hostileCases, type HostileCase } from "@tenantry/testing/hostile";
import { createTenantry, type ServerDefinition, type TenantryLimits, type TenantryOptions } from "tenantry";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connections, instances } from "../hostile/ours.ts";
import { openConnection } from "./fixture/connection.ts";
import { codesOf, failureOf, isPending, until } from "./fixture/outcome.ts";
import { marker, runningWith } from "./fixture/processes.ts";
import { startWireServer, type WireExchange } from "./fixture/wire-server.ts";

const eras = ["legacy", "modern"] as const;
const address = { server: "notes", tool: "work" };
const kib = 1024;

function open(notes: ServerDefinition, more: TenantryOptions = {}) {
  const tenantry = createTenantry({ servers: { notes }, ...more });
  const acme = tenantry.workspace("acme");
  return { tenantry, ada: acme.as("ada"), bob: acme.as("bob"), eve: acme.as("eve") };
}

/** Writes as fast as it is read, until the client leaves; tells how much it wrote. */
function pour({ response }: WireExchange, type: string, begin: string, more: string) {
  const written = { bytes: 0, ended: false };
  const write = (text: string) => {
    written.bytes += text.length;
    return response.write(text);
  };
  const go = () => {
    while (!written.ended && write(more));
  };
  response.on("drain", go).on("close", () => (written.ended = true));
  response.writeHead(200, { "content-type": type });
  write(begin);
  go();
  return written;
}

describe.each(eras)("what a %s server answers", (era) => {
  const text = "a".repeat(16 * kib);
  const limits: Partial<TenantryLimits> = {
    maxMessageBytes: 256 * kib,
    maxStreamBytes: 1024 * kib,
    maxDepth: 32,
  };

  it.each([
    ["a JSON body without an end", "application/json", '{"jsonrpc":"2.0","id":0,"result":{"a":"', text, 256],
    ["an event without an end", "text/event-stream", "data: ", text, 256],
    ["a field name without an end", "text/event-stream", "", text, 256],
    ["lines of one event without an end", "text/event-stream", "", `data: ${text}\n`, 256],
    ["comments without an end", "text/event-stream", "", `: ${text}\n`, 1024],
    [
      "events without an end",
      "text/event-stream",
      "",
      `data: {"jsonrpc":"2.0","method":"x"}\n\n`.repeat(400),
      1024,
    ],
    ["an error body without an end", "application/json", '{"a":"', text, 1024],
  ])("may not be %s: LIMIT_EXCEEDED", async (what, type, begin, more, boundKib) => {
    let written = { bytes: 0, ended: false };
    await using server = await startWireServer((exchange) => {
      if (what.includes("error")) exchange.response.statusCode = 400;
      written = pour(exchange, type, begin, more);
    });
    const { tenantry, ada } = open({ url: server.url, era }, { limits });
    await using _owner = tenantry;

    const error = await failureOf(ada.callTool(address));
    expect(error).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "unknown" });
    expect(error.message).toMatch(/\d{3,}/u);
    await until(() => written.ended);
    // What the two systems' socket buffers hold comes on top.
    expect(written.bytes).toBeLessThan(boundKib * kib + 8_192 * kib);
  });

  it("may not announce more than the bound: LIMIT_EXCEEDED before it is read", async () => {
    await using server = await startWireServer(({ response }) => {
      response
        .writeHead(200, { "content-type": "application/json", "content-length": 2_000_000 })
        .flushHeaders();
    });
    const { tenantry, ada } = open({ url: server.url, era }, { limits });
    await using _owner = tenantry;
    expect((await failureOf(ada.callTool(address))).code).toBe("LIMIT_EXCEEDED");
  });

  it("may not have headers without an end", async () => {
    await using server = await startWireServer(({ response }) => {
      response.writeHead(200, { "x-long": "a".repeat(100 * kib) }).end();
    });
    const { tenantry, ada } = open({ url: server.url, era });
    await using _owner = tenantry;
    expect((await failureOf(ada.callTool(address))).code).toBe("LIMIT_EXCEEDED");
  });

  it.each(["application/json", "text/event-stream"])("may not nest too deeply as %s", async (type) => {
    await using server = await startWireServer(({ message, response }) => {
      const deep = "[".repeat(100_000) + "]".repeat(100_000);
      const body = `{"jsonrpc":"2.0","id":${message.id},"result":{"resultType":"complete","content":[],"a":${deep}}}`;
      response.writeHead(200, { "content-type": type });
      response.end(type.startsWith("text") ? `data: ${body}\n\n` : body);
    });
    const { tenantry, ada } = open({ url: server.url, era }, { limits });
    await using _owner = tenantry;
    expect(await failureOf(ada.callTool(address))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      delivery: "unknown",
    });
  });

  it.each([
    ["pages without an end", "LIMIT_EXCEEDED", (page: number) => `page-${page}`, 8],
    ["the same cursor again", "PROTOCOL_VIOLATION", () => "again", 2],
    ["two cursors in turns", "PROTOCOL_VIOLATION", (page: number) => `page-${page % 2}`, 3],
  ])("may not be %s: %s", async (_, code, cursorOf, pages) => {
    await using server = await startWireServer(({ result }) => {
      const page = server.messages.filter(({ method }) => method === "tools/list").length;
      const tool = { name: `tool-${page}`, inputSchema: { type: "object" } };
      result({ resultType: "complete", tools: [tool], nextCursor: cursorOf(page) });
    });
    const { tenantry, ada } = open({ url: server.url, era }, { limits: { maxPages: 8 } });
    await using _owner = tenantry;

    const { tools, unavailable } = await ada.listTools();
    expect(tools).toEqual([]);
    expect(unavailable).toMatchObject([{ server: "notes", error: { code, delivery: "answered" } }]);
    expect(server.messages.filter(({ method }) => method === "tools/list")).toHaveLength(pages);
  });

  it("may not list too many tools: LIMIT_EXCEEDED", async () => {
    const [tool] = defaultTools();
    const tools = Array.from({ length: 21 }, (_, n) => ({
      ...tool!,
      definition: { ...tool!.definition, name: `tool-${n}` },
    }));
    await using server = await startFakeServer({ era, tools, pageSize: 5 });
    const { tenantry, ada } = open({ url: server.url }, { limits: { maxTools: 20 } });
    await using _owner = tenantry;
    expect((await ada.listTools()).unavailable).toMatchObject([{ error: { code: "LIMIT_EXCEEDED" } }]);
  });

  it("may not redirect for ever: LIMIT_EXCEEDED after three", async () => {
    await using server = await startFakeServer({ era });
    const { tenantry, ada } = open({ url: server.url, era });
    await using _owner = tenantry;
    await ada.listTools();
    server.faults.add({ kind: "redirect", to: server.url }, { rpc: "tools/call" });
    const error = await failureOf(ada.callTool("notes__echo"));
    expect(error).toMatchObject({ code: "LIMIT_EXCEEDED", delivery: "refused" });
    expect(server.requests.filter(({ rpc }) => rpc === "tools/call")).toHaveLength(4);
  });

  it("may not put its answer off for ever: progress does not extend the deadline", async () => {
    const clock = manualClock();
    const itsClock = manualClock();
    await using server = await startFakeServer({ era, clock: itsClock });
    const { tenantry, ada } = open({ url: server.url }, { clock });
    await using _owner = tenantry;
    await ada.listTools();
    const seen: number[] = [];
    const onProgress = ({ progress }: { progress: number }) => void seen.push(progress);
    const failed = failureOf(ada.callTool("notes__sleep", { ms: 4_000 }, { timeoutMs: 2_500, onProgress }));
    for (const step of [1, 2]) {
      await until(() => itsClock.pending === 1);
      await Promise.all([itsClock.advance(1_000), clock.advance(1_000)]);
      await until(() => seen.includes(step));
    }
    await clock.advance(500);
    expect(await failed).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
    expect(seen).toEqual([1, 2]);
  });
});

describe("what a caller gives", () => {
  it.each<[string, unknown, string]>([
    ["larger than the bound", { text: "a".repeat(2_000) }, "LIMIT_EXCEEDED"],
    ["of more values than the bound", { list: Array.from({ length: 2_000 }, () => 1) }, "LIMIT_EXCEEDED"],
    ["deeper than the bound", { a: { b: { c: { d: { e: 1 } } } } }, "LIMIT_EXCEEDED"],
    ["a circle", circle(), "ARGUMENT_INVALID"],
  ])("may not be %s, and is not sent", async (_, args, code) => {
    await using server = await startFakeServer();
    const limits = { maxArgumentSize: 1_000, maxArgumentDepth: 4 };
    const { tenantry, ada } = open({ url: server.url }, { limits });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool("notes__echo", args as Record<string, unknown>));
    expect(error).toMatchObject({ code, delivery: "unsent" });
    expect(server.requests).toEqual([]);
  });

  it("may not be megabytes by default, nor make a message that costs more than it", async () => {
    await using server = await startFakeServer();
    const { tenantry, ada } = open({ url: server.url });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool("notes__echo", { text: "a".repeat(17 * kib * kib) }));
    expect(error.code).toBe("LIMIT_EXCEEDED");
    expect(server.requests).toEqual([]);
  });
});

describe("connections", () => {
  it.each([
    ["in all", { maxConnections: 1 }, "bob" as const],
    ["of one user", { maxConnectionsPerUser: 1 }, "ada" as const],
  ])("%s have a cap, and who waits for it has a bound and a time: POOL_EXHAUSTED", async (_, cap, who) => {
    const clock = manualClock();
    await using server = await startFakeServer();
    await using other = await startFakeServer();
    server.faults.add({ kind: "hang" }, { rpc: "tools/call" });
    const limits = { ...cap, maxWaiting: 1, acquireTimeoutMs: 4_000, drainTimeoutMs: 0 };
    await using tenantry = createTenantry({
      servers: { notes: { url: server.url }, other: { url: other.url } },
      clock,
      limits,
    });
    const acme = tenantry.workspace("acme");
    const busy = failureOf(acme.as("ada").callTool({ server: "notes", tool: "echo" }));
    await until(() => server.requests.some(({ rpc }) => rpc === "tools/call"));

    const elsewhere = { server: "other", tool: "echo" };
    const waits = failureOf(acme.as(who).callTool(elsewhere));
    await until(() => tenantry.stats().waiting === 1);
    const full = await failureOf(acme.as(who).callTool(elsewhere));
    expect(full).toMatchObject({ code: "POOL_EXHAUSTED", delivery: "unsent", retryable: true });
    expect(await isPending(waits)).toBe(true);
    await clock.advance(4_000);
    expect(await waits).toMatchObject({ code: "POOL_EXHAUSTED", delivery: "unsent", retryable: true });
    expect(tenantry.stats()).toMatchObject({ connections: 1, waiting: 0 });
    expect(other.requests).toEqual([]);
    const closing = tenantry.close();
    await clock.advance(0);
    await closing;
    expect((await busy).code).toBe("CLOSED");
  });

  it("make room for those who need their place when nobody uses them, and sessions at rest have a bound too", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const limits = { maxConnections: 1, maxParked: 1 };
    const { tenantry, ada, bob, eve } = open({ url: server.url }, { limits });
    await using _owner = tenantry;
    for (let round = 0; round < 2; round++) {
      for (const user of [ada, bob, eve]) await user.callTool("notes__echo");
    }
    expect(tenantry.stats()).toMatchObject({ connections: 1, byState: { parked: 1 } });
    await until(() => server.sessions.size === 2);
    expect(server.endedSessions).toBe(4);
  });
});

describe("what a child process writes", { timeout: 30_000 }, () => {
  const answering = (body: string) => `
    const say = (id, result) => process.stdout.write('{"jsonrpc":"2.0","id":' + id + ',"result":' + result + '}\\n');
    require("node:readline").createInterface(process.stdin).on("line", (line) => {
      const { id, method } = JSON.parse(line);
      const serverInfo = { name: "odd", version: "1" };
      const hello = { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
      if (method === "initialize") say(id, JSON.stringify(hello));
      else if (method === "tools/call") { ${body} }
    });`;

  it("may not be a line without an end: the process is ended, and the error says why", async () => {
    const mark = marker();
    const body = `
      const more = () => { while (process.stdout.write("a".repeat(65536))); process.stdout.once("drain", more); };
      process.stdout.write('{"jsonrpc":"2.0","id":' + id + ',"result":{"a":"'); more();`;
    const { tenantry, ada } = open({ command: process.execPath, args: ["-e", answering(body), "--", mark] });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool(address));
    expect(codesOf(error)).toEqual(["LIMIT_EXCEEDED", "LIMIT_EXCEEDED"]);
    expect(error).toMatchObject({ delivery: "unknown", retryable: false });
    await until(() => runningWith(mark).length === 0);
    expect(tenantry.stats().connections).toBe(0);
  });

  it("may not nest too deeply", async () => {
    const body = `say(id, '{"content":[],"a":' + "[".repeat(100000) + "]".repeat(100000) + "}");`;
    const { tenantry, ada } = open({ command: process.execPath, args: ["-e", answering(body)] });
    await using _owner = tenantry;
    const error = await failureOf(ada.callTool(address, {}, { timeoutMs: 5_000 }));
    expect(codesOf(error)).toContain("LIMIT_EXCEEDED");
  });

  it("may be noise without an end, which costs nothing", async () => {
    const body = `
      for (let line = 0; line < 20_000; line++) process.stdout.write("just a log line\\n");
      say(id, '{"content":[]}');`;
    const { tenantry, ada } = open({ command: process.execPath, args: ["-e", answering(body)] });
    await using _owner = tenantry;
    expect(await ada.callTool(address)).toEqual({ content: [] });
  });
});

describe("the zoo of hostile servers", { timeout: 30_000 }, () => {
  afterEach(() => vi.unstubAllEnvs());

  /** `pnpm hostile` does the same at full size, where memory is measured too. */
  const scale = 0.02;
  const all = hostileCases.flatMap((one) =>
    one.eras.flatMap((era) =>
      clientsFor(one).map((create) => ({ ...one, era, client: create.name, create })),
    ),
  );

  /** Whether its deadline passes, so that it is best waited for beside others; what concerns the process runs alone. */
  const isSlow = ({ id }: HostileCase) => ["DOS-05", "DOS-08", "DOS-10", "DOS-11", "PROC-10"].includes(id);

  async function complaintsOf({ start, era, create }: (typeof all)[number]): Promise<readonly string[]> {
    await using server = await start({ era, scale });
    for (const [name, value] of Object.entries(server.plan.env)) vi.stubEnv(name, value);
    return server.judge(await confront(create(), server.plan));
  }

  it.concurrent.each(all.filter((one) => isSlow(one)))(
    "meets its bounds: $id $title, $era, $client",
    async (one) => expect(await complaintsOf(one)).toEqual([]),
  );
  it.each(all.filter((one) => !isSlow(one)))("meets its bounds: $id $title, $era, $client", async (one) =>
    expect(await complaintsOf(one)).toEqual([]),
  );
});

describe("memory", { timeout: 30_000 }, () => {
  it.each(["application/json", "text/event-stream"])(
    "stays under twice the bound while %s without an end is read",
    async (type) => {
      const begin = type === "application/json" ? '{"jsonrpc":"2.0","id":0,"result":{"a":"' : "data: ";
      await using server = await startWireServer((exchange) => {
        if (exchange.message.params?.name === "work") pour(exchange, type, begin, "a".repeat(64 * kib));
        else exchange.result({ content: [] });
      });
      const program = fileURLToPath(new URL("./fixture/memory-host.ts", import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [
        "--expose-gc",
        program,
        server.url.href,
      ]);
      const { code, boundBytes, peakBytes } = JSON.parse(stdout) as {
        code: string;
        boundBytes: number;
        peakBytes: number;
      };
      expect(code).toBe("LIMIT_EXCEEDED");
      // It was really read up to the bound, and never held twice.
      expect(peakBytes).toBeGreaterThan(boundBytes / 2);
      expect(peakBytes).toBeLessThan(2 * boundBytes);
    },
  );
});

describe("a stream on which a server speaks of its own accord", () => {
  it("has a bound for each event, and is not opened again past it", async () => {
    const bound = 64 * kib;
    let poured: ReturnType<typeof pour> | undefined;
    await using server = await startWireServer(() => {}, {
      onStream: (exchange) => (poured = pour(exchange, "text/event-stream", "data: ", "a".repeat(bound))),
    });
    await using opened = await openConnection(server.url, {
      era: "legacy",
      limits: { maxMessageBytes: bound },
    });
    const { closed } = await opened.connection.subscribe({ tools: true }, () => {});
    expect(await closed).toMatchObject({ kind: "lost", cause: { code: "LIMIT_EXCEEDED" } });
    await until(() => poured?.ended === true);
    expect(server.messages.filter(({ method }) => method === undefined)).toHaveLength(1);
  });

  it("tells of a storm of changes as of few", async () => {
    const change = `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" })}\n\n`;
    await using server = await startWireServer(() => {}, {
      onStream: ({ response }) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(change.repeat(50_000));
        response.write('data: {"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}\n\n');
      },
    });
    await using opened = await openConnection(server.url, { era: "legacy" });
    const heard: string[] = [];
    await opened.connection.subscribe({ tools: true, prompts: true }, ({ kind }) => heard.push(kind));
    await until(() => heard.includes("prompts_changed"));
    expect(heard.length).toBeLessThan(100);
  });
});

describe("the endpoint that a server of 2024-11-05 names", () => {
  const old = (say: (exchange: WireExchange) => void) =>
    startWireServer(() => {}, {
      onPost: ({ response }) => response.writeHead(405).end(),
      onStream: (exchange) => {
        exchange.response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
        say(exchange);
      },
    });

  it("has a time", async () => {
    await using server = await old(({ response }) => response.write(": wait\n\n"));
    const limits = { handshakeTimeoutMs: 300 };
    expect(await failureOf(openConnection(server.url, { era: "legacy", limits }))).toMatchObject({
      code: "TIMEOUT",
    });
    await until(() => server.openSockets === 0);
  });

  it("has a length", async () => {
    await using server = await old(({ response }) =>
      response.write(`event: endpoint\ndata: /${"a".repeat(9_000)}\n\n`),
    );
    const refused = await failureOf(openConnection(server.url, { era: "legacy" }));
    expect(refused).toMatchObject({ code: "HANDSHAKE_FAILED", status: 405 });
    expect(server.messages.filter(({ method }) => method === "initialize")).toHaveLength(1);
    await until(() => server.openSockets === 0);
  });
});

describe.each(eras)("with a %s server,", (era) => {
  it.each(["maxConnectionsPerWorkspace", "maxConnectionsPerServer"] as const)("%s holds", async (limit) => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    server.faults.add({ kind: "hang" }, { tool: "sleep" });
    const definition = { url: server.url };
    const limits = { [limit]: 2, acquireTimeoutMs: 1_000, drainTimeoutMs: 1 };
    const tenantry = createTenantry({ servers: { notes: definition, wiki: definition }, clock, limits });
    const [acme, globex] = ["acme", "globex"].map((name) => tenantry.workspace(name));
    const hang = { server: "notes", tool: "sleep" };
    const flood = ["ada", "bob"].map((user) =>
      acme!
        .as(user)
        .callTool(hang)
        .catch(() => {}),
    );
    await until(() => server.requests.filter(({ tool }) => tool === "sleep").length === 2);
    const third = failureOf(acme!.as("eve").callTool({ server: "notes", tool: "echo" }));
    expect(await isPending(third)).toBe(true);
    await globex!.as("eve").callTool({ server: "notes", tool: "echo" });
    const elsewhere = acme!.as("eve").callTool({ server: "wiki", tool: "echo" });
    elsewhere.catch(() => {});
    if (limit === "maxConnectionsPerServer") await elsewhere;
    await clock.advance(1_000);
    expect(await third).toMatchObject({ code: "POOL_EXHAUSTED", retryable: true, delivery: "unsent" });
    if (limit === "maxConnectionsPerWorkspace")
      expect((await failureOf(elsewhere)).code).toBe("POOL_EXHAUSTED");
    const closing = tenantry.close();
    await clock.advance(10_000);
    await closing;
    await Promise.all(flood);
  });

  it("no more than maxConnectsPerOrigin connections are opened to an origin at a time", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    const first = era === "legacy" ? "initialize" : "server/discover";
    const slow = server.faults.add({ kind: "hang" }, { rpc: first });
    const servers = { notes: { url: server.url } };
    const tenantry = createTenantry({
      servers,
      clock,
      limits: { maxConnectsPerOrigin: 2, drainTimeoutMs: 1 },
    });
    const calls = ["ada", "bob", "eve", "joe"].map((user) =>
      tenantry.workspace("acme").as(user).callTool({ server: "notes", tool: "echo" }),
    );
    const settled = Promise.allSettled(calls);
    await until(() => tenantry.stats().byState.connecting === 2);
    expect(await isPending(settled)).toBe(true);
    expect(tenantry.stats().byState).toMatchObject({ connecting: 2, waiting: 2 });
    slow[Symbol.dispose]();
    const closing = tenantry.close();
    await clock.advance(10_000);
    await closing;
    await settled;
  });

  it("no more than maxCallsPerUser calls of one user are in flight", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    server.faults.add({ kind: "hang" }, { tool: "sleep" });
    const limits = { maxCallsPerUser: 2, acquireTimeoutMs: 1_000, drainTimeoutMs: 1, maxWaiting: 3 };
    const tenantry = createTenantry({ servers: { notes: { url: server.url } }, clock, limits });
    const acme = tenantry.workspace("acme");
    const calls = Array.from({ length: 6 }, () =>
      failureOf(acme.as("ada").callTool({ server: "notes", tool: "sleep" })),
    );
    await until(() => server.requests.filter(({ tool }) => tool === "sleep").length === 2);
    expect(await isPending(Promise.all(calls))).toBe(true);
    expect(server.requests.filter(({ tool }) => tool === "sleep")).toHaveLength(2);
    await acme.as("bob").callTool({ server: "notes", tool: "echo" });
    await clock.advance(1_000);
    const closing = tenantry.close();
    await clock.advance(10_000);
    await closing;
    const codes = (await Promise.all(calls)).map(({ code, delivery }) => `${code} ${delivery}`);
    expect(codes.filter((code) => code === "POOL_EXHAUSTED unsent")).toHaveLength(4);
    expect(server.requests.filter(({ tool }) => tool === "sleep")).toHaveLength(2);
  });
});

it("a connection has an absolute lifetime, however busy it is", async () => {
  const clock = manualClock();
  await using server = await startFakeServer({ era: "legacy" });
  const limits = { maxLifetimeMs: 60_000, idleTimeoutMs: 30_000 };
  await using tenantry = createTenantry({ servers: { notes: { url: server.url } }, clock, limits });
  const ada = tenantry.workspace("acme").as("ada");
  const sessions = () =>
    new Set(server.requests.filter(({ tool }) => tool === "echo").map(({ sessionId }) => sessionId));
  for (let passed = 0; passed < 60_000; passed += 20_000) {
    await ada.callTool({ server: "notes", tool: "echo" });
    await clock.advance(20_000);
  }
  expect(sessions().size).toBe(1);
  await ada.callTool({ server: "notes", tool: "echo" });
  expect(sessions().size).toBe(2);
  await until(() => server.endedSessions === 1);
});

/** A URL is text in a definition only, pages are followed by a catalog only, and only an egress takes a resolver. */
function clientsFor({ id }: HostileCase) {
  if (id === "NET-03" || id === "DOS-07") return [instances];
  return ["NET-01", "NET-04", "NET-06", "NET-11"].includes(id) ? [connections] : [connections, instances];
}

function circle(): unknown {
  const args: Record<string, unknown> = {};
  args["self"] = args;
  return args;
}
