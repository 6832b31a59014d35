import type { ServerResponse } from "node:http";
import { secret, type Credential, type Origin, type ServerRequestHandlers } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { expect, test as it, vi } from "vitest";
import { failureOf, json, legacy, open, result, scripted, type Handler } from "../../test/scripted-server.ts";

const form = {
  mode: "form",
  message: "How much?",
  requestedSchema: { type: "object", properties: { amount: { type: "number", default: 5 } } },
} as const;
const done = { content: [{ type: "text", text: "done" }] };
const tool = { name: "transfer" };

/** A legacy server that asks on the call's own stream, and answers the call with what it was told. */
function asking(asked: object): Handler {
  const waiting: { readonly id: number | undefined; readonly response: ServerResponse }[] = [];
  return (message, response, request) => {
    if (message.method === undefined && message.id !== undefined) {
      response.writeHead(202).end();
      const { error, result: said } = message;
      const call = waiting.shift();
      return void call?.response.end(
        `data: ${JSON.stringify(result(call.id, { content: [], said: said ?? error }))}\n\n`,
      );
    }
    if (request.method === "GET") return void response.writeHead(405).end();
    legacy(({ id }, own) => {
      waiting.push({ id, response: own });
      own.writeHead(200, { "content-type": "text/event-stream" });
      own.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: "q1", ...asked })}\n\n`);
    })(message, response, request);
  };
}

const elicit = { method: "elicitation/create", params: form };

it("tells a legacy server what it can be asked, and nothing else", async () => {
  const { url, seen } = await scripted(legacy(({ id }, response) => json(response, result(id, done))));
  await open(url, "legacy", {}, undefined, { handlers: { onRoots: () => [] } });
  await open(url, "legacy");
  const told = seen.filter(({ message }) => message.method === "initialize");
  expect(told.map(({ message }) => message.params?.["capabilities"])).toEqual([{ roots: {} }, {}]);
});

it("asks the person, fills a form's defaults in and tells the server, in the legacy era", async () => {
  const { url } = await scripted(asking(elicit));
  const onElicitation = vi.fn<NonNullable<ServerRequestHandlers["onElicitation"]>>(() => ({
    action: "accept",
    content: {},
  }));
  const connection = await open(url, "legacy", {}, undefined, { handlers: { onElicitation } });
  const answer = await connection.request("tools/call", tool);
  expect(answer).toMatchObject({ said: { action: "accept", content: { amount: 5 } } });
  expect(onElicitation).toHaveBeenCalledExactlyOnceWith(form, {
    signal: expect.any(AbortSignal) as AbortSignal,
  });
});

it("gives what a call's own server request asks to that call's handlers, and to nobody else's", async () => {
  const { url } = await scripted(asking(elicit));
  const decline = vi.fn(() => ({ action: "decline" }) as const);
  const cancel = vi.fn(() => ({ action: "cancel" }) as const);
  const handlers = { onElicitation: () => expect.unreachable("The connection's own were asked.") };
  const connection = await open(url, "legacy", {}, undefined, { handlers });
  const ask = (onElicitation: typeof decline | typeof cancel) =>
    connection.request("tools/call", tool, { handlers: { onElicitation } });
  expect(await ask(decline)).toMatchObject({ said: { action: "decline" } });
  expect(await ask(cancel)).toMatchObject({ said: { action: "cancel" } });
  expect([decline.mock.calls.length, cancel.mock.calls.length]).toEqual([1, 1]);
});

it("samples with tools, and lists roots", async () => {
  const sampling = { messages: [], maxTokens: 10, tools: [{ name: "add", inputSchema: { type: "object" } }] };
  const asked = { method: "sampling/createMessage", params: sampling };
  const said = {
    role: "assistant",
    model: "m",
    stopReason: "toolUse",
    content: [{ type: "tool_use", id: "1", name: "add", input: {} }],
  } as const;
  const first = await open((await scripted(asking(asked))).url, "legacy", {}, undefined, {
    handlers: { onSampling: () => said as never },
  });
  expect(await first.request("tools/call", tool)).toMatchObject({ said });
  const second = await open((await scripted(asking({ method: "roots/list" }))).url, "legacy", {}, undefined, {
    handlers: { onRoots: () => [{ uri: "file:///data", name: "data" }] },
  });
  expect(await second.request("tools/call", tool)).toMatchObject({
    said: { roots: [{ uri: "file:///data", name: "data" }] },
  });
});

it("refuses what there is no handler for, and tells no server why a handler failed", async () => {
  const without = await open((await scripted(asking(elicit))).url, "legacy");
  expect(await without.request("tools/call", tool)).toMatchObject({ said: { code: -32601 } });
  const handlers = {
    onElicitation: () => {
      throw new Error("the database password is wrong");
    },
  };
  const failing = await open((await scripted(asking(elicit))).url, "legacy", {}, undefined, { handlers });
  const { said } = (await failing.request("tools/call", tool)) as unknown as { said: { message: string } };
  expect(said.message).not.toContain("password");
});

it.for(["javascript:alert(1)", "file:///etc/passwd", "data:text/html,hi"])(
  "sends nobody to %s",
  async (page) => {
    const params = { mode: "url", message: "Log in", url: page, elicitationId: "1" };
    const onElicitation = vi.fn(() => ({ action: "accept" }) as const);
    const { url } = await scripted(asking({ method: "elicitation/create", params }));
    const connection = await open(url, "legacy", {}, undefined, { handlers: { onElicitation } });
    expect(await connection.request("tools/call", tool)).toMatchObject({
      said: { code: expect.any(Number) as number },
    });
    expect(onElicitation).not.toHaveBeenCalled();
  },
);

it("takes a question back that the server withdraws, or whose call has ended", async () => {
  const streams: ServerResponse[] = [];
  const { url, seen } = await scripted((message, response, request) => {
    if (request.method === "GET") return void response.writeHead(405).end();
    legacy((_, own) => {
      streams.push(own);
      own.writeHead(200, { "content-type": "text/event-stream" });
      own.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: `q${streams.length}`, ...elicit })}\n\n`);
    })(message, response, request);
  });
  const signals: AbortSignal[] = [];
  const onElicitation: ServerRequestHandlers["onElicitation"] = (_, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const connection = await open(url, "legacy", {}, undefined, { handlers: { onElicitation } });
  const controller = new AbortController();
  const call = connection.request("tools/call", tool, { signal: controller.signal });
  call.catch(() => {});
  await vi.waitFor(() => expect(signals).toHaveLength(1));
  const withdrawn = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "q1" } };
  streams[0]?.write(`data: ${JSON.stringify(withdrawn)}\n\n`);
  await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
  const other = connection.request("tools/call", tool, { signal: controller.signal });
  await vi.waitFor(() => expect(signals).toHaveLength(2));
  controller.abort("left");
  await expect(other).rejects.toBe("left");
  await vi.waitFor(() => expect(signals[1]?.aborted).toBe(true));
  expect(seen.filter(({ message }) => message.result !== undefined || message.error !== undefined)).toEqual(
    [],
  );
});

