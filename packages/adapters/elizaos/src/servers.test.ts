// Servers that come late, have many tools, names of any kind, lists of each user's own, or pages on which to grant access.
import { randomUUID } from "node:crypto";
import type { Plugin } from "@elizaos/core";
import type { Context } from "@tenantry/core";
import { manualClock, startFakeServer, type FakeTool } from "@tenantry/testing";
import { startAuthorizationServer } from "@tenantry/testing/oauth";
import { bearer, createTenantry, fromContext, oauth, type TenantryOptions } from "tenantry";
import { expect, it, vi } from "vitest";
import { messageOf, startAgent } from "../test/agent.ts";
import { startResourceServer } from "../test/resource-server.ts";
import { McpService, tenantryPlugin, type MessageContext, type PluginOptions } from "./index.ts";
import { pluginOf } from "./plugin.ts";

const [ada, bob] = [randomUUID(), randomUUID()];

function tool(name: string, description = name): FakeTool {
  return {
    definition: { name, description, inputSchema: { type: "object" } },
    call: (_args, { user = "nobody" }) => ({ content: [{ type: "text", text: `${name} for ${user}` }] }),
  };
}

/** An instance and its plugin; whoever a message is from is the user. */
function world(
  servers: TenantryOptions["servers"],
  options: PluginOptions = {},
  more: TenantryOptions = {},
  contextOf: (user: string) => Context = () => ({}),
) {
  const tenantry = createTenantry({ servers, ...more });
  const acme = tenantry.workspace("acme");
  const clientOf = ({ message: { entityId } }: MessageContext) => acme.as(entityId, contextOf(entityId));
  const source = { catalog: acme.discovery(), clientOf };
  const plugin: Plugin = tenantryPlugin(source, { close: () => tenantry.close(), ...options });
  return { tenantry, source, plugin, clientOf };
}

it("makes actions of a hundred tools, each of which answers for itself", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `tool_${index}`);
  await using server = await startFakeServer({ tools: names.map((name) => tool(name)) });
  const { plugin } = world({ many: { url: server.url, discovery: "anonymous" } });
  await using agent = await startAgent(plugin);
  const texts = names.map(async (name) => (await agent.run(ada, `many__${name}`))?.text);
  expect(await Promise.all(texts)).toEqual(names.map((name) => `${name} for nobody`));
});

it("tells apart names that are one to elizaOS", async () => {
  const names = ["x_y", "x__y", "X_Y", "erase", "erase_all"];
  await using server = await startFakeServer({ tools: names.map((name) => tool(name)) });
  const { plugin } = world({ n: { url: server.url, discovery: "anonymous" } });
  await using agent = await startAgent(plugin);
  const text = async (name: string) => (await agent.run(ada, name))?.text;
  for (const name of names) expect(await text(`n__${name}`)).toBe(`${name} for nobody`);
  expect(await text("N_XY")).toContain("[TOOL_UNKNOWN]");
  // Two in one answer: elizaOS runs them one after the other.
  const message = messageOf(ada);
  const actions = ["n__x__y", "n__eras", "n__x_y"];
  await agent.runtime.processActions(message, [{ ...messageOf(ada), content: { actions } }]);
  expect(agent.runtime.getActionResults(message.id).map((result) => result.text?.slice(0, 14))).toEqual([
    "x__y for nobod",
    "[TOOL_UNKNOWN]",
    "x_y for nobody",
  ]);
});

it("leaves out a tool whose name another plugin's action has for elizaOS", async () => {
  await using server = await startFakeServer({ tools: [tool("send"), tool("read")] });
  const { source } = world({ mail: { url: server.url, discovery: "anonymous" } });
  const plugin = tenantryPlugin(source);
  const handler = vi.fn(() => Promise.resolve({ success: true, text: "the other one" }));
  const other = {
    ...{ name: "MAIL_SEND", description: "Sends.", similes: [], examples: [] },
    ...{ handler, validate: () => Promise.resolve(true) },
  };
  await using agent = await startAgent({ ...plugin, actions: [...(plugin.actions ?? []), other] });
  expect(agent.runtime.actions.map(({ name }) => name)).not.toContain("mail__send");
  expect((await agent.run(ada, "mail__read"))?.text).toBe("read for nobody");
});

