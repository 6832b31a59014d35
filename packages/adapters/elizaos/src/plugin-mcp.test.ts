import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store, StoreChange } from "@tenantry/core";
import { startFakeServer, startNotebook, stdioServerPath, type FakeServer } from "@tenantry/testing";
import { bearer, fromContext, sealWithKeys } from "tenantry";
import { sqliteStore } from "tenantry/sqlite";
import { afterAll, describe, expect, it, vi } from "vitest";
import { messageOf, startAgent, type Agent } from "../test/agent.ts";
import type { McpService } from "./index.ts";
import official, { mcpPlugin, type McpPluginOptions, type MessageContext } from "./plugin-mcp.ts";

const [ada, bob] = [randomUUID(), randomUUID()];
const folder = mkdtempSync(join(tmpdir(), "tenantry-eliza-"));
afterAll(() => rmSync(folder, { recursive: true }));

const keys = { "key-agent": "agent", "key-ada": "ada", "key-bob": "bob" };
const startServer = (era: "dual" | "legacy" = "dual") =>
  startFakeServer({ era, authenticate: { header: "x-api-key", keys } });

/** A host that knows Ada and Bob by their keys, and whatever else a test says of them. */
function host(more: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}) {
  const own = new Map([
    [ada as string, { ELIZAOS_API_KEY: "key-ada", ...more["ada"] }],
    [bob, { ELIZAOS_API_KEY: "key-bob", ...more["bob"] }],
  ]);
  return ({ message }: MessageContext) => own.get(message.entityId) ?? {};
}

/** An agent of these servers, in an application whose own origin is the first one's. */
function start(
  servers: Readonly<Record<string, FakeServer>>,
  options: McpPluginOptions = {},
  settings: Readonly<Record<string, unknown>> = {},
  secrets: Readonly<Record<string, string>> = { ELIZAOS_API_KEY: "key-agent" },
): Promise<Agent> {
  const entries = Object.entries(servers).map(
    ([id, { url }]) => [id, { type: "http", url: url.href }] as const,
  );
  const mcp = { servers: Object.fromEntries(entries) };
  const APP_URL = entries[0]?.[1].url;
  const plugin = mcpPlugin({ entitySettings: host(), ...options });
  return startAgent(plugin, { settings: { APP_URL, mcp, ...settings } as never, secrets });
}

const keysAt = ({ requests }: FakeServer) => [
  ...new Set(requests.map(({ headers }) => headers["x-api-key"])),
];
const promptOf = async (agent: Agent, user: string) =>
  (await agent.runtime.composeState(messageOf(user as never))).text;

it("is the official plugin by its names", async () => {
  expect(official).toMatchObject({ name: "mcp", providers: [{ name: "MCP" }] });
  await using server = await startServer();
  await using agent = await start({ "my-notes": server });
  // What a character's examples call it: `MY_NOTES_WHOAMI`, where this plugin's own name is another one.
  for (const name of ["MY_NOTES_WHOAMI", "my-notes__whoami"])
    expect((await agent.run(ada, name))?.text).toBe("ada");
  expect(agent.runtime.getService("mcp")?.capabilityDescription).toContain("MCP");
});

it("opens nothing for a user before that user's first call, and for the agent nothing that stays", async () => {
  await using server = await startServer("legacy");
  await using agent = await start({ srv: server });
  await promptOf(agent, ada);
  expect(keysAt(server)).toEqual(["key-agent"]);
  await vi.waitFor(() => expect(server.sessions.size).toBe(0));
  expect((await agent.run(ada, "srv__whoami"))?.text).toBe("ada");
  expect(keysAt(server)).toEqual(["key-agent", "key-ada"]);
  await agent.runtime.stop();
  await vi.waitFor(() => expect([server.sessions.size, server.openSockets]).toEqual([0, 0]));
});

