// Messages, users, servers and hosts that do what they should not.
import { randomUUID } from "node:crypto";
import type { Memory, UUID } from "@elizaos/core";
import type { Context } from "@tenantry/core";
import { startFakeServer, startNotebook, type FakeTool } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, type TenantryOptions } from "tenantry";
import { expect, it, onTestFinished, vi } from "vitest";
import { messageOf, startAgent } from "../test/agent.ts";
import { tenantryPlugin, type MessageContext, type PluginOptions } from "./index.ts";

const [ada, bob] = [randomUUID(), randomUUID()];

function tool(name: string, required: readonly string[] = []): FakeTool {
  const properties = Object.fromEntries(required.map((one) => [one, {}]));
  return {
    definition: { name, inputSchema: { type: "object", properties, required: [...required] } },
    call: (_args, { user = "nobody" }) => ({ content: [{ type: "text", text: `${name} for ${user}` }] }),
  };
}

/** An agent of these servers in which whoever a message is from is the user. */
async function agentOf(
  servers: TenantryOptions["servers"],
  contextOf: (user: string) => Context = () => ({}),
  options: PluginOptions = {},
) {
  const tenantry = createTenantry({ servers });
  const acme = tenantry.workspace("acme");
  const clientOf = ({ message: { entityId } }: MessageContext) => acme.as(entityId, contextOf(entityId));
  const plugin = tenantryPlugin({ catalog: acme.discovery(), clientOf }, options);
  const agent = await startAgent(plugin);
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]();
    await tenantry.close();
  });
  return agent;
}

/** A server that lists Ada a tool of her own, and that refuses Bob as long as his key is not known. */
async function secretive() {
  const ask = vi.fn(() => false);
  const server = await startFakeServer({
    authenticate: { header: "authorization", keys: { "key-ada": "ada" } },
    toolsFor: (user) => (user === "ada" ? [tool("plan", ["secret_project"])] : [tool("read")]),
  });
  onTestFinished(() => server.close());
  const agent = await agentOf(
    { notes: { url: server.url, credential: bearer(fromContext("token")) } },
    (user) => ({ token: user === ada ? "key-ada" : "key-bob" }),
    { showOwn: true, needsApproval: ask },
  );
  const prompt = async (user: UUID) => (await agent.runtime.composeState(messageOf(user))).text;
  return { server, agent, ask, prompt };
}

it("says nothing of another user's tool to somebody whom its server fails", async () => {
  const { agent, ask, prompt } = await secretive();
  expect(await prompt(ada)).toContain("secret_project");
  const result = await agent.run(bob, "notes__plan");
  expect(result).toMatchObject({ success: false, data: { code: "UNAUTHORIZED" } });
  expect(JSON.stringify([result, await prompt(bob), agent.runtime.actions])).not.toContain("secret_project");
  await agent.run(bob, "notes__plan", { secret_project: 1 });
  expect(ask).not.toHaveBeenCalled();
  expect((await agent.run(ada, "notes__plan"))?.text).toContain("secret_project");
});

it("shows a message's user their own, also where the host takes the object of another's message again", async () => {
  const { server, agent } = await secretive();
  server.setKeys({ "key-ada": "ada", "key-bob": "bob" });
  const service = agent.runtime.getService("mcp") as never as {
    shown(context: MessageContext): Promise<{ tools: Map<string, unknown> }>;
  };
  const message: Memory = messageOf(ada);
  const shown = async () => [...(await service.shown({ runtime: agent.runtime, message })).tools.keys()];
  expect(await shown()).toEqual(["notes__plan"]);
  message.entityId = bob;
  expect(await shown()).toEqual(["notes__read"]);
});

it("keeps an agent able to answer where the host cannot tell whose a message is", async () => {
  const tokens = new Map([[ada as string, { token: "t" }]]);
  await using server = await startFakeServer();
  const agent = await agentOf(
    { notes: { url: server.url } },
    (user) => ({ token: (tokens.get(user) as { token: string }).token }),
    { showOwn: true },
  );
  const { text } = await agent.runtime.composeState(messageOf(bob));
  expect(text).toContain("MCP tools are not available: [PRINCIPAL_INVALID]");
});

