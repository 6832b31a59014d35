// Law 9. A server or a user in trouble costs nobody else anything: not an answer, not a wait, not a place in a queue.
// Time stands still in most of these tests, so whoever is served was served without waiting for a deadline to pass.
import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { manualClock, startFakeServer, stdioServerPath, type FakeServer } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, header, type TenantryOptions } from "tenantry";
import { describe, expect, it } from "vitest";
import { failureOf, isPending, until } from "./fixture/outcome.ts";

const eras = ["legacy", "modern"] as const;
const authenticate = { header: "authorization", keys: { "key-of-ada": "ada", "key-of-bob": "bob" } };
const whoami = { server: "notes", tool: "whoami" };

/** Two servers with keys, and two users of one workspace. */
async function open(era: "legacy" | "modern", more: TenantryOptions = {}) {
  const clock = manualClock();
  const notes = await startFakeServer({ era, authenticate });
  const wiki = await startFakeServer({ era, authenticate });
  const credential = bearer(fromContext("key"));
  const tenantry = createTenantry({
    servers: { notes: { url: notes.url, credential }, wiki: { url: wiki.url, credential } },
    clock,
    ...more,
    limits: { drainTimeoutMs: 1, ...more.limits },
  });
  const acme = tenantry.workspace("acme");
  return {
    clock,
    tenantry,
    notes,
    wiki,
    ada: acme.as("ada", { key: "key-of-ada" }),
    bob: acme.as("bob", { key: "key-of-bob" }),
    async [Symbol.asyncDispose]() {
      const closing = tenantry.close();
      await clock.advance(10_000);
      await closing;
      await Promise.all([notes.close(), wiki.close()]);
    },
  };
}

const callsOf = ({ requests }: FakeServer, user: string) =>
  requests.filter(({ rpc, user: caller }) => rpc === "tools/call" && caller === user);

describe("a list of five servers of which one hangs", () => {
  it.each(eras)("gives the tools of the four %s ones, and names the fifth with TIMEOUT", async (era) => {
    const clock = manualClock();
    const names = ["a", "b", "c", "d", "e"] as const;
    const fakes = await Promise.all(names.map(() => startFakeServer({ era })));
    const hung = fakes[2]!;
    hung.faults.add({ kind: "hang" });
    const servers = Object.fromEntries(names.map((name, n) => [name, { url: fakes[n]!.url }]));
    await using tenantry = createTenantry({ servers, clock });
    const ada = tenantry.workspace("acme").as("ada");

    const listing = ada.listTools({ timeoutMs: 2_000 });
    const answered = ({ requests }: FakeServer) =>
      requests.some(({ rpc, status }) => rpc === "tools/list" && status);
    await until(() => hung.requests.length > 0 && fakes.every((fake) => fake === hung || answered(fake)));
    expect(await isPending(listing)).toBe(true);
    await clock.advance(2_000);

    const { tools, unavailable } = await listing;
    expect([...new Set(tools.map(({ origin }) => origin.server))]).toEqual(["a", "b", "d", "e"]);
    expect(tools).toHaveLength(4 * 6);
    expect(unavailable).toMatchObject([
      { server: "c", error: { code: "TIMEOUT", retryable: true, server: "c" } },
    ]);
    expect(await ada.callTool("d__echo", { text: "still" })).toMatchObject({ content: [{ text: "still" }] });
    const closing = tenantry.close();
    // The one that hangs may still make a session, which would be given back.
    await clock.advance(10_000);
    await closing;
    await Promise.all(fakes.map((fake) => fake.close()));
  });

  it("and each in its own way: every server has its own status, in the order of the definitions", async () => {
    await using fine = await startFakeServer();
    await using locked = await startFakeServer({ authenticate });
    await using broken = await startFakeServer();
    broken.faults.add({ kind: "answer", status: 503, headers: { "retry-after": "7" } });
    await using tenantry = createTenantry({
      servers: {
        absent: { command: "/nowhere/server" },
        locked: { url: locked.url },
        keyless: { url: locked.url, credential: bearer(fromContext("none")) },
        fine: { url: fine.url },
        broken: { url: broken.url },
      },
    });
    expect(await tenantry.workspace("acme").as("ada").servers()).toMatchObject([
      { server: "absent", status: "unavailable", error: { code: "SPAWN_FAILED" } },
      { server: "locked", status: "needs_authorization", error: { code: "UNAUTHORIZED" } },
      { server: "keyless", status: "needs_authorization", error: { code: "CREDENTIAL_MISSING" } },
      { server: "fine", status: "ready", tools: 6 },
      { server: "broken", status: "unavailable", error: { code: "SERVER_UNAVAILABLE", retryAfterMs: 7_000 } },
    ]);
  });
});

