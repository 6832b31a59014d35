import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import { InMemoryStore } from "@mastra/core/storage";
import { TenantryError, type CatalogTool, type WorkspaceClient } from "@tenantry/core";
import { startFakeServer, startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, expect, it, vi } from "vitest";
import {
  outputsIn,
  scriptedModel,
  specifications,
  type AskedTool,
  type ModelOptions,
} from "../test/scripted-model.ts";
import { startUngranted } from "../test/ungranted.ts";
import { toolset, type ToolCall, type Toolset } from "./index.ts";

interface Values extends Record<string, unknown> {
  readonly user: string;
}

const server = await startNotebook({ users: ["ada", "bob", "nobody"] });
const credential = bearer(fromContext("token"));
const discovery = bearer(fromStatic("token-of-nobody"));
const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
const acme = tenantry.workspace("acme");
const as = (user: string) => acme.as(user, { token: `token-of-${user}` });
const shared = {
  catalog: acme.discovery(),
  clientOf: ({ requestContext }: ToolCall<Values>) => as(requestContext.get("user")),
};
afterAll(() => Promise.all([tenantry.close(), server.close()]));

const named = (user: string) => ({ requestContext: new RequestContext<Values>([["user", user]]) });
const sent = (tool: string) => server.requests.filter((request) => request.tool === tool).length;

/** An agent whose model asks for these tools, one after the other, and then repeats their answers. */
function agentThatAsks(asked: readonly AskedTool[], options?: ModelOptions) {
  const { model, turns } = scriptedModel(
    asked.map((one) => [one]),
    options,
  );
  const agent = new Agent({ id: "agent", name: "Agent", instructions: "Do it.", model });
  new Mastra({ agents: { agent }, storage: new InMemoryStore(), logger: false });
  return { agent, turns };
}

/** One streamed run of such an agent. */
async function run(tools: Toolset, asked: readonly AskedTool[], more: object = {}, options?: ModelOptions) {
  const { agent, turns } = agentThatAsks(asked, options);
  const stream = await agent.stream("Do it.", { toolsets: { tenantry: tools }, maxSteps: 20, ...more });
  return { agent, turns, runId: stream.runId, ...(await read(stream)) };
}

async function read({ fullStream }: Pick<Awaited<ReturnType<Agent["stream"]>>, "fullStream">) {
  const chunks = [];
  for await (const chunk of fullStream) chunks.push(chunk);
  const text = chunks.map((chunk) => (chunk.type === "text-delta" ? chunk.payload.text : "")).join("");
  const errors = chunks.flatMap((chunk) =>
    chunk.type === "tool-error" ? [chunk.payload.error as Error] : [],
  );
  return { chunks, text, errors };
}

it.each(["stream", "generate"] as const)(
  "gives each of two users their own answers, with a toolset each: %s",
  async (how) => {
    const texts = await Promise.all(
      ["ada", "bob"].map(async (user) => {
        const { tools, unavailable } = await toolset(as(user));
        expect(unavailable).toEqual([]);
        expect(Object.keys(tools)).toHaveLength(10);
        const asked = [
          { name: "notes__erase" },
          { name: "notes__write", input: { text: `by ${user}` } },
          { name: "notes__read" },
        ];
        if (how === "stream") return (await run(tools, asked)).text;
        const { agent } = agentThatAsks(asked);
        return (await agent.generate("Do it.", { toolsets: { tenantry: tools }, maxSteps: 20 })).text;
      }),
    );
    expect(texts).toEqual([
      expect.stringMatching(/ of ada; ada wrote: by ada; by ada$/u),
      expect.stringMatching(/ of bob; bob wrote: by bob; by bob$/u),
    ]);
    expect(server.crossings).toEqual([]);
  },
);

it("gives each of two users their own answers, with one toolset for both", async () => {
  const { tools } = await toolset<Values>(shared);
  const asked = [{ name: "notes__whoami" }, { name: "notes__report" }, { name: "notes__page" }];
  const runs = ["ada", "bob", "ada", "bob"].map((user) => run(tools, asked, named(user)));
  const [ada, bob, ...again] = (await Promise.all(runs)).map(({ text }) => text);
  expect(ada).toMatch(/^ada; .*"user":"ada".*; page 1 of ada\n/u);
  expect(bob).toMatch(/^bob; .*"user":"bob".*; page 1 of bob\n/u);
  expect(again).toEqual([ada, bob]);
  expect(server.crossings).toEqual([]);
});

it.each([
  ["names nobody", shared.clientOf],
  ["has no user", ({ requestContext }: ToolCall<Values>) => as(requestContext.get("user").trim())],
  ["gives no client", () => undefined as unknown as WorkspaceClient],
])("sends nothing for a call whose context %s", async (_, clientOf) => {
  const { tools } = await toolset<Values>({ ...shared, clientOf });
  const before = server.requests.length;
  const { text, errors } = await run(tools, [{ name: "notes__whoami" }]);
  expect(errors).toMatchObject([{ cause: { code: "PRINCIPAL_INVALID" } }]);
  expect(text).toMatch(/^\[PRINCIPAL_INVALID\]/u);
  expect(server.requests).toHaveLength(before);
});

