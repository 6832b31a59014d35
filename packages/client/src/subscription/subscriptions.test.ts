import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerEvent } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { expect, onTestFinished, test as it, vi } from "vitest";
import { failureOf, json, legacy, open, result, scripted, type Handler } from "../../test/scripted-server.ts";

const event = (response: ServerResponse | undefined, message: object, id?: string) =>
  response?.write(
    `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`,
  );
const changed = (kind: string) => ({ method: `notifications/${kind}/list_changed` });
const updated = (uri: string) => ({ method: "notifications/resources/updated", params: { uri } });

/** A legacy server with a stream of its own messages. */
async function telling(onStream: (response: ServerResponse, at: number) => void = () => {}) {
  const streams: ServerResponse[] = [];
  const server = await scripted((message, response, request) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      streams.push(response);
      return onStream(response, streams.length);
    }
    if (request.method === "DELETE") return void response.writeHead(204).end();
    legacy(({ id }, own) => json(own, result(id, {})), "s1")(message, response, request);
  });
  const asked = (method: string) =>
    server.seen.filter((one) => one.method === method || one.message.method === method);
  return { ...server, streams, asked };
}

it("opens a legacy server's stream with the first subscription and ends it with the last", async () => {
  const { url, streams, asked } = await telling();
  const connection = await open(url, "legacy");
  expect(asked("GET")).toEqual([]);
  const first = await connection.subscribe({ tools: true }, () => {});
  const second = await connection.subscribe({ prompts: true }, () => {});
  expect(asked("GET")).toHaveLength(1);
  expect(asked("GET")[0]?.headers).toMatchObject({ accept: "text/event-stream", "mcp-session-id": "s1" });
  const ended = vi.fn();
  streams[0]?.on("close", ended);
  await first.close();
  expect(await first.closed).toEqual({ kind: "closed" });
  expect(ended).not.toHaveBeenCalled();
  await second.close();
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
});

it("opens one stream for those who subscribe at once, and one's abort is not the other's", async () => {
  const { url, asked } = await telling();
  const connection = await open(url, "legacy");
  const controller = new AbortController();
  const leaving = connection.subscribe({ tools: true }, () => {}, { signal: controller.signal });
  leaving.catch(() => {});
  const staying = connection.subscribe({ tools: true }, () => {});
  controller.abort("left");
  await expect(leaving).rejects.toBe("left");
  await staying;
  expect(asked("GET")).toHaveLength(1);
});

it("tells each subscriber of what it asked for, and of a storm as of few changes", async () => {
  const clock = manualClock();
  const { url, streams, asked } = await telling();
  const connection = await open(url, "legacy", { clock });
  const tools: ServerEvent[] = [];
  const resources: ServerEvent[] = [];
  await connection.subscribe({ tools: true }, (one) => tools.push(one));
  await connection.subscribe({ resourceUris: ["file:///a"] }, (one) => resources.push(one));
  expect(asked("resources/subscribe").map(({ message }) => message.params)).toEqual([{ uri: "file:///a" }]);
  for (let at = 0; at < 1_000; at++) event(streams[0], changed("tools"));
  event(streams[0], updated("file:///other"));
  event(streams[0], updated("file:///a"));
  await vi.waitFor(() => expect(resources).toEqual([{ kind: "resource_updated", uri: "file:///a" }]));
  expect(tools).toEqual([{ kind: "tools_changed" }]);
  await clock.advance(100);
  expect(tools).toHaveLength(2);
  await clock.advance(1_000);
  expect(tools).toHaveLength(2);
});

it("takes a resource back at the server with its last subscriber, and nothing when the connection closes", async () => {
  const { url, asked } = await telling();
  const connection = await open(url, "legacy");
  const uris = { resourceUris: ["file:///a"] };
  const first = await connection.subscribe(uris, () => {});
  const second = await connection.subscribe(uris, () => {});
  expect(asked("resources/subscribe")).toHaveLength(1);
  await first.close();
  expect(asked("resources/unsubscribe")).toEqual([]);
  await second.close();
  expect(asked("resources/unsubscribe")).toHaveLength(1);
  const third = await connection.subscribe(uris, () => {});
  await connection.close();
  expect(await third.closed).toEqual({ kind: "closed" });
  await third.close();
  expect(asked("resources/unsubscribe")).toHaveLength(1);
});

