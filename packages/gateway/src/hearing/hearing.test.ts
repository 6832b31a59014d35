import { raceAbort, TenantryError, type WorkspaceClient } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callerOf, served } from "../../test/served.ts";
import { ask, hello, lastOf, messagesOf, modern, post, type Said } from "../../test/wire.ts";
import { workspaceOf, type Listener } from "../../test/workspace.ts";
import type { Caller } from "../door/caller.ts";
import { createGateway } from "../gateway.ts";
import type { GatewayLimits } from "../limits.ts";

const server = "hand" as never;

/** Reads a stream as it comes. */
function reading(response: Response): readonly Said[] {
  const said: Said[] = [];
  void (async () => {
    for await (const one of messagesOf(response)) said.push(one);
  })().catch(() => {});
  return said;
}

async function listening(
  url: URL,
  notifications: object,
  { token, id = "sub", signal }: { token?: string; id?: string; signal?: AbortSignal } = {},
) {
  const { body, headers } = modern("subscriptions/listen", { notifications }, {}, id);
  return reading(await post(url, body, { token, headers, ...(signal && { signal }) }));
}

const everything = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
const changed = (kind: "tools" | "prompts" | "resources") => ({ kind: `${kind}_changed`, server }) as never;
const tell = (listeners: Iterable<Listener>, ...events: unknown[]) => {
  for (const listener of listeners) events.forEach((event) => listener.tell(event as never));
};

describe("subscriptions/listen", () => {
  it("says first what it will tell, and then what has changed, with the subscription's id", async () => {
    const { connect, listeners } = workspaceOf();
    const { url } = await served({ connect, limits: { gatherMs: 5 } });
    const filter = { toolsListChanged: true, resourceSubscriptions: ["test://one"], other: true };
    const said = await listening(url, filter);
    await expect.poll(() => listeners.size).toBe(1);
    tell(listeners, changed("tools"), { kind: "resource_updated", uri: "test://one", server });
    await expect.poll(() => said.length).toBe(3);
    const _meta = { "io.modelcontextprotocol/subscriptionId": "sub" };
    expect(said.map(({ method, params }) => [method, params])).toEqual([
      [
        "notifications/subscriptions/acknowledged",
        { notifications: { toolsListChanged: true, resourceSubscriptions: ["test://one"] }, _meta },
      ],
      ["notifications/tools/list_changed", { _meta }],
      ["notifications/resources/updated", { uri: "test://one", _meta }],
    ]);
    expect([...listeners][0]?.filter).toEqual({ tools: true, watched: ["test://one"] });
  });

  it("tells a thousand changes of one kind once for each burst", async () => {
    const clock = manualClock();
    const { connect, listeners } = workspaceOf();
    const { url } = await served({ connect, clock });
    const said = await listening(url, everything);
    await expect.poll(() => listeners.size).toBe(1);
    const burst = Array.from({ length: 1_000 }, (_, at) => changed(at % 2 === 0 ? "tools" : "prompts"));
    tell(listeners, ...burst);
    await clock.advance(100);
    await expect.poll(() => said.length).toBe(3);
    tell(listeners, changed("tools"));
    await clock.advance(100);
    await expect.poll(() => said.length).toBe(4);
    expect(said.slice(1).map(({ method }) => method)).toEqual([
      "notifications/tools/list_changed",
      "notifications/prompts/list_changed",
      "notifications/tools/list_changed",
    ]);
  });

  it("ends the hearing when its client leaves, and bounds how many there are", async () => {
    const { connect, listeners } = workspaceOf();
    const { url, gateway } = await served({ connect, limits: { maxStreamsPerPrincipal: 2 } });
    const clients = [new AbortController(), new AbortController()];
    for (const { signal } of clients) await listening(url, everything, { signal });
    const { body, headers } = modern("subscriptions/listen", { notifications: everything });
    const refused = reading(await post(url, body, { headers }));
    await expect.poll(() => refused[0]?.error?.code).toBe(-32_000);
    await listening(url, everything, { token: "acme/bob" });
    await expect.poll(() => listeners.size).toBe(3);
    clients.forEach((client) => client.abort());
    await expect.poll(() => [listeners.size, gateway.stats().streams]).toEqual([1, 1]);
  });

  it("counts a client once that leaves while its resource is still asked for", async () => {
    const { connect, listeners } = workspaceOf();
    const asked: string[] = [];
    const slow = (caller: Caller): WorkspaceClient => {
      const client = connect(caller);
      return {
        ...client,
        subscribe: (filter, listener, options) => {
          if (filter.watched === undefined) return client.subscribe(filter, listener, options);
          asked.push("watched");
          return raceAbort(new Promise<never>(() => {}), options?.signal);
        },
      };
    };
    const { url, gateway } = await served({ connect: slow });
    await listening(url, everything);
    const leaving = new AbortController();
    const { body, headers } = modern("subscriptions/listen", {
      notifications: { resourceSubscriptions: ["test://one"] },
    });
    const left = post(url, body, { headers, signal: leaving.signal });
    await expect.poll(() => asked.length).toBe(1);
    expect(gateway.stats().streams).toBe(2);
    leaving.abort();
    await expect(left).rejects.toThrow("abort");
    await expect.poll(() => gateway.stats().streams).toBe(1);
    // What would be counted twice is counted by now.
    await listening(url, everything, { token: "acme/bob" });
    expect([gateway.stats().streams, listeners.size]).toEqual([2, 2]);
  });

  it("begins again where a server stops telling, later each time, and tells of what it may have missed", async () => {
    const clock = manualClock();
    const { connect, listeners } = workspaceOf();
    const { url } = await served({ connect, clock });
    const said = await listening(url, { promptsListChanged: true });
    await expect.poll(() => listeners.size).toBe(1);
    for (const delayMs of [1_000, 2_000]) {
      [...listeners][0]?.lose();
      await expect.poll(() => listeners.size).toBe(0);
      await clock.advance(delayMs - 1);
      expect(listeners.size).toBe(0);
      await clock.advance(1);
      await expect.poll(() => listeners.size).toBe(1);
      await clock.advance(100);
    }
    await expect.poll(() => said.length).toBe(3);
    expect(said.at(-1)?.method).toBe("notifications/prompts/list_changed");
  });
});

