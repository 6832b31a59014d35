import { raceAbort, TenantryError } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { describe, expect, it, vi } from "vitest";
import type { Said } from "../../test/wire.ts";
import { text, workspaceOf, type WorkspaceParts } from "../../test/workspace.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";

/** A conversation whose client is the test; what it is sent is in `said`, in order. */
function talk(parts: WorkspaceParts = {}, options: Partial<ConversationOptions> = {}) {
  const workspace = workspaceOf(parts);
  const said: Said[] = [];
  const client = workspace.connect({ workspace: "acme", user: "ada" });
  const conversation = new Conversation({
    client,
    send: (message) => said.push(message as Said),
    ...options,
  });
  const send = (message: object) => conversation.receive({ jsonrpc: "2.0", ...message });
  const answerTo = (id: number | string) =>
    vi.waitFor(() => said.find((one) => one.id === id && !one.method) ?? expect.fail());
  const request = (method: string, params: object = {}, id: number | string = 1) => {
    send({ id, method, params });
    return answerTo(id);
  };
  const hello = (capabilities: object = {}) =>
    request("initialize", { protocolVersion: "2025-06-18", capabilities }, "hello");
  return { ...workspace, conversation, said, send, request, answerTo, hello };
}

/** A tool that waits until its caller leaves, or for ever. */
const wait = async (
  _: unknown,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: unknown },
) => {
  (onProgress as (progress: object) => void)({ progress: 1 });
  return raceAbort(new Promise<never>(() => {}), signal);
};
const waiting = { method: "tools/call", params: { name: "wait", _meta: { progressToken: 7 } } };