it("lets a legacy server ask what belongs to no call, on its own stream", async () => {
  const { url, seen } = await scripted((message, response, request) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      return void response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 7, ...elicit })}\n\n`);
    }
    legacy(({ id }, own) => json(own, result(id, done)))(message, response, request);
  });
  const handlers = { onElicitation: () => ({ action: "decline" }) as const };
  await open(url, "legacy", {}, undefined, { handlers });
  await vi.waitFor(() =>
    expect(seen.map(({ message }) => message.result)).toContainEqual({ action: "decline" }),
  );
});

it("opens without the stream of a legacy server that does not give it", async () => {
  const clock = manualClock();
  const { url } = await scripted((message, response, request) => {
    if (request.method !== "GET")
      legacy(({ id }, own) => json(own, result(id, done)))(message, response, request);
  });
  const opening = open(url, "legacy", { clock }, undefined, { handlers: { onRoots: () => [] } });
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(1));
  await clock.advance(1_000);
  expect(await (await opening).request("tools/call", tool)).toEqual(done);
});

/** A modern server that asks before it answers, and checks that its own state comes back byte for byte. */
function inRounds(rounds: readonly object[]): Handler {
  return ({ id, params = {} }, response) => {
    const at =
      params["requestState"] === undefined ? 0 : Number(String(params["requestState"]).split("#")[1]) + 1;
    const next = rounds[at];
    if (next === undefined)
      return json(response, result(id, { resultType: "complete", ...done, said: params["inputResponses"] }));
    json(response, result(id, { resultType: "input_required", requestState: `ä\u2028 #${at}`, ...next }));
  };
}