describe("ISO-06: the age of a stream", () => {
  it("ISO-06: ends it, so that its client says again who it is", async () => {
    const { connect, listeners } = workspaceOf();
    const clock = manualClock();
    const allowed = new Set(["ada"]);
    const authenticate = () => (allowed.has("ada") ? { workspace: "acme", user: "ada" } : undefined);
    const { url, gateway } = await served({ connect, clock, authenticate, limits: { streamMs: 60_000 } });
    const client = await hello(url);
    const { body, headers } = modern("subscriptions/listen", { notifications: everything }, {}, "sub");
    const both = [await client.listen(), await post(url, body, { headers })];
    await expect.poll(() => listeners.size).toBe(2);
    allowed.clear();
    await clock.advance(59_999);
    expect(gateway.stats().streams).toBe(2);
    await clock.advance(1);
    expect(gateway.stats().streams).toBe(0);
    const [session, subscription] = await Promise.all(both.map(lastOf));
    expect([session, subscription]).toMatchObject([{}, { id: "sub", result: { resultType: "complete" } }]);
    expect(listeners.size).toBe(0);
    expect([(await client.listen()).status, (await post(url, body, { headers })).status]).toEqual([401, 401]);
    allowed.add("ada");
    const again = await client.listen();
    expect(again.status).toBe(200);
    await again.body?.cancel();
    await expect.poll(() => clock.pending).toBe(0);
  });
});

