import type { ServerResponse } from "node:http";
import type { Connection, Era, OpenOptions, ParkedSession } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { startFakeServer, type FakeServer } from "@tenantry/testing";
import { describe, expect, onTestFinished, test as it, vi } from "vitest";
import { createConnector } from "./index.ts";
import {
  error,
  failureOf,
  json,
  legacy,
  result,
  scripted,
  type Handler,
  type Message,
} from "../test/scripted-server.ts";

type Resume = Pick<OpenOptions<ParkedSession>, "resume">;

/** Opens connections to one server through one connector, and closes what the test leaves open. */
function hostOf(url: URL, era?: Era) {
  const egress = createEgress();
  onTestFinished(() => egress.close());
  const connector = createConnector({ egress });
  const endpoint = {
    ...({ kind: "http", url, provenance: "code", headers: {} } as const),
    ...(era !== undefined && { era }),
  };
  return async (how: Resume = {}): Promise<Connection> => {
    const connection = await connector.open(endpoint, undefined, how);
    onTestFinished(() => connection.close());
    return connection;
  };
}

async function serve(era: Era | "dual"): Promise<FakeServer> {
  const server = await startFakeServer({ era });
  onTestFinished(() => server.close());
  return server;
}

/** Parks a connection as soon as the end of its handshake has been heard. */
const parked = (connection: Connection): Promise<ParkedSession> =>
  vi.waitFor(() => connection.park() ?? expect.unreachable("It was not parked."));

const call = (connection: Connection) => connection.request("tools/call", { name: "counter" });
const rpcs = ({ requests }: FakeServer) => requests.map(({ method, rpc }) => rpc ?? method);
const wire = (seen: readonly { readonly message: Message; readonly method: string }[]) =>
  seen.map(({ message, method }) => message.method ?? method);

const done = { resultType: "complete", content: [] };
const answering: Handler = ({ id }, response) => json(response, result(id, done));
/** A modern server that can be asked what it is. */
const modern: Handler = (message, response, request) => {
  if (message.method !== "server/discover") return answering(message, response, request);
  const _meta = { "io.modelcontextprotocol/serverInfo": { name: "odd", version: "2" } };
  const supportedVersions = ["2026-07-28"];
  json(
    response,
    result(message.id, { supportedVersions, capabilities: { tools: {} }, instructions: "Ask.", _meta }),
  );
};

