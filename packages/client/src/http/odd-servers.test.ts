import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { secret, type Connection, type Credential, type Origin } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { manualClock } from "@tenantry/testing";
import { test as it, expect, onTestFinished, vi } from "vitest";
import { createConnector } from "../index.ts";
import {
  error,
  failureOf,
  json,
  legacy,
  open,
  result,
  scripted,
  type Handler,
  type Message,
} from "../../test/scripted-server.ts";

const call = (connection: Connection, name = "tool") => connection.request("tools/call", { name });

const oddResults = {
  "the old toolResult beside content": { toolResult: { answer: 42 }, content: [] },
  "unknown keys": { content: [], somethingNew: { deep: [1] }, structuredContent: "not an object" },
  "content of an unknown type": { content: [{ type: "hologram", data: 1 }] },
  "a _meta that is not one": { content: [], _meta: null },
  "a __proto__ key": JSON.parse(
    '{"content":[],"structuredContent":{"__proto__":{"polluted":true}}}',
  ) as object,
};

it.for(Object.entries(oddResults))("gives the answer as it came: %s", async ([, odd]) => {
  const old = await scripted(legacy((message, response) => json(response, result(message.id, odd))));
  expect(JSON.stringify(await call(await open(old.url, "legacy")))).toBe(JSON.stringify(odd));
  const modern = await scripted(({ id }, response) =>
    json(response, result(id, { resultType: "complete", ...odd })),
  );
  expect(JSON.stringify(await call(await open(modern.url, "modern")))).toBe(JSON.stringify(odd));
  const careless = await scripted(({ id }, response) => json(response, result(id, odd)));
  expect(JSON.stringify(await call(await open(careless.url, "modern")))).toBe(JSON.stringify(odd));
});

it("refuses a kind of result that it did not offer to take", async () => {
  const { url, seen } = await scripted(({ id }, response) =>
    json(
      response,
      result(id, {
        resultType: "input_required",
        requestState: "s",
        inputRequests: { a: { method: "roots/list" } },
      }),
    ),
  );
  const failure = await failureOf(call(await open(url, "modern")));
  expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", delivery: "answered" });
  expect(seen).toHaveLength(1);
});

it.for(["legacy", "modern"] as const)("carries the server's error untouched (%s)", async (era) => {
  const odd = { code: -32002, message: "No such\u202e\nthing", data: { uri: "file:///x", more: [1] } };
  const handler: Handler = ({ id }, response) => json(response, error(id, odd));
  const { url } = await scripted(era === "legacy" ? legacy(handler) : handler);
  const failure = await failureOf(call(await open(url, era)));
  expect(failure).toMatchObject({ code: "SERVER_ERROR", delivery: "answered", retryable: false });
  expect(failure.rpc).toEqual(odd);
  expect(failure.message).toContain('"No such\\u202e\\nthing"');
});

it.for([400, 404])("reads a modern error under HTTP %i as an answer", async (status) => {
  const { url } = await scripted(({ id }, response) =>
    json(response, error(id, { code: -32601, message: "No method" }), status),
  );
  const failure = await failureOf(call(await open(url, "modern")));
  expect(failure).toMatchObject({ code: "SERVER_ERROR", delivery: "answered", rpc: { code: -32601 } });
});

it("takes an error without an id for the answer to the only request it can mean", async () => {
  const { url } = await scripted(
    legacy((_, response) => json(response, error(null, { code: -32600, message: "Eh?" }))),
  );
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({
    code: "SERVER_ERROR",
    rpc: { code: -32600 },
  });
});

it("takes an error that is missing its fields for an error", async () => {
  const { url } = await scripted(legacy(({ id }, response) => json(response, error(id, { code: "E_BAD" }))));
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({
    code: "SERVER_ERROR",
    rpc: { code: "E_BAD" },
  });
});