it("SRV-03: counts a stream until what was said on it is read", async () => {
  const { connect, listeners } = workspaceOf();
  const gateway = createGateway({
    ...{ hosts: ["127.0.0.1"], authenticate: callerOf, connect, limits: { streamMs: 300, gatherMs: 1 } },
  });
  onTestFinished(() => gateway.close());
  const uris = Array.from({ length: 100 }, (_, at) => `test://${at}${"x".repeat(1_000)}`);
  const { body, headers } = modern("subscriptions/listen", {
    notifications: { resourceSubscriptions: uris },
  });
  const own = { "content-type": "application/json", authorization: "Bearer acme/ada" };
  const request = (signal?: AbortSignal) =>
    new Request("http://127.0.0.1/mcp", {
      ...{ method: "POST", headers: { ...headers, ...own }, body: JSON.stringify(body) },
      ...(signal && { signal }),
    });
  const answer = await gateway.handle(request());
  await expect.poll(() => listeners.size).toBe(0);
  expect(gateway.stats().streams).toBe(1);
  expect((await lastOf(answer)).result).toBeDefined();
  expect(gateway.stats().streams).toBe(0);
  const leaving = new AbortController();
  await gateway.handle(request(leaving.signal));
  expect(gateway.stats().streams).toBe(1);
  leaving.abort();
  expect([gateway.stats().streams, listeners.size]).toEqual([0, 0]);
});

describe("the stream of a legacy session", () => {
  it("tells of the lists, and of what the session watches", async () => {
    const { connect, listeners } = workspaceOf();
    const { url, gateway } = await served({ connect, limits: { gatherMs: 5 } });
    const client = await hello(url);
    expect((await client.request("resources/subscribe", { uri: "test://one" })).result).toEqual({});
    const leaving = new AbortController();
    const said = reading(await client.listen(leaving.signal));
    await expect
      .poll(() => [...listeners].map(({ filter }) => filter))
      .toEqual([{ tools: true, prompts: true, resources: true }, { watched: ["test://one"] }]);
    await client.request("resources/subscribe", { uri: "test://two" });
    await client.request("resources/unsubscribe", { uri: "test://one" });
    await expect
      .poll(() => [...listeners].map(({ filter }) => filter.watched))
      .toEqual([undefined, ["test://two"]]);
    tell([...listeners].slice(0, 1), changed("resources"));
    tell([...listeners].slice(1), { kind: "resource_updated", uri: "test://two", server });
    await expect.poll(() => said.length).toBe(2);
    expect(said.map(({ method, params }) => [method, params])).toEqual([
      ["notifications/resources/list_changed", {}],
      ["notifications/resources/updated", { uri: "test://two" }],
    ]);
    expect((await client.listen()).status).toBe(409);
    leaving.abort();
    await expect.poll(() => [listeners.size, gateway.stats().streams]).toEqual([0, 0]);
    const again = reading(await client.listen());
    await expect.poll(() => listeners.size).toBe(2);
    expect((await client.end()).status).toBe(204);
    await expect.poll(() => listeners.size).toBe(0);
    expect(again).toEqual([]);
  });

  it("bounds what a session watches", async () => {
    const { url } = await served({ connect: workspaceOf().connect, limits: { maxWatched: 2 } });
    const client = await hello(url);
    const codes = [];
    for (const uri of ["a", "b", "a", "c"])
      codes.push((await client.request("resources/subscribe", { uri })).error?.code);
    expect(codes).toEqual([undefined, undefined, undefined, -32_602]);
  });
});

it("does not count what a session could not watch", async () => {
  const { connect, listeners } = workspaceOf();
  const refusing = (caller: Caller): WorkspaceClient => {
    const client = connect(caller);
    return {
      ...client,
      subscribe: (filter, listener, options) =>
        filter.watched?.includes("nothing") === true
          ? Promise.reject(new TenantryError("RESOURCE_UNKNOWN", "There is no such resource."))
          : client.subscribe(filter, listener, options),
    };
  };
  const { url } = await served({ connect: refusing, limits: { maxWatched: 1 } });
  const client = await hello(url);
  reading(await client.listen());
  await expect.poll(() => listeners.size).toBe(1);
  for (let at = 0; at < 2; at++)
    expect((await client.request("resources/subscribe", { uri: "nothing" })).error?.code).toBe(-32_602);
  expect((await client.request("resources/subscribe", { uri: "test://one" })).result).toEqual({});
  expect(listeners.size).toBe(2);
});