it("shows each user their own tools where the host says so", async () => {
  await using server = await startFakeServer({
    authenticate: { header: "authorization", keys: { a: "ada", b: "bob" } },
    toolsFor: (user) => [
      tool("read", `Reads ${user}'s diary.`),
      ...(user === "ada" ? [tool("admin", "Ada's secret tool")] : []),
    ],
  });
  const servers = { notes: { url: server.url, credential: bearer(fromContext("token")) } };
  const { plugin } = world(servers, { showOwn: true }, {}, (user) => ({ token: user === ada ? "a" : "b" }));
  await using agent = await startAgent(plugin);
  const prompt = async (user: string) => (await agent.runtime.composeState(messageOf(user as never))).text;
  expect(await prompt(ada)).toContain("Ada's secret tool");
  expect(await prompt(bob)).toContain("notes__read");
  expect(await prompt(bob)).not.toMatch(/admin|secret/u);
  expect(await prompt(bob)).toContain("Reads bob's diary.");
  expect(await prompt(bob)).toContain("Parameters: {}");
  // Actions are everybody's.
  expect(JSON.stringify(agent.runtime.actions)).not.toMatch(/diary|secret/u);
  const admin = agent.runtime.actions.find(({ name }) => name === "notes__admin");
  const may = (user?: string) => admin?.validate(agent.runtime, messageOf(user as never));
  expect(await Promise.all([may(ada), may(bob), may()])).toEqual([true, false, false]);
  expect((await agent.run(ada, "notes__admin"))?.text).toBe("admin for ada");
  // What is there and not for Bob looks like what is not there at all.
  const texts = [await agent.run(bob, "notes__admin"), await agent.run(bob, "notes__admins")];
  expect(texts.map((result) => result?.text)).toEqual(
    ["notes__admin", "notes__admins"].map(
      (name) => `[TOOL_UNKNOWN] There is no action "${name}"; take one of those listed.`,
    ),
  );
  expect(server.requests.filter((request) => request.tool === "admin").map(({ user }) => user)).toEqual([
    "ada",
  ]);
});

it("warns of a server that cannot be listed, unless it is listed as each user", async () => {
  await using server = await startFakeServer({ authenticate: { header: "authorization", keys: {} } });
  const { source, plugin } = world({ notes: { url: server.url, credential: bearer(fromContext("token")) } });
  await using agent = await startAgent(plugin);
  const warn = vi.spyOn(agent.runtime.logger, "warn");
  await new McpService(agent.runtime, { source, showOwn: true }).refresh();
  expect(warn).not.toHaveBeenCalled();
  await new McpService(agent.runtime, { source }).refresh();
  expect(warn).toHaveBeenCalledOnce();
});

it("makes actions of a server that was down at the start, once it is there", async () => {
  const clock = manualClock();
  await using server = await startFakeServer({ tools: [tool("read")] });
  using down = server.faults.add({ kind: "answer", status: 404 });
  const { source, tenantry } = world({ notes: { url: server.url, discovery: "anonymous" } });
  await using _tenantry = tenantry;
  await using agent = await startAgent(pluginOf(() => ({ source, clock })));
  const prompt = async () => (await agent.runtime.composeState(messageOf(ada))).text;
  expect(await prompt()).toContain("## notes is not available");
  expect((await agent.run(ada, "notes__read"))?.data).toBeUndefined();
  down[Symbol.dispose]();
  const before = server.requests.length;
  await prompt();
  expect(server.requests).toHaveLength(before);
  await clock.advance(10_000);
  await prompt();
  await vi.waitFor(async () => expect(await prompt()).toContain("notes__read"));
  expect((await agent.run(ada, "notes__read"))?.text).toBe("read for nobody");
});