describe.each(eras)("with %s servers, one user's", (era) => {
  it("hung connect delays nobody, on the same server or on another", async () => {
    await using all = await open(era);
    const { notes, ada, bob } = all;
    notes.faults.add({ kind: "hang" }, { user: "ada" });
    const hung = failureOf(ada.callTool(whoami));
    await until(() => notes.requests.length > 0);

    expect(await bob.callTool(whoami)).toMatchObject({ content: [{ text: "bob" }] });
    expect(await bob.callTool("wiki__whoami")).toMatchObject({ content: [{ text: "bob" }] });
    expect(await ada.callTool("wiki__whoami")).toMatchObject({ content: [{ text: "ada" }] });
    expect(await isPending(hung)).toBe(true);
    await all.clock.advance(60_000);
    expect((await hung).code).toBe("TIMEOUT");
  });

  it("slow calls delay nobody, and not their own user's other calls", async () => {
    await using all = await open(era);
    const { notes, ada, bob } = all;
    await Promise.all([ada.listTools(), bob.listTools()]);
    notes.faults.add({ kind: "hang" }, { user: "ada", tool: "sleep" });
    const slow = Array.from({ length: 20 }, () => failureOf(ada.callTool("notes__sleep", { ms: 1 })));
    await until(() => callsOf(notes, "ada").length === slow.length);

    expect(await bob.callTool("notes__whoami")).toMatchObject({ content: [{ text: "bob" }] });
    expect(await ada.callTool("notes__whoami")).toMatchObject({ content: [{ text: "ada" }] });
    expect(await ada.callTool("wiki__whoami")).toMatchObject({ content: [{ text: "ada" }] });
    await all.clock.advance(60_000);
    expect((await Promise.all(slow)).map(({ code }) => code)).toEqual(slow.map(() => "TIMEOUT"));
  });

  it("refused credential fails that user's calls on that server only", async () => {
    await using all = await open(era);
    const { notes, ada, bob } = all;
    await Promise.all([ada.listTools(), bob.listTools()]);
    notes.setKeys({ "key-of-bob": "bob" });
    for (let round = 0; round < 3; round++) {
      expect((await failureOf(ada.callTool("notes__whoami"))).code).toBe("UNAUTHORIZED");
      expect(await bob.callTool("notes__whoami")).toMatchObject({ content: [{ text: "bob" }] });
      expect(await ada.callTool("wiki__whoami")).toMatchObject({ content: [{ text: "ada" }] });
    }
    expect((await bob.listTools()).unavailable).toEqual([]);
    expect((await ada.listTools()).unavailable).toMatchObject([
      { server: "notes", error: { code: "UNAUTHORIZED" } },
    ]);
  });

  it("server error, lost answer or abort is that call's alone", async () => {
    await using all = await open(era);
    const { notes, ada, bob } = all;
    await Promise.all([ada.listTools(), bob.listTools()]);
    for (const fault of [
      { kind: "answer", status: 500 },
      { kind: "reset" },
      { kind: "endStream" },
    ] as const) {
      using _fault = notes.faults.add(fault, { user: "ada", tool: "counter" });
      const [failed, served] = await Promise.all([
        failureOf(ada.callTool("notes__counter")),
        bob.callTool("notes__whoami"),
      ]);
      expect(["SERVER_UNAVAILABLE", "DELIVERY_UNKNOWN"]).toContain(failed.code);
      expect(served).toMatchObject({ content: [{ text: "bob" }] });
      expect(await ada.callTool("notes__whoami")).toMatchObject({ content: [{ text: "ada" }] });
    }
  });

  it("full cap keeps nobody else waiting", async () => {
    await using all = await open(era, { limits: { maxConnectionsPerUser: 1 } });
    const { notes, wiki, tenantry, ada, bob } = all;
    notes.faults.add({ kind: "hang" }, { user: "ada", rpc: "tools/call" });
    const busy = failureOf(ada.callTool(whoami));
    await until(() => callsOf(notes, "ada").length === 1);
    const waits = failureOf(ada.callTool("wiki__whoami"));
    await until(() => tenantry.stats().waiting === 1);

    expect(await bob.callTool("notes__whoami")).toMatchObject({ content: [{ text: "bob" }] });
    expect(await bob.callTool("wiki__whoami")).toMatchObject({ content: [{ text: "bob" }] });
    expect(callsOf(wiki, "ada")).toEqual([]);
    expect(await isPending(waits)).toBe(true);
    await all.clock.advance(60_000);
    expect((await waits).code).toBe("POOL_EXHAUSTED");
    expect((await busy).code).toBe("TIMEOUT");
  });
});

