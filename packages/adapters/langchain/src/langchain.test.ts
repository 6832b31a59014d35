import { dispatchCustomEvent } from "@langchain/core/callbacks/dispatch";
import { startFakeServer } from "@tenantry/testing";
import { startWorld } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { expect, it } from "vitest";
import { agentOfLangchain } from "../test/agents.ts";
import { hostileSchemas, slowText } from "../test/hostile-schemas.ts";
import { scriptedModel } from "../test/scripted-model.ts";
import { input, withThread } from "../test/subject.ts";
import { structuredTools } from "./index.ts";

it("dispatches progress as an event of the call's own run", async () => {
  await using world = await startWorld();
  const controller = new AbortController();
  const { tools } = await structuredTools(world.as("ada"), {
    onProgress: (progress, tool, config) => void dispatchCustomEvent(tool.name, progress, config as never),
  });
  const agent = agentOfLangchain(scriptedModel([[{ name: "notes__wait" }]]), tools);
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
