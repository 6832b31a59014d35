import { randomUUID } from "node:crypto";
import { ContentType, type Media, type UUID } from "@elizaos/core";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, expect, it, vi } from "vitest";
import { messageOf, startAgent } from "../test/agent.ts";
import { tenantryPlugin, type McpService, type MessageContext, type PluginOptions } from "./index.ts";

const [ada, bob] = [randomUUID(), randomUUID()];
const server = await startNotebook({ users: ["ada", "bob", "nobody"] });
const tokens = new Map<string, string>([
  [ada, server.tokenOf("ada")],
  [bob, server.tokenOf("bob")],
]);
const credential = bearer(fromContext("token"));
const discovery = bearer(fromStatic(server.tokenOf("nobody")));
const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
const acme = tenantry.workspace("acme");
const clientOf = ({ message: { entityId } }: MessageContext) =>
  acme.as(entityId, { token: tokens.get(entityId) });
const start = (options?: PluginOptions) =>
  startAgent(tenantryPlugin({ catalog: acme.discovery(), clientOf }, options));
const agent = await start();

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await tenantry.close();
  await server.close();
});

const callsOf = (tool: string) => server.requests.filter((request) => request.tool === tool);

it("gives each of two users their own answers, in elizaOS' own loop, at the same time", async () => {
  const steps = (name: string) => [
    { action: "notes__whoami" },
    { action: "NOTES_WRITE", args: { text: `by ${name}` } },
    { action: "notes__read" },
    { action: "notes__page" },
    { action: "notes__fail" },
  ];
  const told = await Promise.all([agent.ask(ada, steps("ada")), agent.ask(bob, steps("bob"))]);
  const own = (name: string) =>
    [name, `${name} wrote: by ${name}`, `by ${name}`, `page 1 of ${name}\n[resource note://2]`].join("; ");
  expect(told).toEqual(["ada", "bob"].map((name) => `${own(name)}; ${name}'s pen is broken.`));
  expect(server.crossings).toEqual([]);
});

it("has an action for each of ten tools, with parameters as elizaOS' prompts show them", () => {
  const own = agent.runtime.actions.filter(({ name }) => name.startsWith("notes__"));
  expect(own).toHaveLength(10);
  expect(own.find(({ name }) => name === "notes__write")).toMatchObject({
    description: "Writes a note.",
    parameters: { text: { type: "string", description: '{"minLength":1}', required: true } },
  });
});

it("gives an action nothing of what an earlier one was given", async () => {
  const before = callsOf("whoami").length;
  await agent.ask(ada, [
    { action: "notes__write", args: { text: "for one" } },
    { action: "notes__whoami" },
    { action: "notes__write" },
  ]);
  const given = callsOf("whoami").slice(before) as { body: { params: { arguments: object } } }[];
  expect(given.map(({ body }) => body.params.arguments)).toEqual([{}]);
});

it("sends nothing for a call that lacks what its tool requires, and says what it lacks", async () => {
  const before = server.requests.length;
  expect(await agent.run(ada, "notes__write", { txt: "misspelt" })).toMatchObject({
    success: false,
    text: '[ARGUMENT_INVALID] notes__write was not called: it needs "text"; give the parameters and call it again.',
    data: { actionName: "notes__write", code: "ARGUMENT_INVALID" },
  });
  expect(server.requests).toHaveLength(before);
});

it("runs no tool for a name that only resembles its own", async () => {
  const before = server.requests.length;
  for (const [name, like] of [
    ["erase", '"notes__erase"'],
    ["notes__erase_all", '"notes__erase"'],
    ["NOTES", '"notes__whoami" or "notes__write" or "notes__read"'],
    ["MCP", "take one of those listed"],
  ] as const) {
    const result = await agent.run(ada, name);
    expect(result).toMatchObject({ success: false, data: { code: "TOOL_UNKNOWN" } });
    if (name !== "MCP") expect(result?.text).toContain(like);
  }
  expect(server.requests).toHaveLength(before);
});

it("sends nothing for a message that is nobody's, or of somebody without a credential", async () => {
  const before = server.requests.length;
  const codes = [undefined, randomUUID(), agent.runtime.agentId].map(async (user) => {
    const result = await agent.run(user, "notes__whoami");
    return [result?.success, result?.data?.["code"]];
  });
  expect(await Promise.all(codes)).toEqual([
    [false, "PRINCIPAL_INVALID"],
    [false, "CREDENTIAL_MISSING"],
    [false, "CREDENTIAL_MISSING"],
  ]);
  expect(server.requests).toHaveLength(before);
});

