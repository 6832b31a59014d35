import { TenantryError, type CatalogTool } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { describeAdapter, startWorld } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { afterAll, expect, it } from "vitest";
import { outputsIn, specifications } from "../test/scripted-model.ts";
import { agentThatAsks, answersIn, named, read, run, subject, userOf, type Values } from "../test/subject.ts";
import { toolset } from "./index.ts";

describeAdapter("@mastra/core", subject);

const world = await startWorld({ era: "legacy" });
const { as, sent } = world;
const shared = world.sharedBy(userOf);
afterAll(() => world[Symbol.asyncDispose]());

it("gives each of two users their own answers without a stream", async () => {
  const { tools } = await toolset<Values>(shared);
  const users = ["ada", "bob"];
  const told = users.map(async (user) => {
    const { agent, turns } = agentThatAsks([[{ name: "notes__whoami" }], [{ name: "notes__page" }]]);
    await agent.generate("Do it.", { toolsets: { tenantry: tools }, ...named(user) });
    return answersIn(turns);
  });
  expect(await Promise.all(told)).toEqual(
    users.map((user) => [user, `page 1 of ${user}\n[resource note://2]`]),
  );
  expect(world.server.crossings).toEqual([]);
});

it.each(specifications)(
  "gives a model of specification %s images and sounds, and a tool's failure as one",
  async (specification) => {
    const { tools } = await toolset(as("ada"));
    const asked = ["picture", "sound", "fail"].map((tool) => [{ name: `notes__${tool}` }]);
    const { turns, chunks } = await run(tools, asked, {}, { specification });
    const [picture, sound, failure] = outputsIn(turns);
    const file = (image: boolean, mediaType: string) => {
      const data = expect.stringMatching(image ? /^iVBOR/u : /^UklGR/u) as unknown;
      if (specification === "v2") return { type: "media", mediaType, data };
      if (specification === "v3") return { type: image ? "image-data" : "file-data", mediaType, data };
      return { type: "file", mediaType, data: { type: "data", data } };
    };
    const text = { type: "text", text: "a picture of ada" };
    expect(picture).toEqual({ type: "content", value: [text, file(true, "image/png")] });
    expect(sound).toEqual({ type: "content", value: [file(false, "audio/wav")] });
    expect(failure).toEqual({ type: "error-text", value: "ada's pen is broken." });
    const results = chunks.flatMap((chunk) => (chunk.type === "tool-result" ? [chunk.payload.result] : []));
    expect(results.at(-1)).toMatchObject({ isError: true, content: [{ text: "ada's pen is broken." }] });
  },
);

it("gives the host a failure as the cause of Mastra's own", async () => {
  const { tools } = await toolset<Values>(shared);
  const { errors } = await run(tools, [[{ name: "notes__whoami" }]], named("stranger"));
  expect(errors[0]?.cause).toBeInstanceOf(TenantryError);
  expect(errors[0]?.cause).toMatchObject({ code: "UNAUTHORIZED", server: "notes" });
});

const needsApproval = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;
const held = async () => {
  const { tools } = await toolset<Values>(shared, { needsApproval });
  const before = sent("erase");
  const waiting = await run(tools, [[{ name: "notes__whoami" }], [{ name: "notes__erase" }]], named("ada"));
  expect(waiting.chunks.at(-1)).toMatchObject({
    type: "tool-call-approval",
    payload: { toolName: "notes__erase", args: {} },
  });
  expect(sent("erase")).toBe(before);
  return waiting;
};

it("waits for a person where the host says so, and then calls as whoever asked", async () => {
  const { agent, runId, turns } = await held();
  await read(await agent.approveToolCall({ runId, ...named("bob") }));
  expect(answersIn(turns)).toEqual(["ada", expect.stringMatching(/^erased \d+ notes of ada$/u)]);
  expect(world.server.crossings).toEqual([]);
});

it("sends nothing that a person declines, and tells the model why", async () => {
  const { agent, runId, turns } = await held();
  const before = world.requests();
  await read(await agent.declineToolCall({ runId, reason: "Keep them." }));
  expect(answersIn(turns)).toEqual(["ada", "Keep them."]);
  expect(world.requests()).toBe(before);
});