describe("a record", () => {
  it("of a session goes on without a handshake, and ends what it was made of without a word", async () => {
    const server = await serve("legacy");
    const open = hostOf(server.url, "legacy");
    const first = await open();
    await call(first);
    const record = await parked(first);
    const [sessionId] = server.sessions.keys();
    expect(record).toMatchObject({ era: "legacy", sessionId, protocolVersion: "2025-11-25" });
    expect(record.facts).toMatchObject({ capabilities: { tools: {} } });
    expect(await first.closed).toEqual({ kind: "closed" });
    expect(first.park()).toBeUndefined();
    expect(await failureOf(call(first))).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    await first.close();
    expect(server.endedSessions).toBe(0);

    const resumed = await open({ resume: record });
    for (const fact of ["era", "protocolVersion", "capabilities", "serverInfo", "instructions"] as const)
      expect(resumed[fact]).toEqual(first[fact]);
    expect(await call(resumed)).toMatchObject({ structuredContent: { count: 2 } });
    expect(rpcs(server).filter((rpc) => rpc === "initialize")).toHaveLength(1);
    expect(server.requests.at(-1)?.headers["mcp-protocol-version"]).toBe("2025-11-25");
  });

  it("of a modern server that was asked keeps what it said, and nothing is asked again", async () => {
    const { url, seen } = await scripted(modern);
    const open = hostOf(url);
    const first = await open();
    const record = await parked(first);
    expect(record).toEqual({
      era: "modern",
      protocolVersion: "2026-07-28",
      facts: {
        capabilities: { tools: {} },
        serverInfo: { name: "odd", version: "2" },
        instructions: "Ask.",
      },
    });
    expect(await first.closed).toEqual({ kind: "closed" });
    seen.length = 0;
    const resumed = await open({ resume: record });
    expect(resumed).toMatchObject({ era: "modern", protocolVersion: "2026-07-28", instructions: "Ask." });
    expect(resumed.capabilities).toEqual({ tools: {} });
    await call(resumed);
    expect(wire(seen)).toEqual(["tools/call"]);
  });

  it("of a modern server that was never asked claims nothing in its name", async () => {
    const { url, seen } = await scripted(answering);
    const open = hostOf(url, "modern");
    const first = await open();
    await call(first);
    const record = await parked(first);
    expect(record).toEqual({ era: "modern", protocolVersion: "2026-07-28" });
    const resumed = await open({ resume: record });
    expect(resumed.capabilities).toEqual(first.capabilities);
    expect(resumed.serverInfo).toBeUndefined();
    await call(resumed);
    expect(wire(seen)).toEqual(["tools/call", "tools/call"]);
    expect(await parked(resumed)).toEqual(record);
  });

  it("of a legacy server without sessions goes on without a handshake too", async () => {
    const { url, seen } = await scripted(legacy(answering));
    const open = hostOf(url, "legacy");
    const first = await open();
    await call(first);
    const record = await parked(first);
    expect(record).toMatchObject({ era: "legacy", protocolVersion: "2025-06-18" });
    expect(record).not.toHaveProperty("sessionId");
    seen.length = 0;
    await call(await open({ resume: record }));
    expect(wire(seen)).toEqual(["tools/call"]);
    expect(seen[0]?.headers).toMatchObject({ "mcp-protocol-version": "2025-06-18" });
    expect(seen[0]?.headers).not.toHaveProperty("mcp-session-id");
  });

  it.for(["legacy", "modern"] as const)("can be written down and read again (%s)", async (era) => {
    const server = await serve(era);
    const open = hostOf(server.url, era);
    const first = await open();
    await call(first);
    const record = await parked(first);
    const copy = JSON.parse(JSON.stringify(record)) as ParkedSession;
    const resumed = await open({ resume: copy });
    expect(resumed.capabilities).toEqual(first.capabilities);
    await call(resumed);
    expect(await parked(resumed)).toEqual(record);
  });

  it("of another era than the endpoint's own is left alone", async () => {
    const server = await serve("dual");
    const [old, young] = [hostOf(server.url, "legacy"), hostOf(server.url, "modern")];
    const records = [await parked(await old()), await parked(await young())] as const;
    expect((await young({ resume: records[0] })).era).toBe("modern");
    const again = await old({ resume: records[1] });
    expect(again.era).toBe("legacy");
    expect(await call(again)).toMatchObject({ structuredContent: { count: 1 } });
  });

  it("is gone on from although the server was found to be another one since: nothing is sent for it", async () => {
    const server = await serve("legacy");
    const open = hostOf(server.url);
    expect((await open()).era).toBe("legacy");
    const before = server.requests.length;
    const resumed = await open({ resume: { era: "modern", protocolVersion: "2026-07-28" } });
    expect(resumed.era).toBe("modern");
    await resumed.close();
    expect(server.requests).toHaveLength(before);
  });

  it("of a revision that is not spoken here is left alone", async () => {
    const { url } = await scripted(modern);
    const resume = { era: "modern", protocolVersion: "2199-01-01" } as const;
    expect(await hostOf(url)({ resume })).toMatchObject({ era: "modern", protocolVersion: "2026-07-28" });
  });
});

describe("what a server says of itself", () => {
  it.for(["legacy", "modern"] as const)("is one object for all who were told the same (%s)", async (era) => {
    const server = await serve(era);
    const open = hostOf(server.url);
    // At once: a server whose era is known is not asked.
    const [one, other] = await Promise.all([open(), open()]);
    expect(one.capabilities).toBe(other.capabilities);
    const [first, second] = [await parked(one), await parked(other)];
    expect(first.facts).toBe(second.facts);
    expect((await open({ resume: JSON.parse(JSON.stringify(first)) as ParkedSession })).capabilities).toBe(
      one.capabilities,
    );
    expect((await hostOf(server.url)()).capabilities).not.toBe(one.capabilities);
  });

  it("is nobody's to change, and no other's where it was told something else", async () => {
    let told = 0;
    const { url } = await scripted((message, response, request) => {
      if (message.method !== "initialize") return legacy(answering)(message, response, request);
      const capabilities = { experimental: { toldTo: { user: told++ } } };
      json(response, result(message.id, { protocolVersion: "2025-11-25", capabilities }));
    });
    const open = hostOf(url, "legacy");
    const [ada, bob] = [await open(), await open()];
    expect(ada.capabilities.experimental).toEqual({ toldTo: { user: 0 } });
    expect(bob.capabilities.experimental).toEqual({ toldTo: { user: 1 } });
    expect(() => Object.assign(ada.capabilities.experimental?.["toldTo"] ?? {}, { user: 2 })).toThrow(
      TypeError,
    );
    expect(Object.isFrozen(await parked(ada))).toBe(true);
  });
});