it("answers what a modern server asks before it completes a call, with a new id and its own state", async () => {
  const one = {
    inputRequests: { a: { method: "elicitation/create", params: form }, b: { method: "roots/list" } },
  };
  const { url, seen } = await scripted(inRounds([one, {}]));
  const handlers: ServerRequestHandlers = {
    onElicitation: () => ({ action: "accept", content: { amount: 3 } }),
    onRoots: () => [{ uri: "file:///x" }],
  };
  const connection = await open(url, "modern");
  expect(await connection.request("tools/call", tool, { handlers })).toMatchObject(done);
  const [first, second, third] = seen.map(({ message }) => message);
  expect(new Set([first?.id, second?.id, third?.id]).size).toBe(3);
  expect(second?.params).toMatchObject({
    ...tool,
    requestState: "ä\u2028 #0",
    inputResponses: {
      a: { action: "accept", content: { amount: 3 } },
      b: { roots: [{ uri: "file:///x" }] },
    },
  });
  expect(third?.params).toMatchObject({ requestState: "ä\u2028 #1" });
  expect(third?.params).not.toHaveProperty("inputResponses");
  const meta = first?.params?.["_meta"] as Record<string, unknown>;
  expect(meta["io.modelcontextprotocol/clientCapabilities"]).toMatchObject({ elicitation: {}, roots: {} });
});

it("fails a modern call with the handler's own failure, and sends it no more", async () => {
  const cause = new Error("nobody is there");
  const { url, seen } = await scripted(inRounds([{ inputRequests: { a: { method: "roots/list" } } }]));
  const handlers = { onRoots: () => Promise.reject(cause) };
  const failure = await failureOf((await open(url, "modern")).request("tools/call", tool, { handlers }));
  expect(failure).toMatchObject({ code: "ARGUMENT_INVALID", cause, delivery: "answered" });
  expect(seen).toHaveLength(1);
});

it("bounds how often and how much a modern server asks", async () => {
  const { url, seen } = await scripted(({ id }, response) =>
    json(response, result(id, { resultType: "input_required", requestState: "again" })),
  );
  const limits = { maxInputRounds: 3 };
  expect(await failureOf((await open(url, "modern", { limits })).request("tools/call", tool))).toMatchObject({
    code: "LIMIT_EXCEEDED",
  });
  expect(seen).toHaveLength(4);
  const inputRequests = Object.fromEntries(
    Array.from({ length: 17 }, (_, at) => [at, { method: "roots/list" }]),
  );
  const many = await scripted(inRounds([{ inputRequests }]));
  const handlers = { onRoots: () => [] };
  const asked = (await open(many.url, "modern")).request("tools/call", tool, { handlers });
  expect(await failureOf(asked)).toMatchObject({ code: "LIMIT_EXCEEDED" });
});

it("ends a round that nobody answers with the call's own deadline", async () => {
  const clock = manualClock();
  const { url } = await scripted(inRounds([{ inputRequests: { a: { method: "roots/list" } } }]));
  let asked: AbortSignal | undefined;
  const handlers: ServerRequestHandlers = {
    onRoots: ({ signal }) => {
      asked = signal;
      return new Promise(() => {});
    },
  };
  const call = failureOf(
    (await open(url, "modern", { clock })).request("tools/call", tool, { handlers, timeoutMs: 500 }),
  );
  await vi.waitFor(() => expect(asked).toBeDefined());
  await clock.advance(500);
  expect(await call).toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
  expect(asked?.aborted).toBe(true);
});