describe("the servers that are enabled", () => {
  it.each([
    ["unset", undefined, true],
    ["null, as not set", null, true],
    ["listed", '["srv","other"]', true],
    ["listed, as an array", ["srv"], true],
    ["not listed", '["other"]', false],
    ["an empty list", "[]", false],
    ["malformed", '["srv"', false],
    ["no list", '"srv"', false],
    ["a list of anything", '["srv",1]', false],
    ["a text", "srv", false],
    ["a switch", true, false],
  ])("%s: decides in prompts and at the call", async (_, value, isEnabled) => {
    await using server = await startServer();
    await using agent = await start(
      { srv: server },
      { entitySettings: host({ ada: { MCP_ENABLED_SERVERS: value } }) },
    );
    const before = server.requests.length;
    const action = agent.runtime.actions.find(({ name }) => name === "srv__whoami");
    expect(await action?.validate(agent.runtime, messageOf(ada))).toBe(isEnabled);
    expect((await promptOf(agent, ada)).includes("srv__whoami")).toBe(isEnabled);
    const result = await agent.run(ada, "srv__whoami");
    expect(result).toMatchObject(isEnabled ? { text: "ada" } : { data: { code: "TOOL_UNKNOWN" } });
    if (!isEnabled) expect(server.requests).toHaveLength(before);
    expect((await agent.run(bob, "srv__whoami"))?.text).toBe("bob");
  });

  it("are asked for by the instance itself, whoever calls", async () => {
    await using server = await startServer();
    const entitySettings = host({ ada: { MCP_ENABLED_SERVERS: "[]" } });
    await using agent = await start({ srv: server }, { entitySettings });
    const before = server.requests.length;
    const context = { runtime: agent.runtime, message: messageOf(ada) };
    const client = await agent.runtime.getService<McpService>("mcp")?.clientOf(context);
    await expect(client?.callTool({ server: "srv", tool: "whoami" })).rejects.toMatchObject({
      code: "TOOL_UNKNOWN",
    });
    expect(server.requests).toHaveLength(before);
  });

  it("are the agent's where the user's settings say nothing", async () => {
    await using server = await startServer();
    await using agent = await start({ srv: server }, {}, { MCP_ENABLED_SERVERS: "[]" });
    expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "TOOL_UNKNOWN" });
  });
});

it("has a workspace for each organization, and the agent's for users of none", async () => {
  await using server = await startServer();
  const entitySettings = host({ ada: { ORGANIZATION_ID: "acme" } });
  await using agent = await start({ srv: server }, { entitySettings });
  const principalOf = async (user: string) => {
    const service = agent.runtime.getService<McpService>("mcp");
    const context = { runtime: agent.runtime, message: messageOf(user as never) };
    return (await service?.clientOf(context))?.principal;
  };
  expect(await principalOf(ada)).toMatchObject({ workspace: "acme", user: ada });
  expect(await principalOf(bob)).toMatchObject({ workspace: agent.runtime.agentId, user: bob });
});

it("takes nobody for a user of no organization, or of another, whose organization is no text", async () => {
  await using server = await startServer();
  const entitySettings = host({ ada: { ORGANIZATION_ID: 7 }, bob: { ORGANIZATION_ID: "" } });
  await using agent = await start({ srv: server }, { entitySettings });
  const before = server.requests.length;
  expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "PRINCIPAL_INVALID" });
  expect(server.requests).toHaveLength(before);
  expect((await agent.run(bob, "srv__whoami"))?.text).toBe("bob");
});

describe("a user's settings", () => {
  class Row {
    readonly ELIZAOS_API_KEY = "key-ada";
    get MCP_ENABLED_SERVERS() {
      return "[]";
    }
  }
  it.each([
    ["an instance of a class", new Row()],
    ["an object with a prototype", Object.create({ MCP_ENABLED_SERVERS: "[]" }) as object],
    ["a list", [["ELIZAOS_API_KEY", "key-ada"]]],
    ["a text", "key-ada"],
    ["nothing", undefined],
    ["null", null],
  ])("are no settings as %s, where a restriction may be overlooked", async (_, given) => {
    await using server = await startServer();
    await using agent = await start({ srv: server }, { entitySettings: () => given as never });
    const before = server.requests.length;
    expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "CREDENTIAL_FAILED" });
    expect(server.requests).toHaveLength(before);
  });

  it.each([
    ["a map", new Map([["ELIZAOS_API_KEY", "key-ada"]])],
    ["an object without a prototype", Object.assign(Object.create(null), { ELIZAOS_API_KEY: "key-ada" })],
    ["what JSON holds", JSON.parse('{"ELIZAOS_API_KEY":"key-ada","__proto__":{"ORGANIZATION_ID":7}}')],
  ])("may be %s", async (_, given: Record<string, unknown>) => {
    await using server = await startServer();
    await using agent = await start({ srv: server }, { entitySettings: () => given });
    expect((await agent.run(ada, "srv__whoami"))?.text).toBe("ada");
  });

  it.each([
    ["megabytes", "x".repeat(4_000_000)],
    ["a line break", "key-ada\r\nx-api-key: key-bob"],
    ["a number", 7],
    ["an object", { toString: () => "key-ada" }],
  ])("with a key of %s send nothing, and it is not shown", async (_, ELIZAOS_API_KEY) => {
    await using server = await startServer();
    await using agent = await start({ srv: server }, { entitySettings: () => ({ ELIZAOS_API_KEY }) });
    const before = server.requests.length;
    const result = await agent.run(ada, "srv__whoami");
    expect(result?.success).toBe(false);
    expect(JSON.stringify(result).length).toBeLessThan(1_000);
    expect(JSON.stringify(result)).not.toMatch(/key-ada|key-bob|xxx/u);
    expect(server.requests).toHaveLength(before);
  });

  it("count as they were when a call began, whatever becomes of them meanwhile", async () => {
    await using server = await startServer();
    const own: Record<string, unknown> = { ELIZAOS_API_KEY: "key-ada" };
    await using agent = await start({ srv: server }, { entitySettings: () => own });
    server.faults.add({ kind: "delay", ms: 100 }, { user: "ada", times: 1 });
    const before = server.requests.length;
    const call = agent.run(ada, "srv__whoami");
    await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(before));
    Object.assign(own, { ELIZAOS_API_KEY: "key-bob", MCP_ENABLED_SERVERS: "[]" });
    expect((await call)?.text).toBe("ada");
    expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "TOOL_UNKNOWN" });
    expect(keysAt(server)).toEqual(["key-agent", "key-ada"]);
  });
});

