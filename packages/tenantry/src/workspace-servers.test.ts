import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverId, TenantryError, workspaceId, type Store } from "@tenantry/core";
import { inMemoryServer, startFakeServer, stdioServerPath, type FakeTool } from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import {
  createTenantry,
  fromContext,
  header,
  memoryStore,
  sealWithKeys,
  type PlainDefinition,
  type TenantryOptions,
} from "./index.ts";
import { sqliteStore } from "./sqlite.ts";

const sealer = sealWithKeys({ current: "k", keys: { k: new Uint8Array(32).fill(7) } });

/** An instance that may reach this machine, and a user of its workspace `acme`. */
function open(options: TenantryOptions = {}) {
  const tenantry = createTenantry({ allow: ["127.0.0.1"], sealer, store: memoryStore(), ...options });
  const acme = tenantry.workspace("acme");
  const ada = acme.as("ada", { key: "key-of-ada" });
  return { tenantry, acme, servers: acme.servers, ada, [Symbol.asyncDispose]: () => tenantry.close() };
}

/** A server whose tool says which one it is, once `until` lets it. */
function start(says: string, until: () => Promise<void> = async () => {}) {
  return startFakeServer({ tools: [tool("who", says, until)] });
}

function tool(name: string, says: string, until: () => Promise<void> = async () => {}): FakeTool {
  return {
    definition: { name, inputSchema: { type: "object" } },
    async call() {
      await until();
      return { content: [{ type: "text", text: says }] };
    },
  };
}

const at = ({ url }: { readonly url: URL }): PlainDefinition => ({ url: url.href });
const inCode = (says: string) => ({ connect: inMemoryServer({ tools: [tool("who", says)] }).connect });

async function who(
  user: { callTool(name: string): Promise<{ content: readonly unknown[] }> },
  server: string,
) {
  const { content } = await user.callTool(`${server}__who`);
  return (content[0] as { readonly text: string }).text;
}

async function namesOf(user: { listTools(): Promise<{ tools: readonly { name: string }[] }> }) {
  return (await user.listTools()).tools.map(({ name }) => name);
}

/** A store that counts how often it is asked for servers. */
function counted(store: Store) {
  const asked = { times: 0 };
  const servers: Store["servers"] = {
    ...store.servers,
    list(...given) {
      asked.times++;
      return store.servers.list(...given);
    },
  };
  return { asked, store: { ...store, servers } };
}