it("opens a legacy stream again from where it broke, ever more slowly, and gives up", async () => {
  const clock = manualClock();
  const heard: ServerEvent[] = [];
  const { url, asked } = await telling((response, at) => {
    if (at === 1) event(response, changed("tools"), "e1");
    response.end();
  });
  const limits = { maxStreamReconnects: 3 };
  const connection = await open(url, "legacy", { clock, limits });
  const subscription = await connection.subscribe({ tools: true }, (one) => heard.push(one));
  const pauses = [1_000, 2_000, 4_000];
  for (const [at, pause] of pauses.entries()) {
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
    await clock.advance(pause - 1);
    expect(asked("GET")).toHaveLength(at + 1);
    await clock.advance(1);
    await vi.waitFor(() => expect(asked("GET")).toHaveLength(at + 2));
  }
  expect((await subscription.closed).kind).toBe("lost");
  expect(heard).toEqual([{ kind: "tools_changed" }]);
  expect(asked("GET").map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "e1", "e1", "e1"]);
});

it("says that a legacy server tells of nothing, where it gives no stream", async () => {
  const { url } = await scripted((message, response, request) => {
    if (request.method === "GET") return void response.writeHead(405).end();
    legacy(({ id }, own) => json(own, result(id, {})))(message, response, request);
  });
  const connection = await open(url, "legacy");
  expect(await failureOf(connection.subscribe({ tools: true }, () => {}))).toMatchObject({
    code: "SERVER_ERROR",
    status: 405,
  });
  expect(await connection.request("ping", undefined)).toEqual({});
});

/** A modern server that acknowledges a subscription and tells of what the test says. */
async function listening(after: (response: ServerResponse, id: number | undefined, at: number) => void) {
  let count = 0;
  const handler: Handler = ({ id, params }, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const _meta = { "io.modelcontextprotocol/subscriptionId": id };
    const notifications = { toolsListChanged: true, ...(params as { notifications: object }).notifications };
    const method = "notifications/subscriptions/acknowledged";
    event(response, { method, params: { _meta, notifications } });
    after(response, id, ++count);
  };
  return scripted(handler);
}

it("subscribes at a modern server with one request, and ends it by leaving", async () => {
  const ended = vi.fn();
  const { url, seen } = await listening((response) => {
    response.on("close", ended);
    event(response, updated("file:///a/b"));
    event(response, changed("prompts"));
  });
  const heard: ServerEvent[] = [];
  const connection = await open(url, "modern");
  const filter = { resourceUris: ["file:///a"], resources: true };
  const subscription = await connection.subscribe(filter, (one) => heard.push(one));
  expect(seen[0]?.message).toMatchObject({
    method: "subscriptions/listen",
    params: { notifications: { resourcesListChanged: true, resourceSubscriptions: ["file:///a"] } },
  });
  expect(subscription.honored).toEqual({ tools: true, resources: true, resourceUris: ["file:///a"] });
  await vi.waitFor(() => expect(heard).toEqual([{ kind: "resource_updated", uri: "file:///a/b" }]));
  await subscription.close();
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  expect(await subscription.closed).toEqual({ kind: "closed" });
});

it("asks a modern server again when a subscription breaks, and not when it is over", async () => {
  const clock = manualClock();
  const { url, seen } = await listening((response, id, at) => {
    if (at === 1) return void response.write(":\n\n", () => response.destroy());
    event(response, changed("tools"));
    response.end(`data: ${JSON.stringify(result(id, { resultType: "complete" }))}\n\n`);
  });
  const heard: ServerEvent[] = [];
  const connection = await open(url, "modern", { clock });
  const subscription = await connection.subscribe({ tools: true }, (one) => heard.push(one));
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
  await clock.advance(1_000);
  expect(await subscription.closed).toEqual({ kind: "lost" });
  expect(heard).toEqual([{ kind: "tools_changed" }]);
  expect(seen).toHaveLength(2);
});

it("refuses a subscription that a modern server does not acknowledge in time, and leaves nothing", async () => {
  const clock = manualClock();
  const ended = vi.fn();
  const { url } = await scripted((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    response.on("close", ended);
  });
  const connection = await open(url, "modern", { clock });
  const asked = failureOf(connection.subscribe({ tools: true }, () => {}));
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
  await clock.advance(60_000);
  expect(await asked).toMatchObject({ code: "TIMEOUT" });
  await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  expect(clock.pending).toBe(0);
});

it("does not park a connection that somebody listens on", async () => {
  const { url } = await telling();
  const connection = await open(url, "legacy");
  const subscription = await connection.subscribe({ tools: true }, () => {});
  expect(connection.park()).toBeUndefined();
  await subscription.close();
  expect(connection.park()).toMatchObject({ sessionId: "s1" });
});