describe("a child process", { timeout: 30_000 }, () => {
  it("that hangs, or that crashes, is its own user's trouble", async () => {
    const servers = { local: { command: process.execPath, args: [stdioServerPath] } };
    await using tenantry = createTenantry({ servers, limits: { drainTimeoutMs: 1 } });
    const acme = tenantry.workspace("acme");
    const [ada, bob] = [acme.as("ada"), acme.as("bob")];
    await Promise.all([ada.listTools(), bob.listTools()]);
    const hung = failureOf(ada.callTool("local__hang"));
    expect(await bob.callTool("local__echo", { text: "hello" })).toMatchObject({
      content: [{ text: "hello" }],
    });
    expect(await ada.callTool("local__echo", { text: "hello" })).toMatchObject({
      content: [{ text: "hello" }],
    });

    expect((await failureOf(ada.callTool("local__crash"))).code).toBe("DELIVERY_UNKNOWN");
    expect((await hung).code).toBe("DELIVERY_UNKNOWN");
    expect(await bob.callTool("local__echo", { text: "again" })).toMatchObject({
      content: [{ text: "again" }],
    });
    expect(tenantry.stats().connections).toBe(1);
  });

  it("that is shared answers one user while another's call hangs in it", async () => {
    const servers = {
      local: { command: process.execPath, args: [stdioServerPath], share: "workspace" as const },
    };
    await using tenantry = createTenantry({ servers, limits: { drainTimeoutMs: 1 } });
    const acme = tenantry.workspace("acme");
    const hung = failureOf(acme.as("ada").callTool("local__hang"));
    const echoed = await acme.as("bob").callTool("local__echo", { text: "hello" });
    expect(echoed).toMatchObject({ content: [{ text: "hello" }] });
    expect(tenantry.stats().connections).toBe(1);
    await tenantry.close();
    expect((await hung).code).toBe("CLOSED");
  });
});

