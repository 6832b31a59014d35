import { TenantryError, type CallToolOptions } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import { served } from "../../test/served.ts";
import { ask, envelope, lastOf, messagesOf, modern, post, type Said } from "../../test/wire.ts";
import { text, workspaceOf } from "../../test/workspace.ts";

const echo = workspaceOf({
  tools: { echo: (args) => text(JSON.stringify(args)), größer: () => text("ja") },
});
const all = async (response: Response) => {
  const said: Said[] = [];
  for await (const one of messagesOf(response)) said.push(one);
  return said;
};

describe("RTE-08: what is malformed", () => {
  const { body, headers } = modern("tools/call", { name: "echo", arguments: { a: 1 } });

  it.for([
    ["another method", { "mcp-method": "tools/list" }, body],
    ["no method", { "mcp-method": "" }, body],
    ["another tool", { "mcp-name": "other" }, body],
    ["another tool, encoded", { "mcp-name": "=?base64?b3RoZXI=?=" }, body],
    ["a tool whose encoding is broken", { "mcp-name": "=?base64?ZWNobw?=" }, body],
    ["another revision", { "mcp-protocol-version": "2025-11-25" }, body],
    ["no revision", { "mcp-protocol-version": "" }, body],
  ] as const)("RTE-08: refuses a header that says %s with -32020", async ([, other]) => {
    const { url } = await served({ connect: echo.connect });
    const given = Object.fromEntries(
      Object.entries({ ...headers, ...other }).filter(([, value]) => value !== ""),
    );
    const answer = await post(url, body, { headers: given });
    expect([answer.status, (await lastOf(answer)).error?.code]).toEqual([400, -32_020]);
    expect(echo.callers).toEqual([]);
  });

  it("RTE-08: takes a name that no header can hold, encoded", async () => {
    const { url } = await served({ connect: echo.connect });
    const call = modern("tools/call", { name: "größer" });
    const name = `=?base64?${Buffer.from("größer").toString("base64")}?=`;
    const answer = await post(url, call.body, { headers: { ...call.headers, "mcp-name": name } });
    expect((await lastOf(answer)).result).toMatchObject({ content: [{ text: "ja" }] });
  });

  it.for([
    ["a batch", [body, body], -32_600, null],
    ["an empty batch", [], -32_600, null],
    ["an id of null", { ...body, id: null }, -32_600, null],
    ["an id that is an object", { ...body, id: {} }, -32_600, null],
    ["an id that is too long", { ...body, id: "x".repeat(257) }, -32_600, null],
    ["another JSON-RPC", { ...body, jsonrpc: "1.0" }, -32_600, 1],
    ["a method that is no text", { ...body, method: 5 }, -32_600, 1],
    ["params in a list", { ...body, params: [] }, -32_600, 1],
    ["neither method nor result", { jsonrpc: "2.0", id: 1 }, -32_600, 1],
    ["a result and an error", { jsonrpc: "2.0", id: 1, result: {}, error: {} }, -32_600, 1],
    ["text", "tools/list", -32_600, null],
    ["nothing", null, -32_600, null],
    ["no envelope", { ...body, params: { name: "echo" } }, undefined, undefined],
    [
      "no capabilities",
      { ...body, params: { _meta: { ...envelope(), "io.modelcontextprotocol/clientCapabilities": 1 } } },
      -32_602,
      1,
    ],
    [
      "no revision",
      { ...body, params: { _meta: { ...envelope(), "io.modelcontextprotocol/protocolVersion": 1 } } },
      -32_602,
      1,
    ],
  ] as const)("RTE-08: answers %s with an error and status 400", async ([, given, code, id]) => {
    const { url } = await served({ connect: echo.connect });
    const answer = await post(url, JSON.stringify(given), { headers });
    const said = await lastOf(answer);
    expect(answer.status).toBe(400);
    if (code !== undefined) expect([said.error?.code, said.id]).toEqual([code, id]);
  });

  it.for([
    ["the same", { region: "eu", n: 5 }, { region: "eu", n: "5" }, true],
    [
      "the same, encoded",
      { region: "größe" },
      { region: `=?base64?${Buffer.from("größe").toString("base64")}?=` },
      true,
    ],
    ["nothing of either", {}, { other: "x" }, true],
    ["something else", { region: "eu" }, { region: "us" }, false],
    ["something that the body has not", {}, { region: "us" }, false],
    ["one of two only", { region: "eu", n: 5 }, { region: "eu" }, false],
    ["a broken encoding", { region: "Hello" }, { region: "=?base64?SGVsbG8?=" }, false],
  ] as const)("RTE-08: compares arguments with headers that say %s", async ([, given, said, isTaken]) => {
    const properties = {
      region: { type: "string", "x-mcp-header": "Region" },
      n: { "x-mcp-header": "n" },
      free: {},
    };
    const more = [{ name: "put", inputSchema: { type: "object" as const, properties } }];
    const workspace = workspaceOf({ more: more as never, tools: { put: () => text("done") } });
    const connect: typeof workspace.connect = (caller) => {
      const client = workspace.connect(caller);
      const listTools = async () => {
        const listing = await client.listTools();
        return { ...listing, tools: listing.tools.slice(1) };
      };
      return { ...client, listTools };
    };
    const { url } = await served({ connect });
    const headers = Object.fromEntries(
      Object.entries(said).map(([name, value]) => [`Mcp-Param-${name}`, value]),
    );
    const answer = await ask(url, "tools/call", { name: "put", arguments: given }, { headers });
    if (isTaken) expect(answer.error).toBeUndefined();
    else expect(answer).toMatchObject({ status: 400, error: { code: -32_020 } });
  });

  it("RTE-08: takes the last of two keys of one name for the check and for the call", async () => {
    const { url } = await served({ connect: echo.connect });
    const twice = JSON.stringify(body).replace('"name":"echo"', '"name":"other","name":"echo"');
    expect((await lastOf(await post(url, twice, { headers }))).result).toBeDefined();
    const reversed = JSON.stringify(body).replace('"name":"echo"', '"name":"echo","name":"other"');
    expect((await lastOf(await post(url, reversed, { headers }))).error?.code).toBe(-32_020);
  });

  it("RTE-08: keeps a hostile key a key", async () => {
    const { url } = await served({ connect: echo.connect });
    const hostile = JSON.stringify(body).replace('{"a":1}', '{"__proto__":{"admin":true},"constructor":1}');
    const { result } = await lastOf(await post(url, hostile, { headers }));
    expect(result).toMatchObject({ content: [{ text: '{"__proto__":{"admin":true},"constructor":1}' }] });
    for (const method of ["__proto__", "constructor", "toString"])
      expect(await ask(url, method)).toMatchObject({ status: 404, error: { code: -32_601 } });
  });

  it.for(["nothing/known", "initialize", "ping", "logging/setLevel", "resources/subscribe", "tasks/get"])(
    "RTE-08: answers the method %s with -32601 and 404",
    async (method) => {
      const { url } = await served({ connect: echo.connect });
      expect(await ask(url, method)).toMatchObject({ status: 404, id: 1, error: { code: -32_601 } });
    },
  );

  it("refuses another revision with -32022, and names those that are spoken", async () => {
    const { url } = await served({ connect: echo.connect });
    const meta = { ...envelope(), "io.modelcontextprotocol/protocolVersion": "2099-01-01" };
    const answer = await post(
      url,
      { ...body, params: { name: "echo", _meta: meta } },
      { headers: { ...headers, "mcp-protocol-version": "2099-01-01" } },
    );
    const data = { supported: ["2026-07-28"], requested: "2099-01-01" };
    expect(answer.status).toBe(400);
    expect((await lastOf(answer)).error).toMatchObject({ code: -32_022, data });
  });

  it("takes a notification, and does nothing about it", async () => {
    const { url } = await served({ connect: echo.connect });
    const { _meta } = modern("x").body.params;
    const said = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1, _meta } };
    expect((await post(url, said, { headers })).status).toBe(202);
  });
});