it("hides what was sent in secret from a message that repeats it", async () => {
  const password = "correct-horse";
  const credential: Credential = {
    subject: "ada",
    generation: "1",
    origins: [],
    headers: () => ({
      authorization: { value: secret(`Basic ${btoa(`ada:${password}`)}`), replaces: false },
      "x-key": { value: secret("s3cret-key"), replaces: false },
    }),
  };
  const { url } = await scripted(
    legacy(({ id }, response) =>
      json(
        response,
        error(id, { code: 1, message: `Bad ${btoa(`ada:${password}`)} s3cret-key ${password}` }),
      ),
    ),
  );
  const failure = await failureOf(
    call(await open(url, "legacy", {}, { ...credential, origins: [url.origin as Origin] })),
  );
  expect(failure.message).toContain('"Bad [redacted] [redacted] [redacted]"');
  expect(failure.message).not.toContain("s3cret");
});

it("takes a session from the handshake and from nothing else", async () => {
  const { url, seen } = await scripted(
    legacy(
      ({ id }, response) => json(response, result(id, {}), 200, { "mcp-session-id": "of-another-user" }),
      "mine",
    ),
  );
  const connection = await open(url, "legacy");
  await call(connection);
  await call(connection);
  await connection.close();
  const ids = seen.map(({ headers }) => headers["mcp-session-id"]);
  expect(ids).toEqual([undefined, "mine", "mine", "mine", "mine"]);
  expect(seen.at(-1)?.method).toBe("DELETE");
  expect(seen.at(-1)?.headers["mcp-protocol-version"]).toBe("2025-06-18");
});

it("refuses a session id that it could not send back", async () => {
  const { url } = await scripted(legacy(() => {}, "säss ion"));
  expect(await failureOf(open(url, "legacy"))).toMatchObject({
    code: "HANDSHAKE_FAILED",
    cause: { code: "PROTOCOL_VIOLATION" },
  });
});

it.for([
  { status: 404, body: "gone" },
  { status: 404, body: error(1, { code: -32001, message: "Session not found" }) },
  { status: 400, body: error(null, { code: -32000, message: "Bad Request: No valid session ID provided" }) },
])("takes HTTP $status on a session for its end", async ({ status, body }) => {
  const { url } = await scripted(legacy((_, response) => json(response, body, status), "mine"));
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({
    code: "SESSION_LOST",
    recover: "reconnect",
  });
});

it("does not take a 404 for the end of a session that there never was", async () => {
  const { url } = await scripted(legacy((_, response) => json(response, "gone", 404)));
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({
    code: "SERVER_ERROR",
    status: 404,
  });
});

it("refuses what nests too deep, without building it", async () => {
  const deep = `{"jsonrpc":"2.0","id":1,"result":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  const { url } = await scripted(legacy((_, response) => json(response, deep)));
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({
    code: "LIMIT_EXCEEDED",
    delivery: "unknown",
  });
});

it("bounds an answer, an event and a stream", async () => {
  const limits = { maxMessageBytes: 10_000, maxStreamBytes: 50_000 };
  const kinds: Record<string, (response: ServerResponse) => void> = {
    json: (response) => json(response, `{"jsonrpc":"2.0","id":1,"result":{"x":"${"y".repeat(20_000)}"}}`),
    event: (response) =>
      response.writeHead(200, { "content-type": "text/event-stream" }).write(`data: ${"y".repeat(20_000)}`),
    "event in one piece": (response) =>
      response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(`data: {"jsonrpc":"2.0","id":1,"result":{"x":"${"y".repeat(20_000)}"}}\n\n`),
    stream: (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let sent = 0; sent < 60; sent++)
        response.write(`data: {"jsonrpc":"2.0","method":"x","params":{"y":"${"y".repeat(1_000)}"}}\n\n`);
    },
  };
  for (const send of Object.values(kinds)) {
    const { url } = await scripted(legacy((_, response) => send(response)));
    expect(await failureOf(call(await open(url, "legacy", { limits })))).toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  }
});

it("reads an answer among noise, in pieces, with its id as a string", async () => {
  const { url } = await scripted(
    legacy(({ id }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      const answer = JSON.stringify({ jsonrpc: "2.0", id: String(id), result: { content: [], text: "ä😀" } });
      const bytes = Buffer.from(
        `: hello\n\nid: 1\ndata:\n\ndata: not json\n\nevent: ping\ndata: {}\n\ndata: [1]\n\ndata: ${answer}\r\n\r\n`,
      );
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    }),
  );
  expect(await call(await open(url, "legacy"))).toEqual({ content: [], text: "ä😀" });
});

it("answers a server's ping and refuses what it does not offer", async () => {
  const { url, seen } = await scripted(
    legacy(({ id }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const ask = (request: object) =>
        response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...request })}\n\n`);
      ask({ id: "a", method: "ping" });
      ask({ id: "b", method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } });
      setTimeout(() => response.end(`data: ${JSON.stringify(result(id, { content: [] }))}\n\n`), 50);
    }),
  );
  await call(await open(url, "legacy"));
  await vi.waitFor(() => {
    const answers = seen.map(({ message }) => message).filter(({ method }) => method === undefined);
    expect(answers).toContainEqual({ jsonrpc: "2.0", id: "a", result: {} });
    expect(answers).toContainEqual({
      jsonrpc: "2.0",
      id: "b",
      error: { code: -32601, message: "Method not found" },
    });
  });
});