it.for(["legacy", "modern"] as const)(
  "fails a subscription that its connection is closed under, with the reason (%s)",
  async (era) => {
    const { url, seen } = await scripted((message, response, request) => {
      if (era === "legacy" && request.method === "POST") legacy(() => {})(message, response, request);
    });
    const connection = await open(url, era);
    const subscribing = failureOf(connection.subscribe({ tools: true }, () => {}));
    await vi.waitFor(() =>
      expect(
        seen.some(({ message, method }) => method === "GET" || message.method === "subscriptions/listen"),
      ).toBe(true),
    );
    await connection.close();
    expect(await subscribing).toMatchObject({ code: "CLOSED" });
  },
);

it("tells of a part of a watched resource, and of no other resource that begins like it", async () => {
  const { url, streams } = await telling();
  const connection = await open(url, "legacy");
  const heard: ServerEvent[] = [];
  await connection.subscribe({ resourceUris: ["file:///users/ada"] }, (one) => heard.push(one));
  for (const uri of ["file:///users/adam", "file:///users/ada/a", "file:///users/ada#b", "file:///users/ada"])
    event(streams[0], updated(uri));
  await vi.waitFor(() =>
    expect(heard).toContainEqual({ kind: "resource_updated", uri: "file:///users/ada" }),
  );
  expect(heard.map((one) => "uri" in one && one.uri)).not.toContain("file:///users/adam");
  expect(heard).toHaveLength(3);
});

it("keeps nothing of a modern subscription's earlier requests", async () => {
  const clock = manualClock();
  const { url, seen } = await listening((response) => {
    response.write(":\n\n", () => response.destroy());
  });
  const add = vi.spyOn(AbortSignal.prototype, "addEventListener");
  onTestFinished(() => void vi.restoreAllMocks());
  const connection = await open(url, "modern", { clock });
  const subscription = await connection.subscribe({ tools: true }, () => {});
  for (let at = 1; at <= 4; at++) {
    await vi.waitFor(() => expect(seen).toHaveLength(at));
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(1_000 * 2 ** (at - 1));
  }
  await vi.waitFor(() => expect(seen).toHaveLength(5));
  const leaving = add.mock.calls.filter(([, listener]) => String(listener).includes("call.end("));
  expect(leaving).toHaveLength(5);
  const listeners = new Set(
    add.mock.contexts.flatMap((signal) => getEventListeners(signal as AbortSignal, "abort")),
  );
  expect(leaving.filter(([, listener]) => listeners.has(listener as never)).length).toBeLessThan(2);
  await subscription.close();
});

it("tells a second watcher of a resource that the server refuses to tell of", async () => {
  const { url } = await scripted((message, response, request) => {
    if (request.method === "GET")
      return void response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    legacy(({ id }, own) => {
      setTimeout(() => json(own, { jsonrpc: "2.0", id, error: { code: -32002, message: "no" } }), 50);
    })(message, response, request);
  });
  const connection = await open(url, "legacy");
  const filter = { resourceUris: ["file:///a"] };
  const both = [1, 2].map(() => failureOf(connection.subscribe(filter, () => {})));
  for (const one of both) expect(await one).toMatchObject({ code: "SERVER_ERROR" });
});

it("keeps a resource watched for the second when the first leaves while it is asked for", async () => {
  let answer = () => {};
  const { url, seen } = await scripted((message, response, request) => {
    if (request.method === "GET")
      return void response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    legacy(({ id }, own) => void (answer = () => json(own, result(id, {}))))(message, response, request);
  });
  const connection = await open(url, "legacy");
  const filter = { resourceUris: ["file:///a"] };
  const controller = new AbortController();
  const first = connection.subscribe(filter, () => {}, { signal: controller.signal });
  first.catch(() => {});
  const asked = (method: string) => seen.filter(({ message }) => message.method === method);
  await vi.waitFor(() => expect(asked("resources/subscribe")).toHaveLength(1));
  const second = connection.subscribe(filter, () => {});
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort("left");
  await expect(first).rejects.toBe("left");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked("notifications/cancelled")).toEqual([]);
  answer();
  await second;
});

it("gives a modern subscription up that is agreed to and broken off again and again", async () => {
  const clock = manualClock();
  const { url, seen } = await listening((response) => void response.write(":\n\n", () => response.destroy()));
  const connection = await open(url, "modern", { clock, limits: { maxStreamReconnects: 2 } });
  const subscription = await connection.subscribe({ tools: true }, () => {});
  for (const [at, delay] of [1_000, 2_000].entries()) {
    await vi.waitFor(() => expect(seen).toHaveLength(at + 1));
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(delay);
  }
  expect((await subscription.closed).kind).toBe("lost");
  expect(seen).toHaveLength(3);
});