it("asks a server nothing for a user for whom it is not enabled, neither for prompts nor for resources", async () => {
  await using server = await startServer();
  const entitySettings = host({ ada: { MCP_ENABLED_SERVERS: "[]" } });
  // Without a key of the agent's, tools are listed as each user.
  await using agent = await start({ srv: server }, { entitySettings }, {}, {});
  expect(await promptOf(agent, ada)).not.toContain("srv");
  expect(await agent.run(ada, "READ_MCP_RESOURCE")).toMatchObject({ text: "There are no resources." });
  const read = await agent.run(ada, "READ_MCP_RESOURCE", { uri: "test://one", server: "srv" });
  expect(read?.success).toBe(false);
  expect(server.requests).toEqual([]);
});

it("tells a prompt nothing of a server that is not enabled for its user, not even that it is missing", async () => {
  await using server = await startServer();
  await using other = await startServer();
  using _down = other.faults.add({ kind: "answer", status: 503 });
  const entitySettings = host({ ada: { MCP_ENABLED_SERVERS: '["srv"]' } });
  await using agent = await start({ srv: server, other }, { entitySettings });
  expect(await promptOf(agent, bob)).toContain("other is not available");
  expect(await promptOf(agent, ada)).not.toContain("other");
});

it("keeps to a policy of the host's beside the settings", async () => {
  await using server = await startServer();
  const tenantry = { policy: ({ phase }: { phase: string }) => phase === "list" };
  await using agent = await start({ srv: server }, { tenantry });
  expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "TOOL_UNKNOWN" });
});

it("serves two agents of one process with one plugin, each its own", async () => {
  await using server = await startServer("legacy");
  const plugin = mcpPlugin({ entitySettings: host() });
  const character = (name: string) => ({
    ...{ name, secrets: { ELIZAOS_API_KEY: "key-agent" } },
    settings: {
      APP_URL: server.url.origin,
      mcp: { servers: { srv: { type: "http", url: server.url.href } } },
    } as never,
  });
  const first = await startAgent(plugin, character("First"));
  await using second = await startAgent(plugin, character("Second"));
  const texts = [first, second].flatMap((one) => [one.run(ada, "srv__whoami"), one.run(bob, "srv__whoami")]);
  expect((await Promise.all(texts)).map((result) => result?.text)).toEqual(["ada", "bob", "ada", "bob"]);
  expect([...server.sessions.values()].toSorted()).toEqual(["ada", "ada", "bob", "bob"]);
  await first[Symbol.asyncDispose]();
  expect((await first.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "CLOSED" });
  expect((await second.run(ada, "srv__whoami"))?.text).toBe("ada");
  await vi.waitFor(() => expect([...server.sessions.values()].toSorted()).toEqual(["ada", "bob"]));
});

it("sends nothing for a user without a key, and not the agent's", async () => {
  await using server = await startServer();
  await using agent = await start({ srv: server });
  const before = server.requests.length;
  expect((await agent.run(randomUUID(), "srv__whoami"))?.data).toMatchObject({ code: "CREDENTIAL_MISSING" });
  expect(server.requests).toHaveLength(before);
});