describe("what a resumed connection sends when it is closed", () => {
  it("is one DELETE with its session, and nothing else", async () => {
    const { url, seen } = await scripted(legacy(answering, "s1"));
    const open = hostOf(url, "legacy");
    const record = await parked(await open());
    seen.length = 0;
    await (await open({ resume: record })).close();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "DELETE", message: {} });
    expect(seen[0]?.headers).toMatchObject({ "mcp-session-id": "s1", "mcp-protocol-version": "2025-06-18" });
  });

  it.for([
    ["a legacy server made no session", "legacy", legacy(answering)],
    ["the server is a modern one", "modern", modern],
  ] as const)("is nothing where %s", async ([, era, handler]) => {
    const { url, seen } = await scripted(handler);
    const open = hostOf(url, era);
    const record = await parked(await open());
    seen.length = 0;
    await (await open({ resume: record })).close();
    expect(seen).toEqual([]);
  });
});

describe("nothing is parked", () => {
  it.for(["legacy", "modern"] as const)("while a request is under way (%s)", async (era) => {
    const server = await serve(era);
    const connection = await hostOf(server.url, era)();
    const calling = call(connection);
    expect(connection.park()).toBeUndefined();
    await calling;
    expect((await parked(connection)).era).toBe(era);
  });

  it("before the end of the handshake has been heard", async () => {
    const held: ServerResponse[] = [];
    const { url } = await scripted((message, response, request) => {
      if (message.method === "notifications/initialized") return void held.push(response);
      legacy(answering, "s1")(message, response, request);
    });
    const connection = await hostOf(url, "legacy")();
    await call(connection);
    expect(connection.park()).toBeUndefined();
    await vi.waitFor(() => expect(held).toHaveLength(1));
    held[0]?.writeHead(202).end();
    expect(await parked(connection)).toMatchObject({ sessionId: "s1" });
  });

  it("before a session that was not needed has been given back", async () => {
    const held: ServerResponse[] = [];
    const { url, seen } = await scripted((message, response, request) => {
      if (message.method === "initialize") return void held.push(response);
      if (request.method === "DELETE") return void held.push(response);
      modern(message, response, request);
    });
    const connection = await hostOf(url)();
    await call(connection);
    expect(connection.park()).toBeUndefined();
    legacy(answering, "s1")(
      seen.find(({ message }) => message.method === "initialize")!.message,
      held[0]!,
      undefined!,
    );
    await vi.waitFor(() => expect(wire(seen)).toContain("DELETE"));
    expect(connection.park()).toBeUndefined();
    held[1]?.writeHead(200).end();
    expect((await parked(connection)).era).toBe("modern");
  });

  it.for(["legacy", "modern"] as const)("while somebody subscribes, or has subscribed (%s)", async (era) => {
    const streams: [Message, ServerResponse][] = [];
    const { url } = await scripted((message, response, request) => {
      if (request.method === "GET" || message.method === "subscriptions/listen")
        return void streams.push([message, response]);
      legacy(answering, "s1")(message, response, request);
    });
    const connection = await hostOf(url, era)();
    await call(connection);
    const subscribing = connection.subscribe({ tools: true }, () => {});
    await vi.waitFor(() => expect(streams).toHaveLength(1));
    expect(connection.park()).toBeUndefined();
    for (const [{ id }, stream] of streams) {
      stream.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      const _meta = { "io.modelcontextprotocol/subscriptionId": id };
      const params = { notifications: { toolsListChanged: true }, _meta };
      const acknowledged = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params };
      if (era === "modern") stream.write(`data: ${JSON.stringify(acknowledged)}\n\n`);
    }
    const subscription = await subscribing;
    expect(connection.park()).toBeUndefined();
    await subscription.close();
    expect((await parked(connection)).era).toBe(era);
  });

  it("of what a server refuses to tell of", async () => {
    const { url } = await scripted(({ id, method }, response) =>
      json(response, method === "tools/call" ? result(id, done) : error(id, { code: -32601, message: "No" })),
    );
    const connection = await hostOf(url, "modern")();
    await failureOf(connection.subscribe({ tools: true }, () => {}));
    expect((await parked(connection)).era).toBe("modern");
  });
});