describe("requests", () => {
  it("says what it can do, what each result is and who gives it", async () => {
    const { url } = await served({ connect: echo.connect, instructions: "Be kind." });
    expect((await ask(url, "server/discover")).result).toMatchObject({
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      instructions: "Be kind.",
      cacheScope: "private",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "tenantry" } },
    });
  });

  it("lists, reads, gets and completes", async () => {
    const { url } = await served({ connect: echo.connect, limits: { listTtlMs: 5_000 } });
    const cached = { resultType: "complete", ttlMs: 5_000, cacheScope: "private" };
    expect((await ask(url, "tools/list")).result).toMatchObject({
      ...cached,
      tools: [{ name: "echo" }, { name: "größer" }],
    });
    expect((await ask(url, "tools/list")).result?.["tools"]).not.toContainEqual(
      expect.objectContaining({ origin: expect.anything() as unknown }),
    );
    expect((await ask(url, "resources/list")).result).toMatchObject({
      ...cached,
      resources: [{ uri: "test://one" }],
    });
    expect((await ask(url, "resources/templates/list")).result).toMatchObject({
      ...cached,
      resourceTemplates: [],
    });
    expect((await ask(url, "prompts/list")).result).toMatchObject({
      ...cached,
      prompts: [{ name: "greet" }],
    });
    expect((await ask(url, "resources/read", { uri: "test://one" })).result).toMatchObject({
      contents: [{ text: "one" }],
      ttlMs: 0,
      cacheScope: "private",
    });
    expect(
      (await ask(url, "prompts/get", { name: "greet", arguments: { name: "Ada" } })).result,
    ).toMatchObject({
      messages: [{ content: { text: "Hello, Ada" } }],
    });
    const completion = { ref: { type: "ref/prompt", name: "greet" }, argument: { name: "name", value: "A" } };
    expect((await ask(url, "completion/complete", completion)).result).toMatchObject({
      completion: { values: ["A!"] },
    });
  });

  it.for([
    ["tools/call", { name: 5 }],
    ["tools/call", { name: "echo", arguments: [] }],
    ["prompts/get", { name: "greet", arguments: { name: 5 } }],
    ["resources/read", { uri: null }],
    ["completion/complete", { ref: { type: "ref/tool" }, argument: { name: "a", value: "b" } }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "greet" } }],
    ["subscriptions/listen", {}],
    ["subscriptions/listen", { notifications: { resourceSubscriptions: [5] } }],
    ["tools/list", { cursor: "mine" }],
    ["tools/list", { cursor: 5 }],
  ] as const)("refuses %s with the parameters %j as invalid", async ([method, params]) => {
    const { url } = await served({ connect: echo.connect });
    expect(await ask(url, method, params)).toMatchObject({ id: 1, error: { code: -32_602 } });
  });

  it("gives bounded pages, whose cursors are one principal's", async () => {
    const tools = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`t${at}`, () => text("")]));
    const { url } = await served({ connect: workspaceOf({ tools }).connect, limits: { maxPageItems: 3 } });
    const names: unknown[] = [];
    let cursor: unknown;
    let pages = 0;
    do {
      const { result } = await ask(url, "tools/list", cursor === undefined ? {} : { cursor });
      names.push(...(result?.["tools"] as { name: string }[]).map(({ name }) => name));
      cursor = result?.["nextCursor"];
      if (++pages === 1)
        expect(await ask(url, "tools/list", { cursor }, { token: "acme/bob" })).toMatchObject({
          status: 404,
          error: { code: -32_602 },
        });
    } while (cursor !== undefined);
    expect([pages, names]).toEqual([3, Object.keys(tools)]);
  });

  it("says which servers are missing from a list, and that none can be asked", async () => {
    const unavailable = new TenantryError("SERVER_UNAVAILABLE", "It is https://secret.internal.", {
      retryable: true,
    });
    const some = await served({
      connect: workspaceOf({ unavailable, tools: { a: () => text("") } }).connect,
    });
    const { result } = await ask(some.url, "tools/list");
    expect(result?.["_meta"]).toMatchObject({
      "tenantry/unavailable": [{ server: "hand", code: "SERVER_UNAVAILABLE", retryable: true }],
    });
    const none = await served({ connect: workspaceOf({ unavailable }).connect });
    const { error } = await ask(none.url, "tools/list");
    expect(error).toMatchObject({ code: -32_603, data: { code: "SERVER_UNAVAILABLE" } });
    expect(JSON.stringify([result, error])).not.toContain("secret.internal");
  });

  it("tells of progress and of the log before the result, where the client wants it", async () => {
    const { connect } = workspaceOf({
      tools: {
        work(_, { onProgress, onLog }) {
          onProgress?.({ progress: 1, total: 2 });
          for (const level of ["debug", "warning"] as const) onLog?.({ level, data: level });
          return text("done");
        },
      },
    });
    const { url } = await served({ connect });
    const meta = { progressToken: "p", "io.modelcontextprotocol/logLevel": "info" };
    const call = modern("tools/call", { name: "work", _meta: meta });
    const said = await all(await post(url, call.body, { headers: call.headers }));
    expect(said.map(({ method, params, result }) => [method, params ?? result])).toMatchObject([
      ["notifications/progress", { progressToken: "p", progress: 1, total: 2 }],
      ["notifications/message", { level: "warning", data: "warning" }],
      [undefined, { content: [{ text: "done" }] }],
    ]);
    const quiet = modern("tools/call", { name: "work" });
    const answer = await post(url, quiet.body, { headers: quiet.headers });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await all(answer)).toHaveLength(1);
  });

  it("passes the trace on, and nothing else that a client says beside its request", async () => {
    const seen: CallToolOptions[] = [];
    const { connect } = workspaceOf({ tools: { see: (_, options) => (seen.push(options), text("")) } });
    const { url } = await served({ connect, replica: "here" });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const _meta = { traceparent, tracestate: "a=1", baggage: "b=2", "example/own": 1 };
    await ask(url, "tools/call", { name: "see", _meta }, { headers: { "x-own": "1" } });
    await ask(url, "tools/call", { name: "see", _meta: { traceparent: "broken" } });
    expect(seen[0]).toMatchObject({ trace: { traceparent, tracestate: "a=1", baggage: "b=2" } });
    expect(seen.map(({ meta }) => meta)).toEqual(Array(2).fill({ "tenantry/via": ["here"] }));
    expect(seen[1]).not.toHaveProperty("trace");
  });

  it("takes a client that leaves at its word, before the answer has begun and after", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { connect } = workspaceOf({
      tools: {
        wait(_, { signal, onProgress }) {
          signals.push(signal);
          onProgress?.({ progress: 1 });
          return new Promise(() => {});
        },
      },
    });
    const { url } = await served({ connect });
    for (const _meta of [{}, { progressToken: 1 }]) {
      const client = new AbortController();
      const call = modern("tools/call", { name: "wait", _meta });
      const answer = post(url, call.body, { headers: call.headers, signal: client.signal });
      answer.catch(() => {});
      await vi.waitFor(() => expect(signals).toHaveLength("progressToken" in _meta ? 2 : 1));
      if ("progressToken" in _meta) await answer;
      client.abort();
      await vi.waitFor(() => expect(signals.at(-1)?.aborted).toBe(true));
    }
  });

  it("gives a client up that does not read what it is sent", async () => {
    const { promise, resolve } = Promise.withResolvers<AbortSignal | undefined>();
    const { connect } = workspaceOf({
      tools: {
        flood(_, { signal, onProgress }) {
          for (let sent = 0; sent < 10_000 && !signal?.aborted; sent++)
            onProgress?.({ progress: sent, message: "x".repeat(1_000) });
          resolve(signal);
          return new Promise(() => {});
        },
      },
    });
    const { gateway } = await served({ connect, limits: { maxUnreadBytes: 100_000 } });
    const call = modern("tools/call", { name: "flood", _meta: { progressToken: 1 } });
    const headers = { ...call.headers, "content-type": "application/json", authorization: "Bearer acme/ada" };
    const request = new Request("http://127.0.0.1/mcp", {
      method: "POST",
      headers,
      body: JSON.stringify(call.body),
    });
    const answer = await gateway.handle(request);
    expect((await promise)?.aborted).toBe(true);
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => gateway.stats().requests).toBe(0);
  });

  it("gives a result as large as a server may give to a client that reads, after progress too", async () => {
    const large = "x".repeat(100_000);
    const { connect } = workspaceOf({
      tools: { large: (_, { onProgress }) => (onProgress?.({ progress: 1 }), text(large)) },
    });
    const { url } = await served({ connect, limits: { maxUnreadBytes: 10_000 } });
    const params = { name: "large", _meta: { progressToken: 1 } };
    expect((await ask(url, "tools/call", params)).result?.["content"]).toEqual([
      { type: "text", text: large },
    ]);
  });

  it("says that it is there where a call takes long", async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const { url } = await served({
      connect: workspaceOf({ tools: { wait: () => promise } }).connect,
      limits: { keepAliveMs: 10 },
    });
    const call = modern("tools/call", { name: "wait" });
    const answer = await post(url, call.body, { headers: call.headers });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toMatch(/^:/u);
    resolve(text("done") as never);
    let rest = "";
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      rest += next.value;
    expect(rest).toContain('"done"');
  });
});