it("tells and asks for what a tool needs as it was last listed", async () => {
  const clock = manualClock();
  let needs = "one";
  await using server = await startFakeServer({
    toolsFor: () => {
      const inputSchema = { type: "object" as const, properties: { [needs]: {} }, required: [needs] };
      return [{ ...tool("read"), definition: { name: "read", inputSchema } }];
    },
  });
  const { source, tenantry } = world({ notes: { url: server.url, discovery: "anonymous" } });
  await using _tenantry = tenantry;
  await using agent = await startAgent(pluginOf(() => ({ source, clock })));
  const read = agent.runtime.actions.find(({ name }) => name === "notes__read");
  expect((await agent.run(ada, "notes__read"))?.text).toContain('it needs "one"');
  needs = "two";
  await clock.advance(60_000);
  await agent.runtime.composeState(messageOf(ada));
  await vi.waitFor(() => expect(read?.["parameters"]).toMatchObject({ two: { required: true } }));
  expect((await agent.run(ada, "notes__read", { one: 1 }))?.text).toContain('it needs "two"');
});

it("tells a user on which page to grant access", async () => {
  await using issuer = await startAuthorizationServer();
  await using server = await startFakeServer({ authenticate: { authorizationServer: issuer } });
  await using open = await startFakeServer({ tools: [tool("whoami")] });
  const granted = { url: server.url.href, credential: oauth() };
  const { tenantry, clientOf } = world(
    { mail: granted },
    {},
    {
      publicUrl: "http://127.0.0.1:1/app",
      allow: ["127.0.0.1"],
    },
  );
  // Somebody else's list knows the tool; each user grants access for themselves.
  const { source, tenantry: listing } = world({ mail: { url: open.url, discovery: "anonymous" } });
  await using _both = {
    [Symbol.asyncDispose]: () => Promise.all([tenantry.close(), listing.close()]).then(() => {}),
  };
  await using agent = await startAgent(tenantryPlugin({ catalog: source.catalog, clientOf }));
  const result = await agent.run(ada, "mail__whoami");
  const url = String(result?.data?.["authorizationUrl"]);
  expect(result).toMatchObject({ success: false, data: { code: "AUTHORIZATION_REQUIRED" } });
  expect(new URL(url).origin).toBe(issuer.issuer.origin);
  expect(result?.text).toContain(`Open ${url} to grant access.`);
  expect(agent.told).toMatchObject([{ text: result?.text, actions: ["mail__whoami"] }]);
});

it("lists and reads resources as the user whose message it is", async () => {
  await using server = await startResourceServer();
  const servers = {
    pages: { url: server.url, era: "legacy", credential: bearer(fromContext("token")) },
  } as const;
  const { plugin } = world(servers, {}, {}, (user) => ({
    token: `token-of-${user === ada ? "ada" : "bob"}`,
  }));
  await using agent = await startAgent(plugin);
  const listed = [ada, bob].map(async (user) => (await agent.run(user, "READ_MCP_RESOURCE"))?.text);
  expect(await Promise.all(listed)).toEqual(
    ["ada", "bob"].map((name) => `- note://${name} (server pages, page): A page of ${name}'s.`),
  );
  const args = { uri: "note://bob", server: "pages" };
  expect(await agent.run(bob, "GET_RESOURCE", args)).toMatchObject({
    success: true,
    text: "read by bob\n[resource note://bob#image, image/png, 3 bytes]",
    data: { attachments: [{ url: "data:image/png;base64,AAAA" }] },
  });
  expect((await agent.run(undefined, "READ_MCP_RESOURCE"))?.data).toMatchObject({
    code: "PRINCIPAL_INVALID",
  });
  expect((await agent.run(ada, "RESOURCE"))?.data).toMatchObject({ code: "TOOL_UNKNOWN" });
});