describe("a server that is set", () => {
  it("is there from the next call on, also for whoever had a view before, and is gone once it is deleted", async () => {
    await using remote = await start("remote");
    await using host = open({ servers: { base: inCode("base") } });
    const { servers, ada } = host;
    expect(await namesOf(ada)).toEqual(["base__who"]);
    await expect(ada.callTool("docs__who")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    await servers.set("docs", at(remote));
    expect(await namesOf(ada)).toEqual(["base__who", "docs__who"]);
    expect(await who(ada, "docs")).toBe("remote");
    expect(await servers.delete("docs")).toBe(true);
    expect(await servers.delete("docs")).toBe(false);
    expect(await namesOf(ada)).toEqual(["base__who"]);
    await expect(ada.callTool("docs__who")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  });

  it("is one workspace's alone", async () => {
    await using remote = await start("remote");
    await using host = open();
    await host.servers.set("docs", at(remote));
    expect(await namesOf(host.tenantry.workspace("globex").as("ada"))).toEqual([]);
    expect(await host.tenantry.workspace("globex").servers.list()).toEqual([]);
  });

  it("takes the place of the code's, which is back once it is deleted", async () => {
    await using remote = await start("stored");
    await using host = open({ servers: { first: inCode("1"), docs: inCode("code"), last: inCode("3") } });
    const { servers, ada } = host;
    expect(await who(ada, "docs")).toBe("code");
    await servers.set("docs", at(remote));
    expect(await who(ada, "docs")).toBe("stored");
    expect(await namesOf(ada)).toEqual(["first__who", "docs__who", "last__who"]);
    expect(await servers.list()).toMatchObject([
      { source: "code" },
      { source: "stored" },
      { source: "code" },
    ]);
    await servers.delete("docs");
    expect(await who(ada, "docs")).toBe("code");
    expect(await servers.delete("docs")).toBe(false);
  });

  it("lets calls finish where they are when another one takes its place", async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const until = async () => {
      begun.resolve();
      await gate.promise;
    };
    await using before = await start("before", until);
    await using after = await start("after");
    await using host = open();
    await host.servers.set("docs", at(before));
    const inFlight = who(host.ada, "docs");
    await begun.promise;
    await host.servers.set("docs", at(after));
    expect(await who(host.ada, "docs")).toBe("after");
    gate.resolve();
    expect(await inFlight).toBe("before");
  });

  it("cuts its calls off when it is deleted because it is forbidden", async () => {
    const begun = Promise.withResolvers<void>();
    await using docs = await start("never", () => {
      begun.resolve();
      return new Promise(() => {});
    });
    await using host = open();
    await host.servers.set("docs", at(docs));
    const inFlight = who(host.ada, "docs").catch((failure: unknown) => failure);
    await begun.promise;
    await host.servers.delete("docs", { revoke: true });
    expect(await inFlight).toMatchObject({ delivery: "unknown" });
    expect(host.tenantry.stats().entries).toEqual([]);
  });

  it("is somebody else's word: it leads to public addresses only, and to no command that is not admitted", async () => {
    await using remote = await start("remote");
    const told: unknown[] = [];
    await using strict = open({ allow: [], servers: { base: inCode("base") } });
    await strict.servers.set("docs", at(remote));
    expect((await strict.ada.listTools()).unavailable).toMatchObject([
      { server: "docs", error: { code: "ADDRESS_REFUSED" } },
    ]);
    expect(remote.requests).toEqual([]);
    const command = { command: process.execPath, args: [stdioServerPath] };
    await expect(strict.servers.set("local", command)).rejects.toThrow(/DEFINITION_INVALID.*`admitCommand`/u);

    await using host = open({
      admitCommand({ args = [] }, place) {
        told.push(place);
        return args.includes(stdioServerPath) && (args.length === 1 || ("yes" as never));
      },
    });
    await expect(host.servers.set("bad", { command: "rm", args: ["-rf"] })).rejects.toThrow("does not admit");
    // Anything but `true` is a no.
    await expect(host.servers.set("odd", { command: "x", args: ["", stdioServerPath] })).rejects.toThrow(
      "admit",
    );
    await host.servers.set("local", command);
    expect(await namesOf(host.ada)).toContain("local__whoami");
    expect(told).toContainEqual({ workspace: "acme", server: "local" });
    expect(await host.servers.get("bad")).toBeUndefined();
  });

  it("names its credential, which is the host's to give", async () => {
    await using docs = await startFakeServer({
      authenticate: { header: "x-api-key", keys: { "key-of-ada": "ada" } },
    });
    const credentialSources = { docs: header("x-api-key", fromContext("key")) };
    const store = memoryStore();
    await using host = open({ store, credentialSources, servers: { base: inCode("base") } });
    const named = { ...at(docs), credential: "docs" } as PlainDefinition;
    await host.servers.set("docs", named);
    const { structuredContent } = await host.ada.callTool("docs__whoami");
    expect(structuredContent).toMatchObject({ user: "ada" });
    const set = host.servers.set("more", { ...named, credential: "key-of-ada" } as PlainDefinition);
    const refusal = await set.catch(String);
    expect(refusal).toContain('definition.credential: it names no credential source; there are "docs".');
    expect(refusal).not.toContain("key-of-ada");

    // A host that no longer gives it has one server less.
    const later = createTenantry({ store, sealer, allow: ["127.0.0.1"], servers: { base: inCode("base") } });
    const { tools, unavailable } = await later.workspace("acme").as("ada").listTools();
    expect(tools.map(({ name }) => name)).toEqual(["base__who"]);
    expect(unavailable).toMatchObject([
      { server: "docs", error: { code: "DEFINITION_INVALID", server: "docs" } },
    ]);
    await later.close();
  });

  it("is refused where it is no definition, and nothing of it is kept", async () => {
    await using host = open();
    const malformed: readonly unknown[] = [
      undefined,
      "https://x.com",
      {},
      { url: "file:///etc/passwd" },
      { url: "https://x.com", provenance: "code" },
      { url: "https://x.com", credential: header("a", fromContext("a")) },
      { connect: () => {} },
      { url: new Map() },
      { toJSON: () => ({ url: 7 }) },
    ];
    for (const definition of malformed)
      await expect(host.servers.set("docs", definition as PlainDefinition)).rejects.toMatchObject({
        code: "DEFINITION_INVALID",
      });
    await expect(host.servers.set(" ", { url: "https://x.com" })).rejects.toMatchObject({
      code: "DEFINITION_INVALID",
    });
    expect(await host.servers.list()).toEqual([]);
  });

  it("is one of a bounded number", async () => {
    await using host = open({ limits: { maxServers: 2 } });
    const definition = { url: "https://x.example" };
    await host.servers.set("a", definition);
    await host.servers.set("b", definition);
    await expect(host.servers.set("c", definition)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await host.servers.set("b", { url: "https://y.example" });
  });
});

describe("a server that is hidden", () => {
  it("is as unknown as one that there is not, until it is shown again", async () => {
    await using host = open({ servers: { docs: inCode("code"), base: inCode("base") } });
    const { servers, ada } = host;
    await servers.enable("docs", false);
    expect(await namesOf(ada)).toEqual(["base__who"]);
    expect((await ada.servers()).map(({ server }) => server)).toEqual(["base"]);
    const messages = await Promise.all(
      ["docs__who", "none__who"].map((name) => ada.callTool(name).catch((error: Error) => error.message)),
    );
    expect(messages[0]).toBe((messages[1] as string).replace("none", "docs"));
    expect(await servers.get("docs")).toMatchObject({ enabled: false, source: "code" });
    await servers.enable("docs", true);
    expect(await who(ada, "docs")).toBe("code");
    await expect(servers.enable("none", false)).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
    await expect(servers.enable("docs", "no" as never)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });
});

describe("what is said of a tool", () => {
  it("is kept with the server, also through another definition, until it is taken back", async () => {
    await using host = open({ servers: { docs: inCode("code") } });
    const { servers } = host;
    await servers.tool("docs", "who", { title: "Who", name: "who_is_it" });
    await servers.tool("docs", "__proto__", { enabled: false });
    await servers.set("docs", { url: "https://x.example" });
    const { tools } = (await servers.get("docs")) ?? {};
    expect(Object.entries(tools ?? {})).toEqual([
      ["who", { title: "Who", name: "who_is_it" }],
      ["__proto__", { enabled: false }],
    ]);
    await servers.tool("docs", "who", undefined);
    expect(Object.keys((await servers.get("docs"))?.tools ?? {})).toEqual(["__proto__"]);
    for (const override of [{ name: "a b" }, { name: "x".repeat(65) }, { colour: 1 }, { enabled: 1 }, null])
      await expect(servers.tool("docs", "who", override as never)).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
      });
    await expect(servers.tool("none", "who", {})).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
  });
});

it("RTE-04: adding, replacing, hiding and removing a server never renames others' tools", async () => {
  await using one = await start("one");
  await using two = await start("two");
  await using host = open({ servers: { a: inCode("a"), a__b: inCode("a__b"), base: inCode("base") } });
  const { servers, ada } = host;
  const originOf = async (listed = ada.listTools()) =>
    new Map((await listed).tools.map(({ origin, name }) => [origin.server as string, name]));
  const before = await originOf();
  const changes = [
    () => servers.set("b", at(one)),
    () => servers.set("a_", at(one)),
    () => servers.set("b", at(two)),
    () => servers.enable("a__b", false),
    () => servers.delete("b"),
    () => servers.enable("a__b", true),
  ];
  for (const change of changes) {
    await change();
    for (const [server, name] of await originOf()) {
      expect(name).toBe(before.get(server) ?? name);
      before.set(server, name);
    }
  }
});

describe("kept in a store", () => {
  it("outlives the process, sealed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tenantry-"));
    const path = join(folder, "store.db");
    const secretHeader = "s3cret-7d1f";
    await using docs = await start("remote");
    try {
      await using before = open({ store: sqliteStore(path) });
      await before.servers.set("docs", {
        ...at(docs),
        headers: { "x-key": secretHeader },
      } as PlainDefinition);
      await before.servers.tool("docs", "who", { title: "Who" });
      await before.tenantry.close();
      await using after = open({ store: sqliteStore(path) });
      expect(await who(after.ada, "docs")).toBe("remote");
      expect(await after.servers.get("docs")).toMatchObject({
        definition: { headers: { "x-key": secretHeader } },
        tools: { who: { title: "Who" } },
      });
      const files = await Promise.all(
        ["", "-wal"].map((end) => readFile(path + end, "latin1").catch(() => "")),
      );
      expect(files.join("")).toContain("docs");
      expect(files.join("")).not.toContain(secretHeader);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is followed by every other instance, whose calls in flight finish", async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    await using docs = await start("remote", async () => {
      begun.resolve();
      await gate.promise;
    });
    const store = memoryStore();
    await using writer = open({ store });
    await using reader = open({ store });
    expect(await namesOf(reader.ada)).toEqual([]);
    await writer.servers.set("docs", at(docs));
    expect(await namesOf(reader.ada)).toEqual(["docs__who"]);
    const inFlight = who(reader.ada, "docs");
    await begun.promise;
    await writer.servers.delete("docs");
    expect(await namesOf(reader.ada)).toEqual([]);
    gate.resolve();
    expect(await inFlight).toBe("remote");
    await expect.poll(() => reader.tenantry.stats().entries).toEqual([]);
  });

  it("leaves the others be where one row cannot be read", async () => {
    const store = memoryStore();
    await using docs = await start("remote");
    await using host = open({ store, servers: { base: inCode("base") } });
    await host.servers.set("docs", at(docs));
    const workspace = workspaceId("acme");
    const rows = [null, "text", { kind: "server", sealed: "damaged" }, { kind: "server", newer: true }];
    for (const [index, row] of rows.entries())
      await store.servers.put({ workspace, server: serverId(`bad${index}`) }, row, { ifVersion: null });
    const { tools, unavailable } = await host.ada.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["base__who", "docs__who"]);
    expect(unavailable.map(({ server, error }) => [server, error.code])).toEqual([
      ["bad0", "STORE_INVALID"],
      ["bad1", "STORE_INVALID"],
      ["bad2", "SEAL_BROKEN"],
      ["bad3", "STORE_INVALID"],
    ]);
    const statuses = (await host.ada.servers()).map(({ status }) => status);
    expect(statuses).toEqual(["ready", ...rows.map(() => "unavailable"), "ready"]);
    await expect(host.servers.enable("bad0", false)).rejects.toMatchObject({ code: "STORE_INVALID" });
    await host.servers.set("bad0", at(docs));
    expect(await who(host.ada, "bad0")).toBe("remote");
    expect(await host.servers.delete("bad1")).toBe(true);
    expect((await host.servers.list()).map(({ server }) => server)).toEqual([
      "base",
      "bad0",
      "bad2",
      "bad3",
      "docs",
    ]);
  });

  it("keeps every change that is made at the same moment, in one instance and in two", async () => {
    const store = memoryStore();
    await using one = open({ store, servers: { docs: inCode("code") } });
    await using two = open({ store, servers: { docs: inCode("code") } });
    const names = Array.from({ length: 40 }, (_none, index) => `tool-${index}`);
    await Promise.all(
      names.map((name, index) =>
        (index % 8 === 0 ? two : one).servers.tool("docs", name, { enabled: false }),
      ),
    );
    for (const { servers } of [one, two])
      expect(Object.keys((await servers.get("docs"))?.tools ?? {}).toSorted()).toEqual(names.toSorted());
  });

  it("is read once for all who wait, and not again until it changes", async () => {
    const { asked, store } = counted(memoryStore());
    await using host = open({ store, servers: { base: inCode("base") } });
    await Promise.all(Array.from({ length: 50 }, () => who(host.ada, "base")));
    for (let call = 0; call < 20; call++) await who(host.acme.as(`user-${call}`), "base");
    expect(asked.times).toBe(1);
    await host.servers.enable("base", false);
    await expect(who(host.ada, "base")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    expect(asked.times).toBeGreaterThan(1);
  });

  it("is read again where a workspace was not used lately", async () => {
    await using docs = await start("remote");
    const { asked, store } = counted(memoryStore());
    await using host = open({ store, limits: { maxWorkspacesKept: 2 } });
    await host.servers.set("docs", at(docs));
    for (let other = 0; other < 5; other++) await namesOf(host.tenantry.workspace(`w${other}`).as("ada"));
    const before = asked.times;
    expect(await who(host.ada, "docs")).toBe("remote");
    expect(asked.times).toBe(before + 1);
  });

  it("is closed to calls while the store cannot be read for the first time, and open once it can", async () => {
    const whole = memoryStore();
    let isDown = true;
    const down = new TenantryError("STORE_UNAVAILABLE", "The store is down.", { retryable: true });
    const servers: Store["servers"] = {
      ...whole.servers,
      list: (...given) => (isDown ? Promise.reject(down) : whole.servers.list(...given)),
    };
    await using host = open({ store: { ...whole, servers }, servers: { base: inCode("base") } });
    await expect(who(host.ada, "base")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    isDown = false;
    expect(await who(host.ada, "base")).toBe("base");
  });

  it("ends a caller's wait with the caller's abort", async () => {
    const whole = memoryStore();
    const servers: Store["servers"] = { ...whole.servers, list: () => new Promise(() => {}) };
    await using host = open({ store: { ...whole, servers } });
    const caller = new AbortController();
    const waiting = host.ada.listTools({ signal: caller.signal });
    caller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("a closed set of workspaces", () => {
  it("stays closed, and its workspaces change at run time", async () => {
    await using docs = await start("remote");
    await using host = open({ workspaces: { acme: { servers: { own: inCode("own") } } } });
    expect(() => host.tenantry.workspace("globex")).toThrow(/WORKSPACE_UNKNOWN/u);
    await host.servers.set("docs", at(docs));
    expect(await namesOf(host.ada)).toEqual(["own__who", "docs__who"]);
  });
});