describe.each(eras)("with a %s server,", (era) => {
  it("a user whose authorization keeps failing is left alone for a while, on that server only", async () => {
    await using world = await open(era);
    const { ada, bob, notes, wiki, clock } = world;
    notes.setKeys({ "key-of-bob": "bob" });
    for (let call = 1; call <= 5; call++)
      expect((await failureOf(ada.callTool(whoami))).code).toBe("UNAUTHORIZED");
    const asked = notes.requests.length;
    expect(await failureOf(ada.callTool(whoami))).toMatchObject({
      code: "UNAUTHORIZED",
      delivery: "unsent",
      retryable: true,
      retryAfterMs: expect.any(Number) as number,
    });
    expect(notes.requests.length).toBe(asked);
    await bob.callTool(whoami);
    await ada.callTool({ server: "wiki", tool: "whoami" });
    expect(callsOf(wiki, "ada")).toHaveLength(1);

    notes.setKeys(authenticate.keys);
    await clock.advance(1_000);
    await ada.callTool(whoami);
    await ada.callTool(whoami);
  });

  it("an origin that keeps failing is left alone for a while, and one probe finds out", async () => {
    await using world = await open(era);
    const { ada, bob, notes, clock } = world;
    for (const user of [ada, bob]) await user.callTool(whoami);
    const down = notes.faults.add({ kind: "answer", status: 503 });
    for (const user of [ada, bob, ada, bob, ada])
      expect((await failureOf(user.callTool(whoami))).code).toBe("SERVER_UNAVAILABLE");
    const asked = notes.requests.length;
    for (const user of [ada, bob]) {
      const refused = await failureOf(user.callTool(whoami));
      expect(refused).toMatchObject({ code: "SERVER_UNAVAILABLE", delivery: "unsent", retryable: true });
      expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000);
      await user.callTool({ server: "wiki", tool: "whoami" });
    }
    expect(notes.requests.length).toBe(asked);

    await clock.advance(1_000);
    const outcomes = await Promise.all([1, 2, 3].map(() => failureOf(ada.callTool(whoami))));
    expect(outcomes.filter(({ delivery }) => delivery === "unsent")).toHaveLength(2);
    expect(notes.requests.length).toBe(asked + 1);

    down[Symbol.dispose]();
    await clock.advance(2_000);
    for (const user of [bob, ada]) await user.callTool(whoami);
    await Promise.all([ada, bob, ada, bob].map((user) => user.callTool(whoami)));
  });

  it("one user alone does not close an origin to another", async () => {
    await using world = await open(era);
    const { ada, bob, notes } = world;
    notes.faults.add({ kind: "reset" }, { user: "ada" });
    for (let call = 1; call <= 20; call++) await failureOf(ada.callTool(whoami));
    expect((await failureOf(ada.callTool(whoami))).delivery).toBe("unsent");
    for (let call = 1; call <= 20; call++) await bob.callTool(whoami);
  });

  it("a Retry-After holds back the next calls of that user to that server only", async () => {
    await using world = await open(era);
    const { ada, bob, notes, clock } = world;
    const busy = { kind: "answer", status: 429, headers: { "retry-after": "7" } } as const;
    notes.faults.add(busy, { user: "ada", rpc: "tools/call", times: 1 });
    expect((await failureOf(ada.callTool(whoami))).retryAfterMs).toBe(7_000);
    const asked = notes.requests.length;
    expect(await failureOf(ada.callTool(whoami))).toMatchObject({
      code: "SERVER_UNAVAILABLE",
      delivery: "unsent",
      retryAfterMs: 7_000,
    });
    expect(notes.requests.length).toBe(asked);
    await bob.callTool(whoami);
    await ada.callTool({ server: "wiki", tool: "whoami" });
    await clock.advance(7_000);
    await ada.callTool(whoami);
  });

  it("users who wait for the cap of all are served in turns", async () => {
    await using world = await open(era, { limits: { maxConnections: 1 } });
    const { ada, bob, notes, tenantry } = world;
    const leave = new AbortController();
    notes.faults.add({ kind: "hang" }, { tool: "sleep" });
    const holds = ada
      .callTool({ server: "notes", tool: "sleep" }, {}, { signal: leave.signal })
      .catch(() => {});
    await until(() => callsOf(notes, "ada").length === 1);
    const talk = (session: number) =>
      tenantry.workspace("acme").as({ user: "ada", session: `${session}` }, { key: "key-of-ada" });
    const waiting = [1, 2, 3].map((session) => talk(session).callTool(whoami));
    await until(() => tenantry.stats().waiting === 3);
    const other = bob.callTool(whoami);
    await until(() => tenantry.stats().waiting === 4);
    leave.abort("enough");
    await Promise.all([holds, ...waiting, other]);
    const served = notes.requests.filter(({ rpc, tool }) => rpc === "tools/call" && tool === "whoami");
    expect(served.map(({ user }) => user).indexOf("bob")).toBeLessThanOrEqual(1);
  });

  it("a user who floods a server that hangs keeps the others' places, and their own on other servers", async () => {
    await using world = await open(era, { limits: { maxCallsPerConnection: 3, maxCallsPerUser: 5 } });
    const { ada, bob, notes } = world;
    notes.faults.add({ kind: "hang" }, { tool: "sleep" });
    const hang = { server: "notes", tool: "sleep" };
    const leave = new AbortController();
    const { signal } = leave;
    const flood = Array.from({ length: 50 }, () => ada.callTool(hang, {}, { signal }).catch(() => {}));
    await until(() => callsOf(notes, "ada").length === 3);
    await bob.callTool(whoami);
    await ada.callTool({ server: "wiki", tool: "whoami" });
    expect(callsOf(notes, "ada")).toHaveLength(3);
    leave.abort("enough");
    await Promise.all(flood);
  });
});

