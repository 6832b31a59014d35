// What the other parts of an instance make of servers that are set at run time.
import { inMemoryServer, startFakeServer, type FakeTool } from "@tenantry/testing";
import { visit } from "@tenantry/testing/oauth";
import { describe, expect, it } from "vitest";
import { createTenantry, memoryStore, oauth, sealWithKeys, type TenantryOptions } from "./index.ts";
import { failureOf, start } from "../test/oauth-world.ts";

const sealer = sealWithKeys({ current: "k", keys: { k: new Uint8Array(32).fill(7) } });

function open(options: TenantryOptions = {}) {
  const tenantry = createTenantry({ allow: ["127.0.0.1"], sealer, store: memoryStore(), ...options });
  const acme = tenantry.workspace("acme");
  return { tenantry, acme, ada: acme.as("ada"), [Symbol.asyncDispose]: () => tenantry.close() };
}

/** A tool whose runs are counted over all sessions. */
function counting(name = "work") {
  const runs: unknown[] = [];
  const tool: FakeTool = {
    definition: { name, inputSchema: { type: "object" } },
    call(args) {
      runs.push(args["job"]);
      return { content: [{ type: "text", text: "done" }] };
    },
  };
  return { tool, runs };
}

it("shows and calls a tool as the workspace says, whatever its server lists later", async () => {
  const { tool, runs } = counting();
  const tools = [tool];
  await using docs = await startFakeServer({ tools });
  await using host = open({ servers: { docs: { url: docs.url } } });
  const { ada, acme } = host;
  expect((await ada.listTools()).tools.map(({ name }) => name)).toEqual(["docs__work"]);
  await acme.servers.tool("docs", "work", { name: "toil", title: "Toil", description: "Hard." });
  tools.push(counting("more").tool);
  const listed = (await ada.listTools({ fresh: true })).tools;
  expect(listed.map(({ name, title, description }) => [name, title, description])).toEqual([
    ["toil", "Toil", "Hard."],
    ["docs__more", undefined, undefined],
  ]);
  await ada.callTool("toil", { job: 1 });
  expect(runs).toEqual([1]);
  await acme.servers.tool("docs", "work", { enabled: false });
  await expect(ada.callTool("toil")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  await expect(ada.callTool({ server: "docs", tool: "work" })).rejects.toMatchObject({
    code: "TOOL_UNKNOWN",
  });
  expect((await ada.listTools()).tools.map(({ name }) => name)).toEqual(["docs__more"]);
  await acme.servers.tool("docs", "work", undefined);
  await ada.callTool("docs__work", { job: 2 });
  expect(runs).toEqual([1, 2]);
});

it("is read again once the store may have left a change untold", async () => {
  await using docs = await startFakeServer({ tools: [counting().tool] });
  const store = memoryStore();
  const listeners = new Set<Parameters<typeof store.watch>[0]>();
  const deaf = {
    ...store,
    watch: (listener: Parameters<typeof store.watch>[0]) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  await using here = open({ store: deaf });
  await using elsewhere = open({ store });
  const names = async () => (await here.ada.listTools()).tools.map(({ name }) => name);
  await elsewhere.acme.servers.set("docs", { url: docs.url.href });
  expect(await names()).toEqual(["docs__work"]);
  await elsewhere.acme.servers.delete("docs");
  expect(await names()).toEqual(["docs__work"]);
  for (const tell of listeners) tell({ kind: "resync" });
  expect(await names()).toEqual([]);
});

it("PIN-06: a server that is reached in another way under the same id has to be approved again", async () => {
  const { tool, runs } = counting();
  await using before = await startFakeServer({ tools: [tool] });
  await using after = await startFakeServer({ tools: [tool] });
  await using host = open({ approvals: "trust-on-first-use" });
  const { ada, acme } = host;
  await acme.servers.set("docs", { url: before.url.href });
  await ada.callTool("docs__work", { job: 1 });
  await acme.servers.set("docs", { url: before.url.href, timeoutMs: 5_000 });
  await ada.callTool("docs__work", { job: 2 });
  await acme.servers.set("docs", { url: after.url.href });
  await expect(ada.callTool("docs__work", { job: 3 })).rejects.toMatchObject({ code: "APPROVAL_REQUIRED" });
  expect(runs).toEqual([1, 2]);
  expect(after.requests).toEqual([]);
  const pending = (await acme.approvals.list()).approvals.find((one) => one.pending !== undefined);
  if (pending?.pending === undefined) throw new Error("Nothing waits for approval.");
  await acme.approvals.approve(pending, pending.pending.hash, "the administrator");
  await ada.callTool("docs__work", { job: 4 });
  expect(runs).toEqual([1, 2, 4]);
});

describe("RTE-11", () => {
  it("RTE-11: a session that an upstream has lost is begun again, once, and a call that ran is not repeated", async () => {
    const { tool, runs } = counting();
    const servers = await Promise.all(
      ["a", "b"].map(() => startFakeServer({ era: "legacy", tools: [tool] })),
    );
    const [a, b] = servers as [(typeof servers)[0], (typeof servers)[0]];
    await using stack = new AsyncDisposableStack();
    servers.forEach((server) => stack.use(server));
    const upstreams = { a: { url: a.url }, b: { url: b.url } };
    await using host = open({ servers: { docs: { upstreams, route: "a" } } });
    const { ada, acme } = host;
    const inits = () =>
      servers.map(({ requests }) => requests.filter(({ rpc }) => rpc === "initialize").length);
    await ada.callTool("docs__work", { job: 1 });
    await a.forgetSessions();
    await ada.callTool("docs__work", { job: 2 });
    expect(inits()).toEqual([2, 0]);
    await acme.servers.route("docs", "b");
    await ada.callTool("docs__work", { job: 3 });
    await b.forgetSessions();
    await ada.callTool("docs__work", { job: 4 });
    expect(inits()).toEqual([2, 2]);
    const lost = b.faults.add({ kind: "reset", afterWork: true }, { rpc: "tools/call", times: 1 });
    await expect(ada.callTool("docs__work", { job: 5 })).rejects.toMatchObject({ code: "DELIVERY_UNKNOWN" });
    lost[Symbol.dispose]();
    expect(runs).toEqual([1, 2, 3, 4, 5]);
  });
});

it("lets a person grant access to a server that was set at run time, and end it", async () => {
  await using world = await start({
    instance: { servers: {}, credentialSources: { mail: oauth() }, store: memoryStore(), sealer },
  });
  await world.acme.servers.set("mail", { url: world.mail.url.href, credential: "mail" });
  const ada = world.acme.as("ada");
  const callback = await visit(await world.urlOf("ada"), { login: "ada-at-mail" });
  expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
  expect(JSON.stringify(await ada.callTool("mail__whoami"))).toContain("ada-at-mail");
  // Elsewhere the same name is another server, and what was granted is not sent there.
  const { tool } = counting("whoami");
  await using elsewhere = await startFakeServer({ tools: [tool] });
  await world.acme.servers.set("mail", { url: elsewhere.url.href, credential: "mail" });
  await failureOf(ada.callTool("mail__whoami"));
  expect(JSON.stringify(elsewhere.requests)).not.toContain("Bearer");
  await world.acme.servers.set("mail", { url: world.mail.url.href, credential: "mail" });
  expect(await world.acme.disconnect("ada", "mail")).toEqual({ removed: true, revoked: true });
  expect(await failureOf(ada.callTool("mail__whoami"))).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
});

it("tells a subscriber of the servers that there were, and the next one of those that there are", async () => {
  await using host = open({ servers: { base: { connect: inMemoryServer().connect } } });
  const heard = await host.ada.subscribe({ tools: true }, () => {});
  await host.acme.servers.enable("base", false);
  const next = await host.ada.subscribe({ tools: true }, () => {});
  expect(next.unavailable).toEqual([]);
  await Promise.all([heard, next].map((subscription) => subscription.close()));
});