it("runs no command and asks no address of this machine for settings that the host did not write", async () => {
  await using server = await startFakeServer();
  const hosted = { type: "stdio", command: process.execPath, args: [stdioServerPath] };
  const remote = { type: "http", url: server.url.href };
  const settings = { mcp: { servers: { hosted, remote } } } as never;
  await using agent = await startAgent(mcpPlugin({ provenance: "foreign" }), { settings });
  expect(server.requests).toEqual([]);
  expect(await promptOf(agent, ada)).toContain("[ADDRESS_REFUSED]");
  expect(await promptOf(agent, ada)).not.toContain("hosted");
  const tenantry = { allow: ["127.0.0.1"], admitCommand: () => true };
  await using admitted = await startAgent(mcpPlugin({ provenance: "foreign", tenantry }), { settings });
  const names = admitted.runtime.actions.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["hosted__whoami", "remote__whoami"]));
});

it("says so where a user's settings cannot be read", async () => {
  await using server = await startServer();
  const entitySettings = () => Promise.reject(new Error("a secret of the database"));
  await using agent = await start({ srv: server }, { entitySettings });
  const result = await agent.run(ada, "srv__whoami");
  expect(result).toMatchObject({ success: false, data: { code: "CREDENTIAL_FAILED", retryable: true } });
  expect(JSON.stringify(result)).not.toContain("secret of");
  expect(await promptOf(agent, ada)).toContain("[CREDENTIAL_FAILED]");
});

it("lists as each user where the agent has no key", async () => {
  await using server = await startServer();
  await using agent = await start({ srv: server }, {}, {}, {});
  expect(server.requests).toEqual([]);
  expect(await promptOf(agent, bob)).toContain("srv__whoami");
  expect((await agent.run(bob, "srv__whoami"))?.text).toBe("bob");
  expect(keysAt(server)).toEqual(["key-bob"]);
  expect(await promptOf(agent, randomUUID())).toContain("[CREDENTIAL_MISSING]");
});

it("takes credentials for any server from a user's settings", async () => {
  await using notebook = await startNotebook();
  await using server = await startServer();
  const credentials = { notes: bearer(fromContext("NOTES_TOKEN")) };
  const entitySettings = host({ ada: { NOTES_TOKEN: notebook.tokenOf("ada") } });
  await using agent = await start({ srv: server, notes: notebook }, { credentials, entitySettings });
  expect(await promptOf(agent, ada)).toContain("notes__whoami");
  expect((await agent.run(ada, "notes__whoami"))?.text).toBe("ada");
  expect((await agent.run(bob, "notes__whoami"))?.data).toMatchObject({ code: "CREDENTIAL_MISSING" });
  expect(notebook.requests.map(({ headers }) => headers["x-api-key"]).filter(Boolean)).toEqual([]);
});

it("starts with the tools that it knew, although their server is down", async () => {
  await using server = await startFakeServer();
  const file = join(folder, "lists.db");
  const sealer = sealWithKeys({ current: "k", keys: { k: randomBytes(32) } });
  const saved = (store: Store) =>
    new Promise<void>((resolve) => {
      store.watch((change: StoreChange) => {
        if (change.kind === "changed" && change.slice === "catalogs") resolve();
      });
    });
  const mcp = { servers: { srv: { type: "http", url: server.url.href } } };
  {
    const store = sqliteStore(file);
    const done = saved(store);
    await using _first = await startAgent(mcpPlugin({ tenantry: { store, sealer } }), {
      settings: { mcp } as never,
    });
    await done;
  }
  using _down = server.faults.add({ kind: "answer", status: 503 });
  const plugin = mcpPlugin({ tenantry: { store: sqliteStore(file), sealer } });
  await using agent = await startAgent(plugin, { settings: { mcp } as never });
  expect(agent.runtime.actions.map(({ name }) => name)).toContain("srv__whoami");
  expect((await agent.run(ada, "srv__whoami"))?.data).toMatchObject({ code: "SERVER_UNAVAILABLE" });
});

it("runs a server of type stdio, one process a user, and ends them with the agent", async () => {
  const fake = { type: "stdio", command: process.execPath, args: [stdioServerPath], timeoutInMillis: 30_000 };
  const agent = await startAgent(mcpPlugin(), { settings: { mcp: { servers: { fake } } } as never });
  const pidOf = async (user: string) => {
    const result = await agent.run(user as never, "fake__whoami");
    return Number(/"pid":\s*(?<pid>\d+)/u.exec(JSON.stringify(result?.data))?.groups?.["pid"]);
  };
  const [first, again, other] = [await pidOf(ada), await pidOf(ada), await pidOf(bob)];
  expect([again === first, other === first, Number.isInteger(other)]).toEqual([true, false, true]);
  await agent[Symbol.asyncDispose]();
  for (const pid of [first, other]) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