describe("SRV-05: errors", () => {
  const hostile = "at /srv/app/server.ts:5\r\nhttps://user:pass@internal.example token=s3cret";

  it.for([
    ["an error of the host's own", new RangeError(hostile), -32_603],
    [
      "an error with a cause",
      new TenantryError("SERVER_UNAVAILABLE", hostile, { cause: new Error(hostile) }),
      -32_603,
    ],
    ["an invalid argument", new TenantryError("ARGUMENT_INVALID", hostile), -32_602],
    ["what is denied", new TenantryError("CALL_DENIED", hostile), -32_602],
    ["a bound", new TenantryError("RATE_LIMITED", hostile, { retryAfterMs: 5 }), -32_000],
    ["no error at all", hostile as never, -32_603],
  ] as const)("SRV-05: tells nothing of %s but what to do", async ([, failure, code]) => {
    const fail = () => Promise.reject<never>(failure as Error);
    const { url } = await served({ connect: workspaceOf({ tools: { fail } }).connect });
    const answer = await ask(url, "tools/call", { name: "fail" });
    expect(answer).toMatchObject({ id: 1, error: { code } });
    expect(JSON.stringify(answer)).not.toMatch(/server\.ts|internal|s3cret|pass|\\r|\\n/u);
  });

  it("SRV-05: gives a server's own error as it is quoted, with its code, and no data", async () => {
    const rpc = { code: -32_050, message: hostile, data: { stack: hostile } };
    const failure = new TenantryError("SERVER_ERROR", 'The server said "no\\r\\n".', { rpc });
    const fail = () => Promise.reject<never>(failure);
    const { url } = await served({ connect: workspaceOf({ tools: { fail } }).connect });
    const { error } = await ask(url, "tools/call", { name: "fail" });
    expect(error).toMatchObject({ code: -32_050, message: 'The server said "no\\r\\n".' });
    expect(JSON.stringify(error)).not.toMatch(/server\.ts|s3cret/u);
  });

  it.for([-32_601, -32_020, -32_022, -32_001, 1.5])(
    "takes a server's %d for no word of its own wire",
    async (code) => {
      const failure = new TenantryError("SERVER_ERROR", "No.", { rpc: { code, message: "no" } });
      const fail = () => Promise.reject<never>(failure);
      const { url } = await served({ connect: workspaceOf({ tools: { fail } }).connect });
      expect(await ask(url, "tools/call", { name: "fail" })).toMatchObject({
        status: 200,
        error: { code: -32_603 },
      });
    },
  );

  it("says what a client has to be able to be asked (-32021), with status 400", async () => {
    const data = { requiredCapabilities: { sampling: {} } };
    const rpc = { code: -32_021, message: "no", data };
    const fail = () => Promise.reject<never>(new TenantryError("SERVER_ERROR", "No.", { rpc }));
    const { url } = await served({ connect: workspaceOf({ tools: { fail } }).connect });
    expect(await ask(url, "tools/call", { name: "fail" })).toMatchObject({
      status: 400,
      error: { code: -32_021, data },
    });
  });

  it("SRV-05: says which pages a server wants visited first (-32042), and nothing else of its data", async () => {
    const page = { mode: "url", message: "Log in.", url: "https://login.example/", elicitationId: "1" };
    const others = [
      { ...page, url: "javascript:alert(1)" },
      { ...page, url: "https://user:s3cret@login.example/" },
      { ...page, url: { toString: null } },
      { ...page, mode: "form" },
      null,
    ];
    const rpc = (elicitations: unknown) => ({
      code: -32_042,
      message: hostile,
      data: { elicitations, token: "s3cret" },
    });
    const tool = (elicitations: unknown) => () =>
      Promise.reject<never>(new TenantryError("SERVER_ERROR", "No.", { rpc: rpc(elicitations) }));
    const tools = { some: tool([...others, { ...page, token: "s3cret" }]), none: tool(others) };
    const { url } = await served({ connect: workspaceOf({ tools }).connect });
    const told = await ask(url, "tools/call", { name: "some" });
    expect(told.error).toMatchObject({ code: -32_042, data: { elicitations: [page] } });
    const nothing = await ask(url, "tools/call", { name: "none" });
    expect(nothing.error?.data).toEqual({ code: "SERVER_ERROR", retryable: false });
    expect(JSON.stringify([told, nothing])).not.toMatch(/s3cret|javascript/u);
  });

  it("answers unknown and forbidden alike, and an unknown resource with its URI", async () => {
    const { url } = await served({ connect: echo.connect });
    const unknown = await ask(url, "tools/call", { name: "nothing" });
    expect(unknown).toMatchObject({
      status: 200,
      error: { code: -32_602, message: "There is no such tool." },
    });
    expect((await ask(url, "resources/read", { uri: "test://two" })).error).toMatchObject({
      code: -32_602,
      data: { uri: "test://two" },
    });
  });
});

