import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inMemoryServer, manualClock, startFakeServer, type FakeTool } from "@tenantry/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  createTenantry,
  fromContext,
  header,
  memoryStore,
  sealWithKeys,
  type Route,
  type ServerStatus,
  type TenantryOptions,
  type WorkspaceClient,
} from "./index.ts";

const sealer = sealWithKeys({ current: "k", keys: { k: new Uint8Array(32).fill(7) } });
const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function who(says: string, until: () => Promise<void> = async () => {}): FakeTool {
  return {
    definition: { name: "who", inputSchema: { type: "object" } },
    async call() {
      await until();
      return { content: [{ type: "text", text: says }] };
    },
  };
}

async function start(says: string, until?: () => Promise<void>) {
  const server = await startFakeServer({ era: "legacy", tools: [who(says, until)] });
  opened.push(server);
  return server;
}

/** Two real servers behind one id, and an instance that leads to the first of them. */
async function open(
  options: TenantryOptions & { readonly route?: Route; readonly until?: () => Promise<void> } = {},
) {
  const { route = "remote", until, ...more } = options;
  const [remote, hosted] = [await start("remote", until), await start("hosted")];
  const docs = { upstreams: { remote: { url: remote.url }, hosted: { url: hosted.url } }, route };
  const tenantry = createTenantry({ servers: { docs }, store: memoryStore(), sealer, ...more });
  opened.push(tenantry);
  const acme = tenantry.workspace("acme");
  return { tenantry, acme, servers: acme.servers, ada: acme.as("ada"), remote, hosted };
}

async function calls(user: WorkspaceClient): Promise<string> {
  const { content } = await user.callTool({ server: "docs", tool: "who" });
  return (content[0] as { readonly text: string }).text;
}

const routeOf = async (user: WorkspaceClient) => ((await user.servers())[0] as ServerStatus).route;

/** Hears which routes are taken while `work` is done. */
async function heard(work: () => Promise<unknown>): Promise<unknown[]> {
  const told: unknown[] = [];
  const listen = (notice: unknown) => void told.push(notice);
  subscribe("tenantry:router:route", listen);
  try {
    await work();
  } finally {
    unsubscribe("tenantry:router:route", listen);
  }
  return told;
}

