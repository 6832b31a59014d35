// What holds of function tools with every version of the SDK that is supported, and is its own.
import type { RunContext } from "@openai/agents";
import type { CatalogTool } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { describeAdapter, hundredTools, startWorld } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { functionTools, modelOutput } from "../src/index.ts";
import { scriptedModel, textOf } from "./scripted-model.ts";
import { named, runnerOf, userOf, type Sdk, type User } from "./sdk.ts";

const destructive = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;

/** Describes function tools in real runs of one version. */
export function describeFunctionTools(version: string, sdk: Sdk): void {
  const { runner, agentWith, run, subject } = runnerOf(sdk);
  describeAdapter(`@openai/agents ${version}`, subject);

  describe(`function tools with @openai/agents ${version}`, async () => {
    const world = await startWorld();
    const { as } = world;
    const shared = world.sharedBy(userOf);
    afterAll(() => world[Symbol.asyncDispose]());
    const whoami = [[{ name: "notes__whoami" }]];

    it.each([{ context: undefined }, { context: {} }])("send nothing for a run with %j", async (more) => {
      const { tools } = await functionTools(shared);
      const before = world.requests();
      const { told, outcomes } = await run({ tools }, whoami, more);
      expect(textOf(told[0])).toMatch(/^\[PRINCIPAL_INVALID\]/u);
      expect(outcomes).toMatchObject([{ customData: { failure: { code: "PRINCIPAL_INVALID" } } }]);
      expect(world.requests()).toBe(before);
    });

    it("give every kind of result as the SDK has it, and what else the host may see", async () => {
      const { tools } = await functionTools(as("ada"));
      const kinds = ["picture", "sound", "report", "page", "fail"];
      const { told, outcomes } = await run(
        { tools },
        kinds.map((tool) => [{ name: `notes__${tool}` }]),
      );
      const text = (value: string) => ({ type: "text", text: value });
      expect(told).toMatchObject([
        [
          { type: "input_text", text: "a picture of ada" },
          { type: "input_image", image: expect.stringMatching(/^data:image\/png;base64,iVBOR/u) as unknown },
        ],
        text("[audio, audio/wav, 12 bytes]"),
        text(JSON.stringify(outcomes[2]?.customData?.["structuredContent"])),
        text("page 1 of ada\n[resource note://2]"),
        text("ada's pen is broken."),
      ]);
      expect(outcomes.map(({ customData }) => customData)).toEqual([
        undefined,
        undefined,
        { structuredContent: { user: "ada", notes: expect.any(Number) as unknown } },
        undefined,
        { isError: true },
      ]);
    });

    it("give no image that the API refuses", () => {
      const svg = { type: "image", data: "AAAA", mimeType: "image/svg+xml" } as const;
      expect(modelOutput({ content: [svg] })).toBe("[image, image/svg+xml, 3 bytes]");
    });

    it("end a call at the server when whoever reads its stream goes away", async () => {
      const controller = new AbortController();
      const told: unknown[] = [];
      const onProgress = (progress: object, { name }: CatalogTool, { context }: RunContext<User>) => {
        told.push({ ...progress, name, ...context });
        controller.abort(new Error("Bob left."));
      };
      const { tools } = await functionTools(shared, { onProgress });
      const agent = agentWith(scriptedModel([[{ name: "notes__wait" }]]), { tools });
      const options = { ...named("bob"), stream: true, signal: controller.signal } as const;
      const stream = await runner.run(agent, "Do it.", options);
      const read = async () => {
        for await (const event of stream) void event;
        await stream.completed;
      };
      await read().catch(() => undefined);
      expect(told).toEqual([{ progress: 1, total: 2, name: "notes__wait", user: "bob" }]);
      await vi.waitFor(async () => expect(await world.notesOf("bob")).toContain("The caller left."));
      expect(await world.notesOf("nobody")).not.toContain("left");
    });

    it("wait for a person where the host says so, and do what each call was decided", async () => {
      const { tools } = await functionTools(shared, { needsApproval: destructive });
      const erase = { name: "notes__erase" };
      const agent = agentWith(scriptedModel([[erase, { name: "notes__whoami" }, erase]]), { tools });
      const asked = await runner.run(agent, "Do it.", named("ada"));
      expect(asked.interruptions.map(({ name }) => name)).toEqual(["notes__erase", "notes__erase"]);
      expect(world.sent("erase")).toBe(0);
      // It is saved while the person thinks, and read with the user's own context.
      const saved = asked.state.toString();
      const context = new sdk.RunContext({ user: "ada" });
      const state = await sdk.RunState.fromStringWithContext(agent, saved, context);
      const [first, second] = state.getInterruptions();
      if (first) state.reject(first);
      if (second) state.approve(second);
      const { newItems } = await runner.run(agent, state);
      expect(JSON.stringify(newItems)).toContain("erased");
      expect(world.sent("erase")).toBe(1);
    });

    it("wait for a person too where the arguments are no JSON, of which nobody can tell what they do", async () => {
      const { tools } = await functionTools(as("ada"), { needsApproval: destructive });
      const agent = agentWith(scriptedModel([[{ name: "notes__whoami", args: "{" as never }]]), { tools });
      const { interruptions } = await runner.run(agent, "Do it.");
      expect(interruptions.map(({ name }) => name)).toEqual(["notes__whoami"]);
    });

    it("send nothing where nobody can say whether a person is asked", async () => {
      const failed = new Error("the host's own");
      const { tools } = await functionTools(as("ada"), { needsApproval: () => Promise.reject(failed) });
      const before = world.sent("whoami");
      await expect(run({ tools }, whoami)).rejects.toThrow();
      expect(world.sent("whoami")).toBe(before);
    });

    it("end the run with the failure itself where the host wants that", async () => {
      const { tools } = await functionTools(shared, { errorFunction: null });
      await expect(run({ tools }, whoami, named("stranger"))).rejects.toMatchObject({
        error: { code: "UNAUTHORIZED", server: "notes" },
      });
    });

    it("tell a model in the host's own words, with the run's context", async () => {
      const errorFunction = ({ context }: RunContext<User>, error: unknown) =>
        `${context.user}: ${(error as { code: string }).code}`;
      const { tools } = await functionTools(shared, { errorFunction });
      const { told } = await run({ tools }, whoami, named("stranger"));
      expect(told.map(textOf)).toEqual(["stranger: UNAUTHORIZED"]);
    });

    it("say that arguments are none, and end the run for what is no word of Tenantry's", async () => {
      const { tools } = await functionTools(as("ada"));
      const invoke = (input: string) => tools[0]?.invoke(new sdk.RunContext(), input);
      expect(await invoke("{")).toBe("The arguments were not one JSON object. Call the tool again with one.");
      expect(await invoke("1")).toMatch(/^\[ARGUMENT_INVALID\]/u);
      const failed = new Error("the host's secret");
      const throwing = await functionTools(as("ada"), { errorFunction: () => Promise.reject(failed) });
      await expect(throwing.tools[0]?.invoke(new sdk.RunContext(), "1")).rejects.toBe(failed);
    });

    it("keep the names that the SDK itself would take for one", async () => {
      await using odd = await startFakeServer({ tools: hundredTools() });
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url } } });
      const { tools } = await functionTools(tenantry.workspace("acme").as("ada"));
      expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["odd__a-b", "odd__a_b"]));
    });

    it("are strict where they can be", async () => {
      await using odd = await startFakeServer();
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url } } });
      const { tools } = await functionTools(tenantry.workspace("acme").as("ada"));
      const { model } = await run({ tools }, []);
      const declared = (model.firstCall?.request.tools ?? []) as { name: string }[];
      expect(declared.find(({ name }) => name === "odd__echo")).toMatchObject({
        strict: true,
        parameters: { required: ["text"], additionalProperties: false },
      });
      const loose = await functionTools(tenantry.workspace("acme").as("ada"), {
        target: { provider: "openai" },
      });
      expect(loose.tools.every(({ strict }) => !strict)).toBe(true);
    });
  });
}