it("lets go of a stream that stays open after its answer", async () => {
  let closed = false;
  const { url } = await scripted(
    legacy(({ id }, response) => {
      response.on("close", () => (closed = true));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(result(id, { content: [] }))}\n\n`);
    }),
  );
  expect(await call(await open(url, "legacy"))).toEqual({ content: [] });
  await vi.waitFor(() => expect(closed).toBe(true), { timeout: 3_000 });
});

it("writes names that a header cannot carry in base64", async () => {
  const { url, seen } = await scripted(({ id }, response) =>
    json(response, result(id, { resultType: "complete", content: [] })),
  );
  const connection = await open(url, "modern");
  await call(connection, "wörter");
  await call(connection, "=?base64?eA==?=");
  await call(connection, "plain");
  await connection.request("resources/read", { uri: "file:///a" });
  const names = seen.map(({ headers }) => headers["mcp-name"]);
  expect(names).toEqual(["=?base64?d8O2cnRlcg==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?=", "plain", "file:///a"]);
});

it("says who failed where a credential cannot make its headers", async () => {
  const { url, seen } = await scripted(legacy(() => {}));
  const cause = new Error("The keychain is locked.");
  const credential: Credential = {
    subject: "ada",
    generation: "1",
    origins: [url.origin as Origin],
    headers: () => Promise.reject(cause),
  };
  expect(await failureOf(open(url, "legacy", {}, credential))).toMatchObject({
    code: "CREDENTIAL_FAILED",
    cause,
  });
  expect(seen).toEqual([]);
});

it("refuses parameters that are not JSON before it sends anything", async () => {
  const { url, seen } = await scripted(({ id }, response) => json(response, result(id, {})));
  const connection = await open(url, "modern");
  const failure = await failureOf(connection.request("tools/call", { name: "tool", arguments: { big: 1n } }));
  expect(failure).toMatchObject({ code: "ARGUMENT_INVALID", delivery: "unsent" });
  expect(seen).toEqual([]);
});

it("leaves its inputs alone, frozen ones included", async () => {
  const { url } = await scripted(({ id, params }, response) =>
    json(response, result(id, { resultType: "complete", params })),
  );
  const connection = await open(url, "modern");
  const params = Object.freeze({ name: "tool", _meta: Object.freeze({ trace: "1" }) });
  const { params: sent } = (await connection.request("tools/call", params, {
    onProgress: () => {},
  })) as unknown as {
    params: typeof params;
  };
  expect(sent).toMatchObject({ name: "tool", _meta: { trace: "1" } });
  expect(params).toEqual({ name: "tool", _meta: { trace: "1" } });
});

it("keeps one request's answer from another's stream", async () => {
  const waiting: [Message, ServerResponse][] = [];
  const { url } = await scripted(
    legacy((message, response) => {
      waiting.push([message, response]);
      if (waiting.length < 2) return;
      const [[first, firstStream], [second, secondStream]] = waiting as [
        [Message, ServerResponse],
        [Message, ServerResponse],
      ];
      for (const stream of [firstStream, secondStream])
        stream.writeHead(200, { "content-type": "text/event-stream" });
      secondStream.write(`data: ${JSON.stringify(result(first.id, { content: [], forged: true }))}\n\n`);
      secondStream.end(`data: ${JSON.stringify(result(second.id, { content: [], second: true }))}\n\n`);
      setTimeout(
        () => firstStream.end(`data: ${JSON.stringify(result(first.id, { content: [], first: true }))}\n\n`),
        30,
      );
    }),
  );
  const connection = await open(url, "legacy");
  const answers = await Promise.all([call(connection, "one"), call(connection, "two")]);
  expect(answers).not.toContainEqual(expect.objectContaining({ forged: true }));
});

const city = { type: "string", "x-mcp-header": "City" };
const weather = {
  name: "weather",
  inputSchema: { type: "object", properties: { where: { type: "object", properties: { city } } } },
};

it("mirrors the arguments that a tool asks for into headers, and learns of them when it must", async () => {
  const { url, seen } = await scripted(({ id, method }, response, { headers }) => {
    if (method === "tools/list")
      return json(response, result(id, { resultType: "complete", tools: [weather] }));
    if (headers["mcp-param-city"] !== undefined)
      return json(response, result(id, { resultType: "complete", content: [] }));
    json(response, error(id, { code: -32020, message: "Header mismatch" }), 400);
  });
  const connection = await open(url, "modern");
  const ask = (name: string) =>
    connection.request("tools/call", { name: "weather", arguments: { where: { city: name } } });
  await ask("Oslo");
  await ask("Tromsø");
  expect(seen.map(({ message }) => message.method)).toEqual([
    "tools/call",
    "tools/list",
    "tools/call",
    "tools/call",
  ]);
  expect(seen.slice(2).map(({ headers }) => headers["mcp-param-city"])).toEqual([
    "Oslo",
    "=?base64?VHJvbXPDuA==?=",
  ]);
});

it("gives up after one resend, and where the tool asks for no header", async () => {
  const { url, seen } = await scripted(({ id, method }, response) => {
    if (method === "tools/list")
      return json(response, result(id, { resultType: "complete", tools: [weather] }));
    json(response, error(id, { code: -32020, message: "Header mismatch" }), 400);
  });
  const connection = await open(url, "modern");
  const call = (name: string) =>
    connection.request("tools/call", { name, arguments: { where: { city: "Oslo" } } });
  expect(await failureOf(call("weather"))).toMatchObject({ code: "SERVER_ERROR", rpc: { code: -32020 } });
  expect(seen.map(({ message }) => message.method)).toEqual(["tools/call", "tools/list", "tools/call"]);
  expect(await failureOf(call("other"))).toMatchObject({ code: "SERVER_ERROR", rpc: { code: -32020 } });
  expect(seen).toHaveLength(5);
});

it("leaves out tools whose header annotations are invalid, over modern HTTP only", async () => {
  const broken = (inputSchema: object, name: string) => ({
    name,
    inputSchema: { type: "object", ...inputSchema },
  });
  const many = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [at, { type: "string", "x-mcp-header": `h${at}` }]),
    );
  const tools = [
    weather,
    broken({ properties: { a: { type: "number", "x-mcp-header": "A" } } }, "not a primitive"),
    broken({ properties: { a: { type: "string", "x-mcp-header": "A b" } } }, "not a name"),
    broken({ properties: { a: city, b: { type: "string", "x-mcp-header": "CITY" } } }, "twice"),
    broken({ properties: { a: { type: "array", items: city } } }, "out of reach"),
    broken({ "x-mcp-header": "Root" }, "root"),
    broken({ properties: many(1_000) }, "too many"),
    broken({ properties: { a: { type: "object", default: { "x-mcp-header": 1 } } } }, "fine"),
  ];
  const { url } = await scripted(({ id }, response) =>
    json(response, result(id, { resultType: "complete", tools })),
  );
  const limits = { maxMessageBytes: 64 * 1024 * 1024 };
  const listed = await (await open(url, "modern", { limits })).request("tools/list", {});
  expect(listed.tools.map(({ name }) => name)).toEqual(["weather", "fine"]);
  const old = await scripted(legacy(({ id }, response) => json(response, result(id, { tools }))));
  const legacyTools = await (await open(old.url, "legacy", { limits })).request("tools/list", {});
  expect(legacyTools.tools).toEqual(tools);
});

const givingUp: Record<string, (connection: Connection, controller: AbortController) => unknown> = {
  "an abort": (_, controller) => controller.abort("left"),
  "a close": (connection) => connection.close(),
};
it.for(
  Object.keys(givingUp).flatMap((how) =>
    (["legacy", "modern"] as const).flatMap((era) =>
      ["silent", "streaming"].map((kind) => ({ how, era, kind })),
    ),
  ),
)("ends the exchange itself at $how ($era, $kind server)", async ({ how, era, kind }) => {
  const begun = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const handler: Handler = ({ id }, response) => {
    if (id === undefined) return void response.writeHead(202).end();
    response.on("close", left.resolve);
    if (kind === "streaming")
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": wait\n\n");
    setTimeout(begun.resolve, 20);
  };
  const { url } = await scripted(era === "legacy" ? legacy(handler) : handler);
  const connection = await open(url, era);
  const controller = new AbortController();
  const asked = connection.request("tools/call", { name: "tool" }, { signal: controller.signal });
  asked.catch(() => {});
  await begun.promise;
  void givingUp[how]?.(connection, controller);
  await expect(asked).rejects.toBeDefined();
  await left.promise;
});

it.for([
  { code: -32020, message: "Header mismatch" },
  { code: -32022, message: "Unsupported", data: { supported: ["2027-01-01"], requested: "2026-07-28" } },
])("does not take $code on the question for a legacy server", async (problem) => {
  const { url, seen } = await scripted(({ id }, response) => json(response, error(id, problem), 400));
  expect(await failureOf(open(url, undefined))).toMatchObject({ code: "HANDSHAKE_FAILED", rpc: problem });
  expect(seen.map(({ message }) => message.method).sort()).toEqual(["initialize", "server/discover"]);
});

it.for([
  { code: -32022, message: "Unsupported", data: { supported: ["2025-11-25"], requested: "2026-07-28" } },
  { code: -32022, message: "Unsupported" },
  { code: -32602, message: "Before initialization" },
])("takes $code $data on the question for a legacy server", async (problem) => {
  const { url } = await scripted((message, response, request) => {
    if (message.method === "server/discover") return json(response, error(message.id, problem), 400);
    legacy(() => {})(message, response, request);
  });
  expect((await open(url, undefined)).era).toBe("legacy");
});

const leaking = (url: URL): Credential => ({
  subject: "ada",
  generation: "1",
  origins: [url.origin as Origin],
  headers: () => ({ authorization: { value: secret("Bearer token-of-ada-1234"), replaces: false } }),
});

/** Everything that a log could show of a failure and of what it was caused by. */
function shown(failure: unknown): string {
  const texts: string[] = [];
  for (let one = failure; one instanceof Error; one = one.cause)
    texts.push(inspect(one, { depth: null }), one.message, String(one.stack), JSON.stringify(one));
  return texts.join();
}

it.for([
  ["a code", error(3, { code: "token-of-ada-1234", message: "no" })],
  ["a message that is none", error(3, { code: 1, message: { toString: 1, of: "token-of-ada-1234" } })],
  ["a kind of result", result(3, { resultType: "token-of-ada-1234" })],
] as const)("shows no secret that comes back as %s", async ([, { id: _, ...answer }]) => {
  const { url } = await scripted(({ id }, response) => json(response, { ...answer, id }));
  const failure = await failureOf(call(await open(url, "modern", {}, leaking(url))));
  expect(failure.delivery).toBe("answered");
  expect(shown(failure)).not.toContain("token-of-ada");
});

it("shows no secret that comes back as a protocol version, but what else the server said", async () => {
  const hello = { capabilities: {}, serverInfo: { name: "odd", version: "1" } };
  const { url } = await scripted(({ id }, response) =>
    json(response, result(id, { protocolVersion: "v9 token-of-ada-1234", ...hello })),
  );
  const failure = await failureOf(open(url, "legacy", {}, leaking(url)));
  expect(failure.code).toBe("HANDSHAKE_FAILED");
  expect(failure.message).toContain("v9 [redacted]");
  expect(shown(failure)).not.toContain("token-of-ada");
});

it.for([{ toString: 1 }, [1], true])("takes no answer for its own with the id %j", async (id) => {
  const { url } = await scripted(legacy((_, response) => json(response, { ...result(1, {}), id })));
  expect(await failureOf(call(await open(url, "legacy")))).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  const refusing = await scripted(legacy((_, response) => json(response, error(id, { code: 1 }), 400)));
  expect(await failureOf(call(await open(refusing.url, "legacy")))).toMatchObject({ code: "SERVER_ERROR" });
});

it("answers few of the requests that a server makes at once, and none of them for ever", async () => {
  const clock = manualClock();
  let replies = 0;
  let abandoned = 0;
  const { url } = await scripted((message, response, request) => {
    if (message.method === undefined && message.id !== undefined) {
      replies++;
      return void response.on("close", () => abandoned++);
    }
    legacy(({ id }) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let ping = 0; ping < 3_000; ping++)
        response.write(`data: {"jsonrpc":"2.0","id":"p${ping}","method":"ping"}\n\n`);
      response.end(`data: ${JSON.stringify(result(id, { content: [] }))}\n\n`);
    })(message, response, request);
  });
  const connection = await open(url, "legacy", { clock });
  await call(connection);
  await vi.waitFor(() => expect(replies).toBe(16));
  await call(connection);
  expect(replies).toBe(16);
  await clock.advance(2_000);
  await vi.waitFor(() => expect(abandoned).toBe(16));
  expect(clock.pending).toBe(0);
  await call(connection);
  await vi.waitFor(() => expect(replies).toBe(32));
});

it("does not repeat an id that is long enough to be a burden", async () => {
  const { url, seen } = await scripted(
    legacy(({ id }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const one of ["x".repeat(2_000), "short"])
        response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: one, method: "ping" })}\n\n`);
      setTimeout(() => response.end(`data: ${JSON.stringify(result(id, { content: [] }))}\n\n`), 50);
    }),
  );
  await call(await open(url, "legacy"));
  const replies = seen.map(({ message }) => message).filter(({ method }) => method === undefined);
  await vi.waitFor(() => expect(replies).toEqual([{ jsonrpc: "2.0", id: "short", result: {} }]));
});