describe("a route", () => {
  it("leads the next call elsewhere, lets calls finish where they began, and ends what is left behind", async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { tenantry, servers, ada, remote } = await open({
      until: async () => {
        begun.resolve();
        await gate.promise;
      },
    });
    const inFlight = calls(ada);
    await begun.promise;
    const told = await heard(() => servers.route("docs", "hosted"));
    expect(told).toEqual([{ workspace: "acme", server: "docs", from: "remote", to: "hosted" }]);
    expect(await calls(ada)).toBe("hosted");
    gate.resolve();
    expect(await inFlight).toBe("remote");
    await expect.poll(() => tenantry.stats().entries.length).toBe(1);
    await expect.poll(() => remote.sessions.size).toBe(0);
    expect(await routeOf(ada)).toEqual({ route: "hosted", upstream: "hosted" });
  });

  it("leads a share of the people, always the same, and leaves the others' sessions alone", async () => {
    const { servers, acme, remote } = await open();
    const users = Array.from({ length: 24 }, (_none, index) => acme.as(`user-${index}`));
    const places = () => Promise.all(users.map(calls));
    expect(new Set(await places())).toEqual(new Set(["remote"]));
    const sessions = new Set(remote.sessions.keys());
    await servers.route("docs", { to: "hosted", share: 0.5, rest: "remote" });
    const half = await places();
    expect(new Set(half).size).toBe(2);
    expect(await places()).toEqual(half);
    expect(await Promise.all(users.map(async (user) => (await routeOf(user))?.upstream))).toEqual(half);
    expect(sessions.size).toBe(users.length);
    expect(new Set(remote.sessions.keys())).toEqual(sessions);
    await servers.route("docs", { to: "hosted", share: 0.75, rest: "remote" });
    const more = await places();
    half.forEach((place, index) => place === "hosted" && expect(more[index]).toBe("hosted"));
  });

  it("falls back for what surely was not run, and for nothing else", async () => {
    const { ada, remote, hosted } = await open({ route: { to: "hosted", fallback: "remote" } });
    expect(await calls(ada)).toBe("hosted");
    const broken = hosted.faults.add({ kind: "reset" }, { rpc: "tools/call" });
    await expect(calls(ada)).rejects.toMatchObject({ code: "DELIVERY_UNKNOWN" });
    broken[Symbol.dispose]();
    const refusing = hosted.faults.add({ kind: "answer", status: 401 });
    await expect(calls(ada)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    refusing[Symbol.dispose]();
    expect(remote.requests.filter(({ rpc }) => rpc === "tools/call")).toEqual([]);
    await hosted.close();
    expect(await calls(ada)).toBe("remote");
    expect((await ada.listTools()).unavailable).toEqual([]);
  });

  it("is refused where it is none", async () => {
    const { servers, ada } = await open({
      servers: {
        docs: {
          upstreams: {
            a: { connect: inMemoryServer({ tools: [who("a")] }).connect },
            b: { connect: inMemoryServer({ tools: [who("b")] }).connect },
          },
          route: "a",
        },
        plain: { connect: inMemoryServer().connect },
      },
    });
    const refused = async (server: string, route: unknown, code = "DEFINITION_INVALID") =>
      expect(servers.route(server, route as Route)).rejects.toMatchObject({ code });
    await refused("docs", "c");
    await refused("docs", { to: "a", share: 7, rest: "b" });
    await refused("docs", undefined);
    await refused("plain", "a");
    await refused("none", "a", "SERVER_UNKNOWN");
    expect(await calls(ada)).toBe("a");
  });

  it("is kept in the store, and every instance follows it", async () => {
    const store = memoryStore();
    const one = await open({ store });
    const docs = {
      upstreams: { remote: { url: one.remote.url }, hosted: { url: one.hosted.url } },
      route: "remote",
    };
    const other = createTenantry({ servers: { docs }, store, sealer });
    opened.push(other);
    const bob = other.workspace("acme").as("bob");
    expect(await calls(bob)).toBe("remote");
    await one.servers.route("docs", "hosted");
    expect(await calls(bob)).toBe("hosted");
    expect(await calls(other.workspace("globex").as("bob"))).toBe("remote");
    expect(await other.workspace("acme").servers.get("docs")).toMatchObject({
      route: "hosted",
      source: "code",
    });
  });

  it("can be defined at run time, and asks each upstream's own credential", async () => {
    const keys = (key: string) => ({ authenticate: { header: "x-api-key", keys: { [key]: "ada" } } });
    const [remote, hosted] = [await startFakeServer(keys("r")), await startFakeServer(keys("h"))];
    opened.push(remote, hosted);
    const { servers, acme } = await open({
      allow: ["127.0.0.1"],
      credentialSources: {
        remote: header("x-api-key", fromContext("r")),
        hosted: header("x-api-key", fromContext("h")),
      },
    });
    await servers.set("keyed", {
      upstreams: {
        remote: { url: remote.url.href, credential: "remote" },
        hosted: { url: hosted.url.href, credential: "hosted" },
      },
      route: { to: "hosted", fallback: "remote" },
    });
    const ada = acme.as("ada", { r: "r", h: "h" });
    const user = async () => (await ada.callTool("keyed__whoami")).structuredContent;
    expect(await user()).toMatchObject({ user: "ada", credential: "h" });
    await servers.route("keyed", "remote");
    expect(await user()).toMatchObject({ user: "ada", credential: "r" });
    await servers.route("keyed", { to: "hosted", fallback: "remote" });
    await hosted.close();
    expect(await user()).toMatchObject({ user: "ada", credential: "r" });
  });
});