it("gives log messages to the call that they belong to, and says the level to a modern server", async () => {
  const { url, seen } = await scripted(({ id }, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const log = { level: "info", data: "working" };
    response.write(
      `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: log })}\n\n`,
    );
    response.end(`data: ${JSON.stringify(result(id, { resultType: "complete", ...done }))}\n\n`);
  });
  const onLog = vi.fn();
  await (await open(url, "modern")).request("tools/call", tool, { onLog, logLevel: "debug" });
  expect(onLog).toHaveBeenCalledExactlyOnceWith({ level: "info", data: "working" });
  const meta = seen[0]?.message.params?.["_meta"] as Record<string, unknown>;
  expect(meta["io.modelcontextprotocol/logLevel"]).toBe("debug");
});

it.for([{ params: 5 }, { params: { _meta: 5 } }, { jsonrpc: "1.0" }, { extra: true }])(
  "answers a question that is malformed (%o), and hears the next ones",
  async (odd) => {
    const say = (response: ServerResponse | undefined, asked: object) =>
      response?.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...asked })}\n\n`);
    let stream: ServerResponse | undefined;
    let refused = 0;
    const { url, seen } = await scripted((message, response, request) => {
      if (request.method === "GET") {
        stream = response.writeHead(200, { "content-type": "text/event-stream" });
        for (let id = 1; id <= 16; id++) say(stream, { id, method: "ping", ...odd });
        return;
      }
      if (message.error !== undefined && ++refused === 16)
        setTimeout(() => say(stream, { id: 17, ...elicit }), 10);
      legacy(() => response.writeHead(202).end())(message, response, request);
    });
    const handlers = { onElicitation: () => ({ action: "decline" }) as const };
    await open(url, "legacy", {}, undefined, { handlers });
    await vi.waitFor(() =>
      expect(seen.map(({ message }) => message.result)).toContainEqual({ action: "decline" }),
    );
  },
);

it("fails a modern call at once where what it is asked is malformed", async () => {
  const inputRequests = { a: { method: "roots/list", params: { _meta: 5 } } };
  const { url } = await scripted(inRounds([{ inputRequests }]));
  const connection = await open(url, "modern");
  const asked = connection.request("tools/call", tool, { handlers: { onRoots: () => [] }, timeoutMs: 2_000 });
  expect(await failureOf(asked)).toMatchObject({ code: "PROTOCOL_VIOLATION" });
});

it("keeps a question whose id another call's question had, when that call ends", async () => {
  const streams: ServerResponse[] = [];
  const { url, seen } = await scripted((message, response, request) => {
    if (message.id === 1 && message.method === undefined) {
      response.writeHead(202).end();
      return;
    }
    if (request.method === "GET") return void response.writeHead(405).end();
    legacy((_, own) => {
      streams.push(own);
      own.writeHead(200, { "content-type": "text/event-stream" });
      own.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 1, ...elicit })}\n\n`);
    })(message, response, request);
  });
  const connection = await open(url, "legacy");
  const controller = new AbortController();
  const declining = { onElicitation: () => ({ action: "decline" }) as const };
  const first = connection.request("tools/call", tool, { handlers: declining, signal: controller.signal });
  first.catch(() => {});
  await vi.waitFor(() =>
    expect(seen.map(({ message }) => message.result)).toContainEqual({ action: "decline" }),
  );
  let asked: AbortSignal | undefined;
  const thinking: ServerRequestHandlers = {
    onElicitation: (_, { signal }) => ((asked = signal), new Promise(() => {})),
  };
  connection.request("tools/call", tool, { handlers: thinking }).catch(() => {});
  await vi.waitFor(() => expect(asked).toBeDefined());
  controller.abort("left");
  await expect(first).rejects.toBe("left");
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked?.aborted).toBe(false);
});