it.for([
  { status: 408, headers: {}, retryable: false },
  { status: 429, headers: {}, retryable: true },
  { status: 500, headers: {}, retryable: false },
  { status: 500, headers: { "retry-after": "1" }, retryable: false },
  { status: 503, headers: {}, retryable: false },
  { status: 503, headers: { "retry-after": "1" }, retryable: true },
  { status: 504, headers: {}, retryable: false },
])(
  "calls a tool that HTTP $status with $headers was the answer to retryable: $retryable",
  async ({ status, headers, retryable }) => {
    const { url } = await scripted(legacy((_, response) => json(response, "no", status, { ...headers })));
    const connection = await open(url, "legacy");
    const failure = await failureOf(call(connection));
    expect(failure).toMatchObject({ code: "SERVER_UNAVAILABLE", delivery: "unknown", status, retryable });
    expect(failure.message.includes("may have run")).toBe(!retryable);
    expect(await failureOf(connection.request("tools/list", {}))).toMatchObject({ retryable: true });
  },
);

it.for([401, 404, 503])("judges HTTP %i by its status where its body does not come", async (status) => {
  const clock = manualClock();
  const left = Promise.withResolvers<void>();
  const { url, seen } = await scripted(
    legacy((_, response) => {
      response.on("close", left.resolve);
      response.writeHead(status, { "content-type": "application/json", "content-length": "50" }).write("{}}");
    }),
  );
  const connection = await open(url, "legacy", { clock });
  const asked = failureOf(call(connection));
  await vi.waitFor(() => expect(seen.at(-1)?.message.method).toBe("tools/call"));
  await vi.waitFor(() => expect(clock.pending).toBe(2));
  await clock.advance(1_000);
  expect(await asked).toMatchObject({ status });
  await left.promise;
  expect(clock.pending).toBe(0);
});

