import { dispatchCustomEvent } from "@langchain/core/callbacks/dispatch";
import { startFakeServer } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { expect, it } from "vitest";
import { input, withThread } from "../test/agent-cases.ts";
import { agentOfLangchain } from "../test/agents.ts";
import { hostileSchemas, hundredTools, slowText } from "../test/hostile-tools.ts";
import { startWorld } from "../test/notebook-world.ts";
import { scriptedModel, toolMessages } from "../test/scripted-model.ts";
import { structuredTools, type ToolCall } from "./index.ts";

it("takes nothing for a source that is none", async () => {
  await expect(structuredTools(undefined as never)).rejects.toThrow("[ARGUMENT_INVALID]");
});

it("names a server that is missing", async () => {
  await using tenantry = createTenantry({ servers: { gone: { url: "http://127.0.0.1:1/mcp" } } });
  const { tools, unavailable } = await structuredTools(tenantry.workspace("acme").as("ada"));
  expect(tools).toEqual([]);
  expect(unavailable).toMatchObject([{ server: "gone", error: { code: "CONNECT_FAILED" } }]);
});

it("dispatches progress as an event of the call's own run", async () => {
  await using world = await startWorld();
  const controller = new AbortController();
  const { tools } = await structuredTools(world.as("ada"), {
    onProgress: (progress, tool, config) => void dispatchCustomEvent(tool.name, progress, config as never),
  });
  const agent = agentOfLangchain(scriptedModel([{ name: "notes__wait" }]), tools);
  const started: string[] = [];
  const callbacks = [
    {
      handleToolStart: (...[, , runId]: [unknown, unknown, string]) => void started.push(runId),
      handleCustomEvent: (...event: unknown[]) => controller.abort(event),
    },
  ];
  const options = { callbacks, signal: controller.signal };
  await expect(agent.invoke(input, withThread(options))).rejects.toThrow();
  const [name, progress, parent] = controller.signal.reason as unknown[];
  expect([name, progress]).toEqual(["notes__wait", { progress: 1, total: 2 }]);
  expect(started).toEqual([parent]);
});

it("tells a hundred tools apart for two users at once, whatever their names", async () => {
  const keys = Object.fromEntries(["ada", "bob", "nobody"].map((user) => [`token-of-${user}`, user]));
  await using server = await startFakeServer({
    tools: hundredTools(),
    authenticate: { header: "authorization", keys },
  });
  const credential = bearer(fromContext("token"));
  const discovery = bearer(fromStatic("token-of-nobody"));
  await using tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
  const acme = tenantry.workspace("acme");
  const { tools } = await structuredTools({
    catalog: acme.discovery(),
    clientOf: ({ configurable }: ToolCall) =>
      acme.as(configurable?.["user"] as string, { token: `token-of-${configurable?.["user"]}` }),
  });
  expect(new Set(tools.map(({ name }) => name)).size).toBe(100);
  const runs = ["ada", "bob"].map(async (user) => {
    const agent = agentOfLangchain(scriptedModel(tools.map(({ name }) => ({ name }))), tools);
    const { messages } = await agent.invoke(input, withThread({ configurable: { user } }));
    const told = toolMessages(messages).map(({ content }) => content);
    const expected = tools.map(
      ({ description }) => `${description.slice("Answers to ".length, -1)} for ${user}`,
    );
    expect(told).toEqual(expected);
  });
  await Promise.all(runs);
  expect(server.crossings).toEqual([]);
}, 60_000);

it("leaves out what a strict schema made a model give", async () => {
  await using server = await startFakeServer();
  await using tenantry = createTenantry({ servers: { odd: { url: server.url } } });
  const target = { provider: "openai", strict: true } as const;
  const { tools } = await structuredTools(tenantry.workspace("acme").as("ada"), { target });
  const echo = tools.find(({ name }) => name === "odd__echo");
  expect(echo?.schema).toMatchObject({ required: ["text"] });
  expect(
    await echo?.invoke({ name: "odd__echo", args: { text: null }, id: "1", type: "tool_call" }),
  ).toMatchObject({
    status: "success",
    content: "",
  });
});

it.each(hostileSchemas)(
  "does not run a server's own schema against what a model gives",
  async (inputSchema) => {
    await using server = await startFakeServer();
    await using tenantry = createTenantry({ servers: { odd: { url: server.url } } });
    const ada = tenantry.workspace("acme").as("ada");
    // A fake server runs its schemas itself; what it lists is altered on the way.
    const listTools = async () => {
      const { tools, ...missing } = await ada.listTools();
      return { ...missing, tools: tools.map((tool) => ({ ...tool, inputSchema })) };
    };
    const { tools } = await structuredTools({ catalog: { listTools }, clientOf: () => ada });
    const echo = tools.find(({ name }) => name === "odd__echo");
    expect(echo?.schema).toEqual(inputSchema);
    const started = performance.now();
    expect(await echo?.invoke({ text: slowText })).toBe(slowText);
    expect(performance.now() - started).toBeLessThan(1_000);
  },
);