describe.each(["workspace", "everyone"] as const)("on a connection that is shared by %s", (share) => {
  it.each(eras)("a user whose calls hang leaves the others their places (%s)", async (era) => {
    await using notes = await startFakeServer({ era });
    notes.faults.add({ kind: "hang" }, { tool: "sleep" });
    const servers = { notes: { url: notes.url, share } };
    const limits = { maxCallsPerConnection: 8, drainTimeoutMs: 1 };
    await using tenantry = createTenantry({ servers, limits });
    const acme = tenantry.workspace("acme");
    const leave = new AbortController();
    const { signal } = leave;
    const sleep = () => acme.as("mallory").callTool({ server: "notes", tool: "sleep" }, {}, { signal });
    const flood = Array.from({ length: 50 }, () => sleep().catch(() => {}));
    const calls = (tool: string) =>
      notes.requests.filter(({ rpc, tool: called }) => rpc === "tools/call" && called === tool);
    await until(() => calls("sleep").length === 4);
    for (const user of ["ada", "bob"])
      expect(await acme.as(user).callTool({ server: "notes", tool: "whoami" })).toHaveProperty("content");
    expect(calls("sleep")).toHaveLength(4);
    leave.abort("enough");
    await Promise.all(flood);
  });
});

describe("a url behind which each tenant has a server of its own", () => {
  it("speaks each one's era, and heals where it changes", async () => {
    const routes = new Map<string, FakeServer>();
    await using old = await startFakeServer({ era: "legacy" });
    await using young = await startFakeServer({ era: "modern" });
    routes.set("a", old).set("b", young);
    const gateway = createServer((request, response) => {
      const { host: _host, ...headers } = request.headers as Record<string, string>;
      const route = routes.get(String(headers["x-tenant"]));
      const onward = forward(route!.url, { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    await once(gateway.listen(0, "127.0.0.1"), "listening");
    try {
      const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/mcp`;
      const credential = header("x-tenant", fromContext("tenant"));
      await using tenantry = createTenantry({ servers: { notes: { url, credential } } });
      const user = (name: string, tenant: string) => tenantry.workspace("acme").as(name, { tenant });
      const listed = async (name: string, tenant: string) =>
        (await user(name, tenant).listTools()).unavailable.map(({ error }) => error.code);
      expect(await listed("ada", "a")).toEqual([]);
      expect(await listed("bob", "b")).toEqual([]);
      expect(await listed("eve", "a")).toEqual([]);
      expect(await listed("zoe", "b")).toEqual([]);
    } finally {
      gateway.closeAllConnections();
      gateway.close();
    }
  });
});