it("names the limit that an answer has hit", async () => {
  const limits = { maxMessageBytes: 10_000, maxStreamBytes: 20_000 };
  const message = (kind: "json" | "events") => async () => {
    const { url } = await scripted(
      legacy(({ id }, response) => {
        if (kind === "json") return json(response, result(id, "y".repeat(60_000)));
        response.writeHead(200, { "content-type": "text/event-stream" });
        const event = `data: {"jsonrpc":"2.0","method":"x","params":{"y":"${"y".repeat(1_000)}"}}\n\n`;
        response.end(event.repeat(60));
      }),
    );
    return (await failureOf(call(await open(url, "legacy", { limits })))).message;
  };
  const announced = await scripted(
    legacy((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "20000" }).write("{");
    }),
  );
  const unread = await failureOf(call(await open(announced.url, "legacy", { limits })));
  expect(unread.message).toContain("10000 bytes; raise limits.maxMessageBytes");
  expect(await message("json")()).toContain("10000 bytes; raise limits.maxMessageBytes");
  expect(await message("events")()).toContain("20000 bytes; raise limits.maxStreamBytes");
});

it("does not take a socket that breaks in the handshake for a server that does not start", async () => {
  const { url } = await scripted((_message, _response, request) => void request.socket.destroy());
  const failure = await failureOf(open(url, "legacy"));
  expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", retryable: true });
  expect(failure.message).toContain("The connection to the server broke");
});

it("says what a server refused that was found to want its handshake in order meanwhile", async () => {
  const calls = { first: true, heard: 0 };
  const { url, seen } = await scripted((message, response, request) => {
    if (message.method === "server/discover") return;
    if (message.method === "notifications/initialized")
      return void response.writeHead(++calls.heard === 1 ? 202 : 422).end();
    legacy(({ id }, own) => {
      const early = error(id, { code: -32_600, message: "Server not initialized" });
      json(own, calls.first ? early : result(id, { tools: [] }));
      calls.first = false;
    })(message, response, request);
  });
  const egress = createEgress();
  onTestFinished(() => egress.close());
  const connector = createConnector({ egress });
  const endpoint = { kind: "http", url, provenance: "code", headers: {} } as const;
  const known = await connector.open({ ...endpoint, era: "legacy" }, undefined, {});
  onTestFinished(() => known.close());
  const listing = known.request("tools/list", {});
  const opening = failureOf(connector.open(endpoint, undefined, {}));
  await listing;
  const begun = Date.now();
  expect(await opening).toMatchObject({ code: "HANDSHAKE_FAILED", status: 422 });
  expect(Date.now() - begun).toBeLessThan(5_000);
  expect(seen.map(({ message }) => message.method)).toContain("server/discover");
});