it("tells the user images and sounds as attachments, each with an id of its own", async () => {
  const before = agent.told.length;
  const results = [await agent.run(ada, "notes__picture"), await agent.run(ada, "notes__picture")];
  const sound = await agent.run(ada, "notes__sound");
  const told = agent.told.slice(before).flatMap(({ attachments = [] }) => attachments);
  expect(told).toEqual([...results, sound].flatMap((result) => result?.data?.["attachments"] as Media[]));
  expect(told.map(({ contentType }) => contentType)).toEqual([
    ContentType.IMAGE,
    ContentType.IMAGE,
    ContentType.AUDIO,
  ]);
  expect(told[2]).toMatchObject({ url: "data:audio/wav;base64,UklGRiQAAABXQVZF", source: "notes/sound" });
  expect(new Set(told.map(({ id }) => id)).size).toBe(3);
  expect(results[0]?.text).toBe("a picture of ada\n[image, image/png, 70 bytes]");
});

it("gives structured content as data, and a tool's own failure as one", async () => {
  expect(await agent.run(bob, "notes__report")).toMatchObject({
    success: true,
    text: expect.stringContaining('"user":"bob"') as unknown,
    data: { serverName: "notes", toolName: "report", structuredContent: { user: "bob" } },
  });
  expect(await agent.run(bob, "notes__fail")).toMatchObject({
    success: false,
    error: "bob's pen is broken.",
    data: { isError: true },
  });
});

it("ends a call at the server when the host aborts it, and when the agent stops", async () => {
  const left = async (times: number) => {
    const { text } = (await agent.run(bob, "notes__read")) ?? {};
    expect(text?.match(/The caller left\./gu)).toHaveLength(times);
  };
  const controller = new AbortController();
  const wait = agent.runtime.actions.find(({ name }) => name === "notes__wait");
  const aborted = wait?.handler(agent.runtime, messageOf(bob), undefined, { abortSignal: controller.signal });
  await vi.waitFor(() => expect(callsOf("wait")).toHaveLength(1));
  controller.abort(new Error("Bob left."));
  await expect(aborted).rejects.toThrow("Bob left.");
  await vi.waitFor(() => left(1));
  await using other = await start({ onProgress: () => void other.runtime.stop() });
  expect(await other.run(bob, "notes__wait")).toMatchObject({ success: false, data: { code: "CLOSED" } });
  await vi.waitFor(() => left(2));
});

it("ends a call with the agent also where the host could abort it", async () => {
  await using other = await start({ onProgress: () => void other.runtime.stop() });
  const wait = other.runtime.actions.find(({ name }) => name === "notes__wait");
  const abortSignal = new AbortController().signal;
  const result = await wait?.handler(other.runtime, messageOf(bob), undefined, { abortSignal });
  expect(result).toMatchObject({ success: false, data: { code: "CLOSED" } });
});

it("tells progress with the message it belongs to", async () => {
  const told: unknown[] = [];
  await using other = await start({
    onProgress({ progress }, { name }, { message }) {
      told.push([progress, name, message.entityId]);
      void other.runtime.stop();
    },
  });
  await other.run(ada, "notes__wait");
  expect(told).toEqual([[1, "notes__wait", ada]]);
});

it("shows prompts nothing of any user, and asks no server for them", async () => {
  await Promise.all([ada, bob].map((user) => agent.run(user, "notes__whoami")));
  const before = server.requests.length;
  const { text, values, data } = await agent.runtime.composeState(messageOf(bob));
  expect(text).toContain("## notes\n- **notes__whoami**: Tells whose key the request carried.");
  expect(Object.keys(values["mcp"] as object)).toEqual(["notes"]);
  const all = JSON.stringify([text, values, data, agent.runtime.actions, agent.runtime.providers]);
  for (const secret of [ada, ...tokens.values(), server.tokenOf("nobody")]) expect(all).not.toContain(secret);
  expect(server.requests).toHaveLength(before);
  expect(JSON.stringify(agent.stored)).not.toContain("token-of");
});

it("lends other plugins the client of a message's user", async () => {
  const service = agent.runtime.getService<McpService>("mcp");
  const client = await service?.clientOf({ runtime: agent.runtime, message: messageOf(bob) });
  expect((await client?.callTool("notes__whoami"))?.content).toEqual([{ type: "text", text: "bob" }]);
});

it("takes a user's own client for an agent that has one user", async () => {
  await using own = await startAgent(tenantryPlugin(acme.as("ada", { token: server.tokenOf("ada") })));
  expect((await own.run(randomUUID() as UUID, "notes__whoami"))?.text).toBe("ada");
});

it("takes nothing for a source that is none", () => {
  expect(() => tenantryPlugin(undefined as never)).toThrow("[ARGUMENT_INVALID]");
  expect(() => tenantryPlugin({ catalog: acme.discovery() } as never)).toThrow("[ARGUMENT_INVALID]");
});