describe("a conversation", () => {
  it("speaks the revision that its client wants, or the newest that it knows, and says whether it tells of changes", async () => {
    const { result } = await talk({}, { changes: true, instructions: "Go." }).hello();
    expect(result).toMatchObject({
      protocolVersion: "2025-06-18",
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "tenantry" },
      instructions: "Go.",
    });
    const later = await talk().request("initialize", { protocolVersion: "2099-01-01" });
    expect(later.result).toMatchObject({
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: false }, resources: { subscribe: true } },
    });
    expect((await talk().request("initialize")).error?.code).toBe(-32_602);
  });

  it.each([
    ["server/discover", {}, -32_601],
    ["logging/setLevel", { level: "loud" }, -32_602],
    ["resources/subscribe", { uri: 1 }, -32_602],
    ["resources/subscribe", { uri: "x".repeat(2_049) }, -32_602],
    ["resources/unsubscribe", {}, -32_602],
    ["tools/call", { name: 1 }, -32_602],
    ["tools/list", { cursor: "made up" }, -32_602],
    ["resources/read", { uri: "test://none" }, -32_002],
  ])("refuses %s with %j", async (method, params, code) => {
    expect((await talk().request(method, params)).error?.code).toBe(code);
  });

  it("refuses what is no message, and a second request with the id of one that is under way", async () => {
    const {
      conversation,
      said,
      send,
      conversation: { receive: _ },
    } = talk({ tools: { wait: wait as never } });
    for (const odd of [undefined, [], { jsonrpc: "1.0", id: 1, method: "ping" }, { jsonrpc: "2.0", id: 3 }])
      conversation.receive(odd);
    expect(said.map(({ id, error }) => [id, error?.code])).toEqual(
      [null, null, 1, 3].map((id) => [id, -32_600]),
    );
    send({ id: "1", ...waiting });
    send({ id: "1", method: "ping" });
    expect(said.at(-1)).toMatchObject({ id: "1", error: { code: -32_600 } });
  });

  it("tells nothing of a request that was taken back, whatever its tool still says", async () => {
    const late = Promise.withResolvers<void>();
    const { said, send, request } = talk({
      tools: {
        wait: async (_, { signal, onProgress }) => {
          onProgress?.({ progress: 1 });
          signal?.addEventListener("abort", () => (onProgress?.({ progress: 2 }), late.resolve()));
          return late.promise.then(() => text("late"));
        },
      },
    });
    send({ id: 5, ...waiting });
    await vi.waitFor(() => expect(said).toHaveLength(1));
    expect(said[0]).toMatchObject({
      method: "notifications/progress",
      params: { progressToken: 7, progress: 1 },
    });
    send({ method: "notifications/cancelled", params: { requestId: "5" } });
    send({ method: "notifications/cancelled", params: { requestId: 5 } });
    await late.promise;
    await request("ping", {}, 6);
    expect(said.map(({ id }) => id)).toEqual([undefined, 6]);
  });

  it("tells of no progress after the result", async () => {
    let tell: (() => void) | undefined;
    const { said, request } = talk({
      tools: { wait: (_, { onProgress }) => ((tell = () => onProgress?.({ progress: 2 })), text("done")) },
    });
    await request(waiting.method, waiting.params);
    tell?.();
    expect(said).toHaveLength(1);
  });

  it("takes a question back that nobody wants to have answered any more, and an answer that is nobody's for none", async () => {
    const server = new AbortController();
    const { said, send, hello, answerTo } = talk({
      tools: {
        ask: async (_, { handlers }) => {
          const asked = handlers?.onRoots?.({ signal: server.signal });
          return text(
            await Promise.resolve(asked).then(
              () => "answered",
              () => "taken back",
            ),
          );
        },
      },
    });
    await hello({ roots: {} });
    send({ id: 1, method: "tools/call", params: { name: "ask" } });
    const question = await vi.waitFor(
      () => said.find(({ method }) => method === "roots/list") ?? expect.fail(),
    );
    send({ id: "1", result: { roots: [] } });
    server.abort();
    expect((await answerTo(1)).result).toMatchObject({ content: [{ text: "taken back" }] });
    expect(said.filter(({ method }) => method === "notifications/cancelled")).toMatchObject([
      { params: { requestId: question.id } },
    ]);
    send({ id: question.id, result: { roots: [] } });
  });

  it("hears of changes once its client is ready, of resources as it asks, and of nothing else", async () => {
    const clock = manualClock();
    const { said, send, request, hello, listeners } = talk({}, { changes: true, clock });
    await hello();
    expect(listeners.size).toBe(0);
    send({ method: "notifications/initialized" });
    await vi.waitFor(() =>
      expect([...listeners].map(({ filter }) => filter)).toEqual([
        { tools: true, prompts: true, resources: true },
      ]),
    );
    for (let index = 0; index < 256; index++)
      await request("resources/subscribe", { uri: `test://${index}` }, index);
    await request("resources/subscribe", { uri: "test://0" }, "again");
    expect(listeners.size).toBe(257);
    expect((await request("resources/subscribe", { uri: "test://more" }, "more")).error?.code).toBe(-32_602);
    await request("resources/unsubscribe", { uri: "test://0" }, "less");
    await vi.waitFor(() => expect(listeners.size).toBe(256));
    said.length = 0;
    for (const listener of listeners) listener.tell({ kind: "tools_changed", server: "hand" as never });
    await clock.advance(100);
    expect(said).toEqual([{ jsonrpc: "2.0", method: "notifications/tools/list_changed", params: {} }]);
  });

  it("watches nothing for a request that was taken back", async () => {
    const { connect, listeners } = workspaceOf();
    const client = connect({ workspace: "acme", user: "ada" });
    const gate = Promise.withResolvers<void>();
    const subscribed = vi.fn();
    const { send } = talk(
      {},
      {
        client: {
          ...client,
          subscribe: async (...given) => {
            await gate.promise;
            const subscription = await client.subscribe(...given);
            subscribed(listeners.size);
            return subscription;
          },
        },
      },
    );
    send({ id: 1, method: "resources/subscribe", params: { uri: "test://one" } });
    send({ method: "notifications/cancelled", params: { requestId: 1 } });
    gate.resolve();
    await vi.waitFor(() => expect(subscribed).toHaveBeenCalledExactlyOnceWith(1));
    await vi.waitFor(() => expect(listeners.size).toBe(0));
  });

  it("goes on watching what a request asks for again and is taken back", async () => {
    const { send, request, listeners } = talk();
    await request("resources/subscribe", { uri: "test://one" });
    send({ id: 2, method: "resources/subscribe", params: { uri: "test://one" } });
    send({ method: "notifications/cancelled", params: { requestId: 2 } });
    await request("ping", {}, 3);
    expect(listeners.size).toBe(1);
  });

  it("watches what one of two requests was taken back for that came while the server was asked", async () => {
    const { connect, listeners } = workspaceOf();
    const client = connect({ workspace: "acme", user: "ada" });
    const gate = Promise.withResolvers<void>();
    const subscribe: typeof client.subscribe = async (...given) => {
      await gate.promise;
      return client.subscribe(...given);
    };
    const { send, said, answerTo } = talk({}, { client: { ...client, subscribe } });
    for (const id of [1, 2]) send({ id, method: "resources/subscribe", params: { uri: "test://one" } });
    send({ method: "notifications/cancelled", params: { requestId: 1 } });
    await new Promise(setImmediate);
    expect(said).toEqual([]);
    gate.resolve();
    expect((await answerTo(2)).result).toEqual({});
    expect(listeners.size).toBe(1);
  });

  it("ends what was taken back, and not what was asked for since", async () => {
    const { connect, listeners } = workspaceOf();
    const client = connect({ workspace: "acme", user: "ada" });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const left = [...gates];
    const subscribe: typeof client.subscribe = async (filter, listener) => {
      await left.shift()?.promise;
      return client.subscribe(filter, listener);
    };
    const { send, request, answerTo } = talk({}, { client: { ...client, subscribe } });
    const params = { uri: "test://one" };
    send({ id: 1, method: "resources/subscribe", params });
    await request("resources/unsubscribe", params, 2);
    send({ id: 3, method: "resources/subscribe", params });
    gates[1]?.resolve();
    expect((await answerTo(3)).result).toEqual({});
    send({ method: "notifications/cancelled", params: { requestId: 1 } });
    gates[0]?.resolve();
    await request("ping", {}, 4);
    await new Promise(setImmediate);
    expect(listeners.size).toBe(1);
  });

  it("asks again for what could not be watched", async () => {
    const { connect, listeners } = workspaceOf();
    const client = connect({ workspace: "acme", user: "ada" });
    const subscribe = vi
      .fn(client.subscribe)
      .mockRejectedValueOnce(new TenantryError("TIMEOUT", "Try again."));
    const { request } = talk({}, { client: { ...client, subscribe } });
    expect((await request("resources/subscribe", { uri: "test://one" }, 1)).error).toBeDefined();
    expect((await request("resources/subscribe", { uri: "test://one" }, 2)).result).toEqual({});
    expect(listeners.size).toBe(1);
  });

  it("takes the id of a request that was answered for another", async () => {
    const { said, request, send } = talk();
    await request("ping");
    send({ id: 1, method: "ping" });
    await vi.waitFor(() => expect(said).toEqual(Array(2).fill({ jsonrpc: "2.0", id: 1, result: {} })));
  });

  it("tells servers nothing of the token that progress of this link is told by", async () => {
    const { request } = talk({ tools: { meta: (_, { meta }) => text(JSON.stringify(meta)) } });
    const _meta = { progressToken: 7, "io.modelcontextprotocol/clientInfo": {}, "example.com/why": "test" };
    const { result } = await request("tools/call", { name: "meta", _meta });
    expect(result).toMatchObject({ content: [{ text: '{"example.com/why":"test"}' }] });
  });

  it("asks its client nothing that nobody wants to know any more", async () => {
    const signal = AbortSignal.abort(new Error("Gone."));
    const { said, hello, request } = talk({
      tools: {
        ask: async (_, { handlers }) =>
          text(await Promise.resolve(handlers?.onRoots?.({ signal })).then(String, () => "not asked")),
      },
    });
    await hello({ roots: {} });
    const { result } = await request("tools/call", { name: "ask" });
    expect(result).toMatchObject({ content: [{ text: "not asked" }] });
    expect(said.map(({ method }) => method)).toEqual([undefined, undefined]);
  });

  it("is not confused by what a client takes back that it never asked", async () => {
    const { send, request } = talk({ tools: { ask: () => text("fine") } });
    for (const requestId of [undefined, null, "1", 99, {}, [], -0, "__proto__"])
      send({ method: "notifications/cancelled", params: { requestId } });
    for (const method of ["notifications/progress", "notifications/none", "constructor", "__proto__"])
      send({ method, params: { progressToken: 1, progress: 1 } });
    for (const id of [1, "nobody asked"]) send({ id, result: { roots: [] } });
    expect((await request("tools/call", { name: "ask" })).result).toMatchObject({
      content: [{ text: "fine" }],
    });
    for (const method of ["constructor", "__proto__", "toString"])
      expect((await request(method, {}, method)).error?.code).toBe(-32_601);
  });

  it("tells each of two clients its own, who use one id and one token at the same time", async () => {
    const tools = {
      wait: async (
        _: unknown,
        { onProgress, signal }: { onProgress?: unknown; signal?: AbortSignal | undefined },
      ) => {
        (onProgress as (progress: object) => void)({ progress: 1 });
        return raceAbort(new Promise<never>(() => {}), signal);
      },
    };
    const [first, second] = [talk({ tools: tools as never }), talk({ tools: tools as never })];
    for (const { send } of [first, second]) send({ id: 1, ...waiting });
    await vi.waitFor(() => expect([first.said.length, second.said.length]).toEqual([1, 1]));
    first.conversation.close();
    second.send({ method: "notifications/cancelled", params: { requestId: 2 } });
    await second.request("ping", {}, 2);
    expect(second.said.map(({ id }) => id)).toEqual([undefined, 2]);
    expect(first.said).toHaveLength(1);
  });

  it("ends a question that its server asks when the client is closed", async () => {
    const left = Promise.withResolvers<unknown>();
    const { conversation, said, send, hello } = talk({
      tools: {
        ask: async (_, { handlers, signal }) => {
          const asked = Promise.resolve(handlers?.onRoots?.({ signal: signal as AbortSignal }));
          asked.catch(left.resolve);
          await asked;
          return text("answered");
        },
      },
    });
    await hello({ roots: {} });
    send({ id: 1, method: "tools/call", params: { name: "ask" } });
    await vi.waitFor(() => expect(said.at(-1)?.method).toBe("roots/list"));
    conversation.close();
    expect(await left.promise).toBeInstanceOf(Error);
    expect(said.at(-1)?.method).toBe("roots/list");
  });

  it("listens to nobody unless it is to tell of changes", async () => {
    const { send, request, hello, listeners } = talk();
    await hello();
    send({ method: "notifications/initialized" });
    await request("ping");
    expect(listeners.size).toBe(0);
  });

  it("ends everything when it is closed, and says nothing more", async () => {
    const ended = Promise.withResolvers<unknown>();
    const { conversation, said, send, request, listeners } = talk({
      tools: {
        wait: async (_, { signal }) =>
          raceAbort(new Promise<never>(() => {}), signal).catch((reason: unknown) => {
            ended.resolve(reason);
            throw reason;
          }),
      },
    });
    await request("resources/subscribe", { uri: "test://one" }, "watch");
    send({ id: 1, ...waiting });
    said.length = 0;
    conversation.close();
    expect(await ended.promise).toMatchObject({ code: "CLOSED" });
    await vi.waitFor(() => expect(listeners.size).toBe(0));
    send({ id: 2, method: "ping" });
    await new Promise(setImmediate);
    expect(said).toEqual([]);
  });

  it("gives the first reason where no server can be asked, and names no server's own words", async () => {
    const unavailable = new TenantryError("CONNECT_FAILED", "At 10.0.0.7.", { retryable: true });
    const { error } = await talk({ unavailable }).request("tools/list");
    expect(error).toMatchObject({ code: -32_603, data: { code: "CONNECT_FAILED", retryable: true } });
    expect(JSON.stringify(error)).not.toContain("10.0.0.7");
  });
});