describe("what a session watches while its server is asked", () => {
  /** A session with a stream, whose resources' servers answer when they are let. */
  async function slowly(limits: Partial<GatewayLimits> = {}) {
    const { connect, listeners } = workspaceOf();
    const waiting: (() => void)[] = [];
    const slow = (caller: Caller): WorkspaceClient => {
      const client = connect(caller);
      return {
        ...client,
        subscribe: async (filter, listener, options) => {
          if (filter.watched !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
          return client.subscribe(filter, listener, options);
        },
      };
    };
    const { url } = await served({ connect: slow, limits });
    const client = await hello(url);
    // A stream that nobody reads ends as soon as its answer is collected as garbage.
    reading(await client.listen());
    await expect.poll(() => listeners.size).toBe(1);
    return { client, waiting, watching: () => listeners.size - 1 };
  }

  it("counts", async () => {
    const { client, waiting, watching } = await slowly({ maxWatched: 2 });
    const all = ["a", "b", "c", "d"].map((uri, at) =>
      client.request("resources/subscribe", { uri }, `watch-${at}`),
    );
    const refused = await Promise.race(all);
    expect(refused.error?.code).toBe(-32_602);
    expect(waiting).toHaveLength(2);
    waiting.forEach((answer) => answer());
    const codes = (await Promise.all(all)).map(({ error }) => error?.code);
    expect(codes.filter((code) => code === undefined)).toHaveLength(2);
    expect(watching()).toBe(2);
  });

  it("ends where the client has thought better of it", async () => {
    const { client, waiting, watching } = await slowly();
    const first = client.request("resources/subscribe", { uri: "a" }, "first");
    await expect.poll(() => waiting.length).toBe(1);
    await client.request("resources/unsubscribe", { uri: "a" });
    const second = client.request("resources/subscribe", { uri: "a" }, "second");
    await expect.poll(() => waiting.length).toBe(2);
    waiting.forEach((answer) => answer());
    expect([(await first).error, (await second).error]).toEqual([undefined, undefined]);
    expect(watching()).toBe(1);
    await client.request("resources/unsubscribe", { uri: "a" });
    await expect.poll(watching).toBe(0);
  });

  it("has no longer names than there is room for, in either era", async () => {
    const { url } = await served({ connect: workspaceOf().connect, limits: { maxWatchedCharacters: 20 } });
    const client = await hello(url);
    const long = `test://${"x".repeat(14)}`;
    expect((await client.request("resources/subscribe", { uri: long })).error?.code).toBe(-32_602);
    const notifications = { resourceSubscriptions: [long] };
    expect((await ask(url, "subscriptions/listen", { notifications })).error?.code).toBe(-32_602);
    expect((await client.request("resources/subscribe", { uri: long.slice(1) })).result).toEqual({});
  });

  it("counts streams as one principal's, in however many sessions a client opens them", async () => {
    const { url, gateway } = await served({
      connect: workspaceOf().connect,
      limits: { maxStreamsPerPrincipal: 2 },
    });
    // They are kept: a stream that nobody reads ends as soon as its answer is collected as garbage.
    const answers = [];
    for (let at = 0; at < 3; at++) answers.push(await (await hello(url)).listen());
    answers.push(await (await hello(url, { token: "acme/bob" })).listen());
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200]);
    expect(gateway.stats().streams).toBe(3);
  });
});

describe("ISO-08: whom changes are told", () => {
  it("ISO-08: tells nobody of another's changes, progress or log", async () => {
    const { connect, listeners } = workspaceOf();
    const { url } = await served({ connect, limits: { gatherMs: 5 } });
    const ada = await listening(url, everything);
    const bob = await listening(url, everything, { token: "acme/bob" });
    const session = await hello(url, { token: "globex/ada" });
    const other = reading(await session.listen());
    await expect.poll(() => listeners.size).toBe(3);
    tell(
      [...listeners].filter(({ principal }) => principal.user === "ada" && principal.workspace === "acme"),
      changed("tools"),
    );
    await vi.waitFor(() => expect(ada.at(-1)?.method).toBe("notifications/tools/list_changed"));
    tell(
      [...listeners].filter(({ principal }) => principal.workspace === "globex"),
      changed("prompts"),
    );
    await vi.waitFor(() => expect(other.at(-1)?.method).toBe("notifications/prompts/list_changed"));
    expect([bob.length, ada.length, other.length]).toEqual([1, 2, 1]);
  });
});