it.each(specifications)(
  "gives a model of specification %s images and sounds, and a tool's failure as one",
  async (specification) => {
    const { tools } = await toolset(as("ada"));
    const asked = ["picture", "sound", "fail"].map((tool) => ({ name: `notes__${tool}` }));
    const { turns, chunks } = await run(tools, asked, {}, { specification });
    const [picture, sound, failure] = outputsIn(turns.at(-1) ?? expect.unreachable());
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

it("ends a call at the server when its run is aborted, and tells how far it has come", async () => {
  const controller = new AbortController();
  const heard: unknown[] = [];
  const { tools } = await toolset<Values>(shared, {
    onProgress: (progress, tool, { requestContext }) => {
      heard.push([progress, tool.origin.tool, requestContext.get("user")]);
      controller.abort(new Error("Ada left."));
    },
  });
  await as("ada").callTool("notes__erase");
  await run(tools, [{ name: "notes__wait" }], { ...named("ada"), abortSignal: controller.signal });
  expect(heard).toEqual([[{ progress: 1, total: 2 }, "wait", "ada"]]);
  const note = { type: "text", text: "The caller left." };
  await vi.waitFor(async () =>
    expect((await as("ada").callTool("notes__read")).content).toContainEqual(note),
  );
});

const needsApproval = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;
const held = async () => {
  const { tools } = await toolset<Values>(shared, { needsApproval });
  const before = sent("erase");
  const whoami = { name: "notes__whoami" };
  const waiting = await run(tools, [whoami, { name: "notes__erase" }], named("ada"));
  expect(waiting.chunks.at(-1)).toMatchObject({
    type: "tool-call-approval",
    payload: { toolName: "notes__erase", args: {} },
  });
  expect(sent("erase")).toBe(before);
  return waiting;
};

it("waits for a person where the host says so, and then calls as whoever asked", async () => {
  const { agent, runId } = await held();
  const { text } = await read(await agent.approveToolCall({ runId, ...named("bob") }));
  expect(text).toMatch(/^ada; erased \d+ notes of ada$/u);
  expect(server.crossings).toEqual([]);
});

it("sends nothing that a person declines, and tells the model why", async () => {
  const { agent, runId } = await held();
  const before = server.requests.length;
  const { text } = await read(await agent.declineToolCall({ runId, reason: "Keep them." }));
  expect(text).toBe("ada; Keep them.");
  expect(server.requests).toHaveLength(before);
});

it("lets the host know where a user grants access", async () => {
  await using world = await startUngranted();
  const { tools } = await toolset({ catalog: world.bob, clientOf: () => world.ada });
  const { text, errors } = await run(tools, [{ name: "mail__whoami" }]);
  const cause = errors[0]?.cause;
  expect(cause).toBeInstanceOf(TenantryError);
  expect(cause).toMatchObject({
    code: "AUTHORIZATION_REQUIRED",
    authorizationUrl: expect.any(URL) as unknown,
  });
  expect(text).toMatch(/^\[AUTHORIZATION_REQUIRED\]/u);
  expect((await toolset(world.ada)).unavailable).toMatchObject([
    { server: "mail", error: { code: "AUTHORIZATION_REQUIRED" } },
  ]);
});

it("takes a hundred tools of any name, and Mastra changes none", async () => {
  const names = ["constructor", "__proto__", "a.b/c d", "🦉", "x".repeat(300), "y".repeat(61)];
  const hostile = [...names, ...Array.from({ length: 94 }, (_, index) => `tool${index}`)];
  const tools = hostile.map((name) => ({
    definition: { name, description: name, inputSchema: { type: "object" } as const },
    call: () => ({ content: [{ type: "text" as const, text: name }] }),
  }));
  await using zoo = await startFakeServer({ tools });
  await using host = createTenantry({ servers: { "1": { url: zoo.url } } });
  const offered = await toolset(host.workspace("acme").as("ada"));
  const all = Object.keys(offered.tools);
  expect(all).toHaveLength(100);
  const { model, turns } = scriptedModel([all.map((name) => ({ name }))]);
  const agent = new Agent({ id: "agent", name: "Agent", instructions: "Do it.", model });
  const { text } = await agent.generate("Do it.", { toolsets: { tenantry: offered.tools } });
  expect(turns[0]?.tools?.map(({ name }) => name)).toEqual(all);
  expect(text.split("; ")).toEqual(hostile);
});

it("keeps the first of two tools whose names Mastra takes for one", async () => {
  const ada = as("ada");
  const listTools = async () => {
    const { tools, ...missing } = await ada.listTools();
    return {
      ...missing,
      tools: tools.map((tool, index) => ({ ...tool, name: `${"n".repeat(63)}${index}` })),
    };
  };
  const { tools } = await toolset({ catalog: { ...ada, listTools }, clientOf: () => ada });
  const [name = "", ...others] = Object.keys(tools);
  expect(others).toEqual([]);
  expect((await run(tools, [{ name }])).text).toBe("ada");
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
  const first = async (input: object, options?: Parameters<typeof toolset>[1]) => {
    const { tools } = await toolset(ada, options);
    expect(tools["strict__take"]).toMatchObject({ title: "Take", mcp: { _meta: { a: 1 } } });
    const { turns } = await run(tools, [{ name: "strict__take", input }], {}, openai);
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
  const refused = await run(tools, [{ name: "strict__take", input: { text: "" } }]);
  expect(refused.text).toMatch(/^Invalid arguments: /u);
});