describe("a new route that fails", () => {
  it("is taken back by itself, once, and says why", async () => {
    const { servers, acme, ada, hosted } = await open();
    const users = [ada, acme.as("bob"), acme.as("carl")];
    await Promise.all(users.map(calls));
    await servers.route("docs", { to: "hosted", share: 1, rest: "remote" });
    expect(await calls(ada)).toBe("hosted");
    hosted.faults.add({ kind: "answer", status: 500 });
    const told = await heard(async () => {
      const places = [];
      for (let round = 0; round < 4; round++)
        for (const user of users) places.push(await calls(user).catch(({ code }: { code: string }) => code));
      expect(places.filter((place) => place !== "remote").length).toBeLessThanOrEqual(6);
      expect(places.slice(-3)).toEqual(["remote", "remote", "remote"]);
    });
    const from = { to: "hosted", share: 1, rest: "remote" };
    expect(told).toEqual([
      { workspace: "acme", server: "docs", from, to: "remote", rolledBack: "SERVER_UNAVAILABLE" },
    ]);
    const rolledBack = { from, reason: "SERVER_UNAVAILABLE", at: expect.any(Number) as number };
    expect(await routeOf(ada)).toEqual({ route: "remote", upstream: "remote", rolledBack });
    expect(await servers.get("docs")).toMatchObject({ route: "remote", rolledBack });
    hosted.faults.clear();
    expect(await calls(ada)).toBe("remote");
    // Somebody has to want it again, and then nothing of the earlier attempt counts.
    await servers.route("docs", "hosted");
    expect(await routeOf(ada)).toEqual({ route: "hosted", upstream: "hosted" });
  });

  it("goes back to what there was before its first step, and misses no call that surely was not run", async () => {
    const { servers, acme, hosted } = await open();
    await servers.route("docs", { to: "hosted", share: 0.25, rest: "remote" });
    await servers.route("docs", { to: "hosted", share: 0.75, rest: "remote" });
    await servers.route("docs", "hosted");
    await hosted.close();
    for (let call = 0; call < 8; call++) expect(await calls(acme.as(`user-${call}`))).toBe("remote");
    const { route, rolledBack } = (await servers.get("docs")) ?? {};
    expect([route, rolledBack?.from, rolledBack?.reason]).toEqual(["remote", "hosted", "CONNECT_FAILED"]);
    // Back is a new direction, and the same again is none.
    await servers.route("docs", "hosted");
    await servers.route("docs", "hosted");
    await expect(calls(acme.as("ada"))).rejects.toMatchObject({ delivery: "unsent" });
  });

  it("is taken back in every instance, and in the store", async () => {
    const store = memoryStore();
    const { servers, acme, remote, hosted } = await open({ store });
    await servers.route("docs", "hosted");
    const docs = { upstreams: { remote: { url: remote.url }, hosted: { url: hosted.url } }, route: "remote" };
    const other = createTenantry({ servers: { docs }, store, sealer });
    opened.push(other);
    const bob = other.workspace("acme").as("bob");
    expect(await calls(bob)).toBe("hosted");
    await hosted.close();
    for (let call = 0; call < 8; call++) await calls(acme.as(`user-${call}`)).catch(() => {});
    await expect.poll(() => calls(bob).catch(String)).toBe("remote");
    expect(await other.workspace("acme").servers.get("docs")).toMatchObject({
      route: "remote",
      rolledBack: { from: "hosted" },
    });
  });

  it("stays where only one person, a tool or a credential fails", async () => {
    const { servers, acme, ada, hosted } = await open();
    await servers.route("docs", "hosted");
    const bob = acme.as("bob");
    await calls(bob);
    const refused = hosted.faults.add({ kind: "answer", status: 401 });
    for (let call = 0; call < 8; call++) await expect(calls(acme.as(`user-${call}`))).rejects.toThrow("401");
    refused[Symbol.dispose]();
    for (let call = 0; call < 8; call++) {
      const mine = hosted.faults.add({ kind: "answer", status: 500 }, { rpc: "tools/call", times: 1 });
      await calls(ada).catch(() => {});
      mine[Symbol.dispose]();
      expect(await calls(bob)).toBe("hosted");
    }
    expect(await routeOf(bob)).toEqual({ route: "hosted", upstream: "hosted" });
  });

  it("stays once it is not new any more", async () => {
    const clock = manualClock();
    const { servers, acme, hosted } = await open({ clock, limits: { cutOverMs: 1_000 } });
    await servers.route("docs", "hosted");
    expect(await calls(acme.as("ada"))).toBe("hosted");
    await clock.advance(1_000);
    hosted.faults.add({ kind: "answer", status: 500 });
    for (let call = 0; call < 8; call++) await calls(acme.as(`user-${call}`)).catch(() => {});
    expect((await servers.get("docs"))?.route).toBe("hosted");
  });
});