it("takes the other questions of a round back when one of them cannot be answered", async () => {
  const inputRequests = { a: { method: "elicitation/create", params: form }, b: { method: "roots/list" } };
  const { url } = await scripted(inRounds([{ inputRequests }]));
  let asked: AbortSignal | undefined;
  const handlers: ServerRequestHandlers = {
    onElicitation: (_, { signal }) => ((asked = signal), new Promise(() => {})),
    onRoots: () => Promise.reject(new Error("no")),
  };
  const failure = failureOf((await open(url, "modern")).request("tools/call", tool, { handlers }));
  expect(await failure).toMatchObject({ code: "ARGUMENT_INVALID" });
  expect(asked?.aborted).toBe(true);
});

it("asks nobody for a caller who has left", async () => {
  const controller = new AbortController();
  const log = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } };
  const { url } = await scripted(({ id }, response) => {
    const inputRequests = { a: { method: "roots/list" } };
    json(response, [result(id, { resultType: "input_required", inputRequests }), log]);
  });
  const onRoots = vi.fn(() => Promise.reject(new Error("nobody listens")));
  const { signal } = controller;
  const onLog = () => controller.abort("left");
  const asked = (await open(url, "modern")).request("tools/call", tool, {
    signal,
    onLog,
    handlers: { onRoots },
  });
  await expect(asked).rejects.toBe("left");
  await new Promise((resolve) => setImmediate(resolve));
  expect(onRoots).not.toHaveBeenCalled();
});

it("shows no secret that comes back as the method of a question", async () => {
  const { url } = await scripted(inRounds([{ inputRequests: { a: { method: "token-of-ada-1234" } } }]));
  const credential: Credential = {
    ...{ subject: "ada", generation: "1", origins: [url.origin as Origin] },
    headers: () => ({ authorization: { value: secret("Bearer token-of-ada-1234"), replaces: false } }),
  };
  const failure = await failureOf((await open(url, "modern", {}, credential)).request("tools/call", tool));
  expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  expect(failure.message).not.toContain("token-of-ada");
});

it("aborts what it asks for a connection that is parked", async () => {
  const { url } = await scripted((message, response, request) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      return void response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 7, ...elicit })}\n\n`);
    }
    legacy(({ id }, own) => json(own, result(id, done)), "s1")(message, response, request);
  });
  let asked: AbortSignal | undefined;
  const onElicitation: ServerRequestHandlers["onElicitation"] = (_, { signal }) => (
    (asked = signal),
    new Promise(() => {})
  );
  const connection = await open(url, "legacy", {}, undefined, { handlers: { onElicitation } });
  await vi.waitFor(() => expect(asked).toBeDefined());
  expect(connection.park()).toBeDefined();
  await vi.waitFor(() => expect(asked?.aborted).toBe(true));
});

it("asks nobody any more for a server that takes no answers", async () => {
  const held: ServerResponse[] = [];
  const { url } = await scripted((message, response, request) => {
    if (message.method === undefined && message.id !== undefined) return void held.push(response);
    if (request.method === "GET") return void response.writeHead(405).end();
    legacy(({ id }, own) => {
      own.writeHead(200, { "content-type": "text/event-stream" });
      const ask = (at: number) => {
        if (at === 60) return void own.end(`data: ${JSON.stringify(result(id, done))}\n\n`);
        own.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: `q${at}`, method: "roots/list" })}\n\n`);
        setTimeout(() => ask(at + 1), 2);
      };
      ask(0);
    })(message, response, request);
  });
  const onRoots = vi.fn(() => []);
  const connection = await open(url, "legacy", {}, undefined, { handlers: { onRoots } });
  expect(await connection.request("tools/call", tool)).toEqual(done);
  expect(onRoots).toHaveBeenCalledTimes(16);
  for (const response of held) response.writeHead(202).end();
});