describe("a record of what the server is no more", () => {
  const everyVerb = ["tools/list", "tools/call"] as const;
  const ask = (connection: Connection, verb: (typeof everyVerb)[number]) =>
    failureOf(connection.request(verb, { name: "counter" }));
  /** What becomes of another server's record at this one, era unknown. */
  async function strange(from: Handler | Era, era: Era, to: Era | Handler) {
    const urlOf = async (one: Handler | Era) =>
      (typeof one === "string" ? await serve(one) : await scripted(one)).url;
    const record = await parked(await hostOf(await urlOf(from), era)());
    const open = hostOf(await urlOf(to));
    return { open, resume: () => open({ resume: record }) };
  }

  it.for(everyVerb)(
    "says that a session is lost at a server that has become a modern one (%s)",
    async (verb) => {
      const { open, resume } = await strange("legacy", "legacy", "modern");
      const failure = await ask(await resume(), verb);
      expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", delivery: "refused", recover: "reconnect" });
      expect((await open()).era).toBe("modern");
    },
  );

  it.for(everyVerb)("is sent once to a server that refuses its revision (%s)", async (verb) => {
    const refusal = { code: -32022, message: "No", data: { supported: ["2026-07-28"] } };
    const { url, seen } = await scripted(({ id }, response) => json(response, error(id, refusal), 400));
    const record = {
      era: "legacy",
      sessionId: "s1",
      protocolVersion: "2025-11-25",
      facts: { capabilities: {} },
    } as const;
    const resumed = await hostOf(url, "legacy")({ resume: record });
    expect(await ask(resumed, verb)).toMatchObject({ delivery: "refused", recover: "reconnect" });
    expect(seen).toHaveLength(1);
  });

  it("loses a session that the server has forgotten", async () => {
    const server = await serve("legacy");
    const open = hostOf(server.url, "legacy");
    const record = await parked(await open());
    await server.forgetSessions();
    const resumed = await open({ resume: record });
    expect(await ask(resumed, "tools/call")).toMatchObject({ code: "SESSION_LOST", recover: "reconnect" });
    expect((await resumed.closed).kind).toBe("lost");
  });

  it.for(everyVerb)("without a session is lost at a server that wants one (%s)", async (verb) => {
    const { open, resume } = await strange(legacy(answering), "legacy", "legacy");
    const failure = await ask(await resume(), verb);
    expect(failure).toMatchObject({ code: "SESSION_LOST", delivery: "refused", recover: "reconnect" });
    expect((await open()).era).toBe("legacy");
  });

  it("without a session may have called a tool at a server that refuses without a reason", async () => {
    const { resume } = await strange(legacy(answering), "legacy", (_, response) => json(response, "no", 405));
    const called = await ask(await resume(), "tools/call");
    expect(called).toMatchObject({ code: "SERVER_ERROR", delivery: "unknown", recover: "reconnect" });
    const listed = await ask(await resume(), "tools/list");
    expect(listed).toMatchObject({ code: "HANDSHAKE_FAILED", delivery: "refused", recover: "reconnect" });
  });

  it("of the modern era is in doubt at a server that has gone back to the legacy one", async () => {
    const { open, resume } = await strange("modern", "modern", "legacy");
    const listed = await ask(await resume(), "tools/list");
    expect(listed).toMatchObject({ code: "HANDSHAKE_FAILED", delivery: "refused", recover: "reconnect" });
    const called = await ask(await resume(), "tools/call");
    expect(called).toMatchObject({ code: "SERVER_ERROR", delivery: "unknown", recover: "reconnect" });
    expect((await open()).era).toBe("legacy");
  });

  /** What a legacy server without sessions becomes: one that says this of every call that carries none. */
  const saying = (status: number, body: (id: number | undefined) => unknown) =>
    strange(legacy(answering), "legacy", ({ id }, response) => json(response, body(id), status));

  it.for([
    [404, { code: -32001, message: "Session not found" }],
    [400, { code: -32000, message: "Bad Request: Mcp-Session-Id header is required" }],
    [400, { code: -32000, message: "Bad Request: Server not initialized" }],
    [400, { code: -32600, message: "Bad Request: Missing session ID" }],
    [400, { code: -32600, message: "Bad Request: No valid session ID provided" }],
    [
      400,
      {
        code: -32000,
        message:
          "Bad Request: A new session can only be created by an initialize request. Include a valid Mcp-Session-Id header for non-initialize requests.",
      },
    ],
  ] as const)(
    "without a session is lost where HTTP %i says %j, whatever id it names",
    async ([status, rpc]) => {
      for (const idOf of [(id: number | undefined) => id, () => null, () => "server-error"]) {
        const { resume } = await saying(status, (id) => error(idOf(id), rpc));
        const resumed = await resume();
        expect(await ask(resumed, "tools/call")).toMatchObject({
          code: "SESSION_LOST",
          delivery: "refused",
          recover: "reconnect",
        });
        expect((await resumed.closed).kind).toBe("lost");
      }
    },
  );

  it.for([
    [404, ""],
    [400, ""],
    [404, "Session not found"],
    [404, { code: -32601, message: "Session not found" }],
    [400, { code: -32603, message: "Missing session ID" }],
    [400, { code: -32000, message: "The browser session is required to be open" }],
    [400, { code: -32000, message: "The row was written, and its lock was lost" }],
    [404, { code: -32001 }],
  ] as const)("without a session may have called a tool where HTTP %i says %j", async ([status, said]) => {
    const { resume } = await saying(status, () => (typeof said === "string" ? said : error(null, said)));
    const called = await ask(await resume(), "tools/call");
    expect(called).toMatchObject({ code: "SERVER_ERROR", delivery: "unknown", recover: "reconnect" });
  });

  it("without a session is lost no more once its server has answered", async () => {
    const refusal = { code: -32001, message: "Session not found" };
    const { resume } = await strange(legacy(answering), "legacy", ({ id, params }, response) =>
      params?.["name"] === "counter"
        ? json(response, error(id, refusal), 404)
        : json(response, result(id, done)),
    );
    const resumed = await resume();
    await resumed.request("tools/call", { name: "other" });
    expect(await ask(resumed, "tools/call")).toMatchObject({ code: "SERVER_ERROR", delivery: "answered" });
  });
});