describe("RTE-12: circles", () => {
  it("RTE-12: refuses what has been here, and what has come through too many", async () => {
    const { url } = await served({ connect: echo.connect, replica: "here" });
    const via = (...ids: unknown[]) => ask(url, "tools/list", { _meta: { "tenantry/via": ids } });
    for (const ids of [
      ["here"],
      ["a", "here", "b"],
      Array.from({ length: 9 }, String),
      [5],
      ["x".repeat(65)],
    ])
      expect(await via(...ids)).toMatchObject({ status: 400, error: { code: -32_600 } });
    for (const ids of [["a", "b"], Array.from({ length: 8 }, String), ["x".repeat(64)]])
      expect((await via(...ids)).error).toBeUndefined();
  });
});

it("ends everything when it is closed, and takes nothing more", async () => {
  const { connect } = workspaceOf({
    tools: {
      wait: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    },
  });
  const { url, gateway } = await served({ connect });
  const call = ask(url, "tools/call", { name: "wait" });
  const stream = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });
  const listening = await post(url, stream.body, { headers: stream.headers });
  await expect.poll(() => gateway.stats()).toMatchObject({ requests: 1, streams: 1 });
  await gateway.close();
  expect((await call).error).toMatchObject({ code: -32_603, data: { code: "CLOSED" } });
  expect((await all(listening)).at(-1)).toMatchObject({ id: 1, result: { resultType: "complete" } });
  expect(gateway.stats()).toEqual({ requests: 0, streams: 0, held: 0, questions: 0 });
  expect((await ask(url, "tools/list")).status).toBe(503);
});