it("waits for a person too where the host cannot say whether one is asked", async () => {
  const failed = new Error("the host's own");
  const { tools } = await toolset<Values>(shared, { needsApproval: () => Promise.reject(failed) });
  const before = sent("whoami");
  const { chunks } = await run(tools, [[{ name: "notes__whoami" }]], named("ada"));
  expect(chunks.at(-1)).toMatchObject({ type: "tool-call-approval" });
  expect(sent("whoami")).toBe(before);
});

it("has the names that Mastra takes, and Mastra changes none", async () => {
  const tools = ["a", "x".repeat(300), "y".repeat(61)].map((name) => ({
    definition: { name, description: name, inputSchema: { type: "object" } as const },
    call: () => ({ content: [{ type: "text" as const, text: name }] }),
  }));
  await using zoo = await startFakeServer({ tools });
  await using host = createTenantry({ servers: { "1": { url: zoo.url } } });
  const offered = await toolset(host.workspace("acme").as("ada"));
  const all = Object.keys(offered.tools);
  expect(all[0]).toBe("_1__a");
  for (const name of all) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/u);
  const { turns, answers } = await run(offered.tools, [all.map((name) => ({ name }))]);
  expect(turns[0]?.tools?.map(({ name }) => name)).toEqual(all);
  expect(answers).toEqual(["a", "x".repeat(300), "y".repeat(61)]);
});

it("leaves out tools whose names Mastra takes for one, and says so", async () => {
  const servers = { "1": { url: world.server.url }, _1: { url: world.server.url } };
  const credential = world.credential;
  await using host = createTenantry({
    servers: Object.fromEntries(Object.entries(servers).map(([id, one]) => [id, { ...one, credential }])),
  });
  const ada = host.workspace("acme").as("ada", { token: "token-of-ada" });
  const { tools, ambiguous } = await toolset(ada);
  expect(Object.keys(tools)).toEqual([]);
  expect(ambiguous).toContainEqual({ name: "_1__whoami", servers: ["1", "_1"] });
});

it("tells Mastra what the server says of a tool, and whose it is", async () => {
  const { tools } = await toolset(as("ada"));
  expect(tools["notes__erase"]).toMatchObject({
    id: "notes__erase",
    description: "Erases all notes.",
    mcp: { annotations: { destructiveHint: true } },
    mcpMetadata: { serverName: "notes" },
  });
});

it("leaves it to Mastra to fit a schema to a model, or fits it to a target; either takes back what that changed", async () => {
  const given: unknown[] = [];
  const number = { type: "object", additionalProperties: { type: "number" } } as const;
  const text = { type: "string", minLength: 1 } as const;
  const inputSchema = { type: "object", properties: { text, number } } as const;
  await using strict = await startFakeServer({
    tools: [
      {
        definition: { name: "take", title: "Take", inputSchema, _meta: { a: 1 } },
        call: (args) => ({ content: [], isError: given.push(args) < 0 }),
      },
    ],
  });
  await using host = createTenantry({ servers: { strict: { url: strict.url } } });
  const ada = host.workspace("acme").as("ada");
  const openai = { provider: "openai.responses" };
  const first = async (args: Record<string, unknown>, options?: Parameters<typeof toolset>[1]) => {
    const { tools } = await toolset(ada, options);
    expect(tools["strict__take"]).toMatchObject({ title: "Take", mcp: { _meta: { a: 1 } } });
    const { turns } = await run(tools, [[{ name: "strict__take", args }]], {}, openai);
    return turns[0]?.tools?.[0] ?? expect.unreachable();
  };
  const mastras = await first({ text: "a", number: null });
  expect(mastras).toMatchObject({ inputSchema: { required: ["text", "number"] } });
  const plain = await first({ text: "a" }, { target: { provider: "openai" } });
  expect(plain).toMatchObject({ strict: false, inputSchema: { properties: { number } } });
  const entries = [{ name: "weight", value: 2 }];
  const asked: unknown[] = [];
  const fitted = await first(
    { text: null, number: entries },
    {
      target: { provider: "openai", strict: true },
      needsApproval: (_, args) => asked.push(args) < 0,
    },
  );
  expect(asked).toContainEqual({ number: { weight: 2 } });
  expect(fitted).toMatchObject({ strict: true, inputSchema: { additionalProperties: false } });
  expect(given).toEqual([{ text: "a" }, { text: "a" }, { number: { weight: 2 } }]);
  const { tools } = await toolset(ada);
  const refused = await run(tools, [[{ name: "strict__take", args: { text: "" } }]]);
  expect(refused.answers[0]).toMatch(/^Invalid arguments: /u);
});
