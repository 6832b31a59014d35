import { randomUUID } from "node:crypto";
import type { Task } from "@elizaos/core";
import type { CatalogTool } from "@tenantry/core";
import { startFakeServer, startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, afterEach, expect, it } from "vitest";
import { startAgent, type Agent } from "../test/agent.ts";
import { tenantryPlugin, type MessageContext } from "./index.ts";

const ada = randomUUID();
const server = await startNotebook({ users: ["ada", "nobody"] });
const credential = bearer(fromContext("token"));
const discovery = bearer(fromStatic(server.tokenOf("nobody")));
const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
const acme = tenantry.workspace("acme");
const clientOf = ({ message: { entityId } }: MessageContext) =>
  acme.as(entityId, { token: entityId === ada ? server.tokenOf("ada") : undefined });
const needsApproval = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;
const agent = await startAgent(tenantryPlugin({ catalog: acme.discovery(), clientOf }, { needsApproval }));

afterEach(() => agent.tasks.clear());
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await tenantry.close();
  await server.close();
});

const erasures = () => server.requests.filter(({ tool }) => tool === "erase");
const waiting = () => [...agent.tasks.values()][0] as Task;
const choose = async (task: Task, option: string, { runtime }: Pick<Agent, "runtime"> = agent) =>
  runtime.getTaskWorker(task.name)?.execute(runtime, { option }, task);

it("leaves what a person has to allow as a task to choose, and calls it as who asked", async () => {
  expect(await agent.run(ada, "notes__erase")).toMatchObject({
    success: false,
    data: { code: "APPROVAL_REQUIRED" },
  });
  const task = waiting();
  expect(task).toMatchObject({ tags: ["AWAITING_CHOICE"], metadata: { user: ada } });
  expect(task.metadata?.options?.map(({ name }) => name)).toEqual(["confirm", "cancel"]);
  await choose(task, "cancel");
  expect([agent.tasks.size, erasures().length]).toEqual([0, 0]);

  await agent.run(ada, "notes__erase");
  await choose(waiting(), "confirm");
  expect(erasures().map(({ user }) => user)).toEqual(["ada"]);
  expect(JSON.stringify(agent.stored.at(-1))).toMatch(/erased \d+ notes of ada/u);
});

it("calls what was confirmed once, however often and by how many it is", async () => {
  const before = erasures().length;
  await agent.run(ada, "notes__erase");
  const task = waiting();
  await Promise.all([choose(task, "confirm"), choose(task, "confirm")]);
  await choose(task, "confirm");
  expect(erasures()).toHaveLength(before + 1);
});

it("takes what is called from the task that was left, and not from who chooses", async () => {
  const before = erasures().length;
  await agent.run(ada, "notes__erase");
  const task = waiting();
  await choose({ ...task, metadata: { ...task.metadata, action: "notes__write", user: "eve" } }, "confirm");
  expect(erasures()).toHaveLength(before + 1);
});

it("leaves no task for a message that is nobody's", async () => {
  const result = await agent.run(undefined, "notes__erase");
  expect(result?.data).toMatchObject({ code: "PRINCIPAL_INVALID" });
  expect(agent.tasks.size).toBe(0);
});

it("shows a person the arguments on one line, with nothing invisible in them, and no more than can be read", async () => {
  const text = `harmless\u202e\n${"x".repeat(10_000)}`;
  await agent.run(ada, "notes__erase", { text });
  const { description, metadata } = waiting();
  expect(description).toContain("notes__erase waits for a person.");
  expect(description).not.toMatch(/[\u202e\n]/u);
  expect(description.length).toBeLessThan(3_000);
  expect(metadata?.["arguments"]).toEqual({ text });
});

it("calls nothing that is only named alike where the tool that was allowed is gone", async () => {
  const named = (name: string) => ({
    definition: { name, inputSchema: { type: "object" as const } },
    call: () => ({ content: [{ type: "text" as const, text: name }] }),
  });
  await using mine = await startFakeServer({ tools: [named("x__y")] });
  await using own = createTenantry({ servers: { n: { url: mine.url, discovery: "anonymous" } } });
  const workspace = own.workspace("acme");
  const source = {
    catalog: workspace.discovery(),
    clientOf: ({ message }: MessageContext) => workspace.as(message.entityId),
  };
  await using later = await startAgent(tenantryPlugin(source));
  const id = await later.runtime.createTask({
    ...{ name: "CONFIRM_MCP_CALL", description: "n__x_y", tags: [], worldId: randomUUID() },
    metadata: { action: "n__x_y", arguments: {}, user: ada },
  });
  await choose(later.tasks.get(id) as Task, "confirm", later);
  expect(mine.requests.filter(({ rpc }) => rpc === "tools/call")).toEqual([]);
  expect(JSON.stringify(later.stored.at(-1))).toContain("[TOOL_UNKNOWN]");
});