describe("a server that is slow to hear of a cancellation", () => {
  /** Parks a connection right after its call was given up, while the server has not heard of that yet. */
  async function parkedEarly() {
    const held: ServerResponse[] = [];
    const { url, seen } = await scripted((message, response, request) => {
      if (message.method === "notifications/cancelled") return void held.push(response);
      legacy(({ params, id }, stream) => {
        if (params?.["name"] !== "slow") json(stream, result(id, done));
      }, "s1")(message, response, request);
    });
    const ended: ("finished" | "cut off")[] = [];
    const connection = await hostOf(url, "legacy")();
    await call(connection);
    const leaving = new AbortController();
    const slow = connection.request("tools/call", { name: "slow" }, { signal: leaving.signal });
    await vi.waitFor(() => expect(seen.at(-1)?.message.params).toMatchObject({ name: "slow" }));
    leaving.abort();
    await expect(slow).rejects.toBe(leaving.signal.reason);
    const record = connection.park();
    const notice = await vi.waitFor(() => held[0] ?? expect.unreachable("It was not told."));
    notice.once("close", () => ended.push(notice.writableFinished ? "finished" : "cut off"));
    return { connection, record, notice, ended, seen };
  }

  it("hears of it although the connection is parked meanwhile, and loses no session", async () => {
    const { connection, record, notice, ended, seen } = await parkedEarly();
    expect(record).toMatchObject({ sessionId: "s1" });
    expect(await connection.closed).toEqual({ kind: "closed" });
    expect(await failureOf(call(connection))).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    notice.writeHead(202).end();
    await vi.waitFor(() => expect(ended).toEqual(["finished"]));
    expect(wire(seen)).not.toContain("DELETE");
  });

  it("is left where the parked connection is closed", async () => {
    const { connection, ended, seen } = await parkedEarly();
    await connection.close();
    await vi.waitFor(() => expect(ended).toEqual(["cut off"]));
    expect(wire(seen)).not.toContain("DELETE");
  });
});