it("takes up so many names of tools and no more, whatever a server lists", async () => {
  let round = 0;
  await using server = await startFakeServer({
    toolsFor: () => Array.from({ length: 900 }, (_, index) => tool(`t${round}_${index}`)),
  });
  const agent = await agentOf({ n: { url: server.url } }, () => ({}), {
    showOwn: true,
    list: { fresh: true },
  });
  const warn = vi.spyOn(agent.runtime.logger, "warn");
  for (; round < 5; round++) await agent.runtime.composeState(messageOf(ada));
  expect(agent.runtime.actions.length).toBe(2_001);
  const said = warn.mock.calls.filter(([text]) => String(text).includes("2000 tools"));
  expect(said).toHaveLength(1);
  expect((await agent.run(ada, "n__t0_7"))?.data).toMatchObject({ code: "TOOL_UNKNOWN" });
});

it("tells of a name that is another plugin's once", async () => {
  await using server = await startFakeServer({ tools: [tool("resource")] });
  const agent = await agentOf({ read_mcp: { url: server.url } }, () => ({}), { showOwn: true });
  const warn = vi.spyOn(agent.runtime.logger, "warn");
  for (const user of [ada, bob, ada]) await agent.runtime.composeState(messageOf(user));
  expect(warn.mock.calls.flat().filter((text) => String(text).includes("apart"))).toHaveLength(1);
});

it("gives a result that could not be told all the same, because the call has been made", async () => {
  await using server = await startNotebook();
  const agent = await agentOf(
    { notes: { url: server.url, credential: bearer(fromContext("token")) } },
    () => ({ token: server.tokenOf("ada") }),
    { showOwn: true },
  );
  await agent.runtime.composeState(messageOf(ada));
  const picture = agent.runtime.actions.find(({ name }) => name === "notes__picture");
  const tell = () => Promise.reject(new Error("The channel is gone."));
  const result = await picture?.handler(agent.runtime, messageOf(ada), undefined, {}, tell);
  expect(result).toMatchObject({ success: true });
});

it("carries names and arguments of any kind", async () => {
  const names = ["__proto__", "constructor", "toString"];
  await using server = await startFakeServer({ tools: names.map((name) => tool(name, [name])) });
  const agent = await agentOf({ n: { url: server.url, discovery: "anonymous" } });
  const { values } = await agent.runtime.composeState(messageOf(ada));
  const { tools } = (values["mcp"] as Record<string, { tools: object }>)["n"] ?? { tools: {} };
  expect(Object.keys(tools)).toEqual(names);
  for (const name of names) {
    const args = JSON.parse(`{"${name}":1}`) as object;
    const action = agent.runtime.actions.find(({ description }) => description === `n__${name}`)?.name ?? "";
    expect((await agent.run(ada, action))?.data).toMatchObject({ code: "ARGUMENT_INVALID" });
    expect((await agent.run(ada, action, args))?.text).toBe(`${name} for nobody`);
  }
});

it("serves users after its plugin was registered again under another name", async () => {
  await using server = await startFakeServer({ tools: [tool("read")] });
  const tenantry = createTenantry({ servers: { n: { url: server.url, discovery: "anonymous" } } });
  const acme = tenantry.workspace("acme");
  const clientOf = ({ message }: MessageContext) => acme.as(message.entityId);
  const plugin = tenantryPlugin({ catalog: acme.discovery(), clientOf }, { close: () => tenantry.close() });
  const agent = await startAgent(plugin);
  await agent.runtime.registerPlugin(plugin);
  await agent.runtime.registerPlugin({ ...plugin, name: "again" });
  await vi.waitFor(() => expect(agent.runtime.getServicesByType("mcp")).toHaveLength(2));
  const names = agent.runtime.actions.map(({ name }) => name);
  expect(names).toEqual(["READ_MCP_RESOURCE", "n__read"]);
  expect((await agent.run(ada, "n__read"))?.text).toBe("read for nobody");
  await agent[Symbol.asyncDispose]();
  expect(tenantry.stats().connections).toBe(0);
  await vi.waitFor(() => expect(server.openSockets).toBe(0));
});
