// What holds of function tools with every version of the SDK that is supported.
import type { RunContext } from "@openai/agents";
import type { CatalogTool } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { functionTools, modelOutput } from "../src/index.ts";
import { hundredTools } from "./hundred-tools.ts";
import { startMail } from "./mail-world.ts";
import { startWorld, type User } from "./notebook-world.ts";
import { outcomesOf, runnerOf, type Sdk, type Tools } from "./sdk.ts";
import { scriptedModel, toldIn, type AskedTool } from "./scripted-model.ts";

const destructive = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;

/** Describes function tools in real runs of one version. */
export function describeFunctionTools(version: string, sdk: Sdk): void {
  describe(`function tools with @openai/agents ${version}`, async () => {
    const world = await startWorld();
    const { server, as, shared } = world;
    afterAll(() => world[Symbol.asyncDispose]());
    const { runner, agentWith } = runnerOf(sdk);

    /** One run of an agent whose model asks for these tools, one after the other, and then repeats their answers. */
    const run = async (tools: Tools, asked: readonly AskedTool[], more: object = {}) => {
      const model = scriptedModel(...asked.map((one) => [one]));
      const result = await runner.run(agentWith(model, tools), "Do it.", more);
      const told = toldIn(model.lastCall?.request.input).map(({ output }) => output);
      return { model, told, text: result.finalOutput as unknown, outcomes: outcomesOf(result.newItems) };
    };
    const named = (user: string) => ({ context: { user } });

    it("give each of two users their own answers, with tools each", async () => {
      const runs = ["ada", "bob"].map(async (user) => {
        const { tools, unavailable } = await functionTools(as(user));
        expect(unavailable).toEqual([]);
        expect(tools).toHaveLength(10);
        const written = { name: "notes__write", args: { text: `by ${user}` } };
        return (await run({ tools }, [{ name: "notes__whoami" }, written, { name: "notes__read" }])).text;
      });
      expect(await Promise.all(runs)).toEqual([
        "ada; ada wrote: by ada; by ada",
        "bob; bob wrote: by bob; by bob",
      ]);
      expect(server.crossings).toEqual([]);
    });

    it("give each of two users their own answers, with the same tools for both", async () => {
      const { tools } = await functionTools(shared);
      const asked = ["whoami", "report", "page"].map((tool) => ({ name: `notes__${tool}` }));
      const runs = ["ada", "bob", "ada", "bob"].map((user) => run({ tools }, asked, named(user)));
      const told = (await Promise.all(runs)).map(({ text }) => text);
      expect(told[0]).toMatch(/^ada; .*"user":"ada".*; page 1 of ada\n/u);
      expect(told[1]).toMatch(/^bob; .*"user":"bob".*; page 1 of bob\n/u);
      expect(told.slice(2)).toEqual(told.slice(0, 2));
      expect(server.crossings).toEqual([]);
    });

    it.each([{}, { context: undefined }, { context: {} }])("send nothing for a run with %j", async (more) => {
      const { tools } = await functionTools(shared);
      const before = server.requests.length;
      const { text, outcomes } = await run({ tools }, [{ name: "notes__whoami" }], more);
      expect(text).toMatch(/^\[PRINCIPAL_INVALID\]/u);
      expect(outcomes).toMatchObject([{ customData: { failure: { code: "PRINCIPAL_INVALID" } } }]);
      expect(server.requests).toHaveLength(before);
    });

    it("give every kind of result as the SDK has it, and what else the host may see", async () => {
      const { tools } = await functionTools(as("ada"));
      const kinds = ["picture", "sound", "report", "page", "fail"].map((tool) => ({
        name: `notes__${tool}`,
      }));
      const { told, outcomes } = await run({ tools }, kinds);
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
      expect(modelOutput({ content: [] })).toBe("");
    });

    it("end a call at the server when its run is aborted", async () => {
      const controller = new AbortController();
      const onProgress = () => controller.abort(new Error("Ada left."));
      const { tools } = await functionTools(as("ada"), { onProgress });
      const aborted = run({ tools }, [{ name: "notes__wait" }], { signal: controller.signal });
      await expect(aborted).rejects.toThrow();
      await vi.waitFor(async () => expect(await world.notesOf("ada")).toContain("The caller left."));
    });

    it("end a call at the server when whoever reads its stream goes away", async () => {
      const controller = new AbortController();
      const told: unknown[] = [];
      const onProgress = (progress: object, { name }: CatalogTool, { context }: RunContext<User>) => {
        told.push({ ...progress, name, ...context });
        controller.abort(new Error("Bob left."));
      };
      const { tools } = await functionTools(shared, { onProgress });
      const agent = agentWith(scriptedModel([{ name: "notes__wait" }]), { tools });
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
      const agent = agentWith(scriptedModel([erase, { name: "notes__whoami" }, erase]), { tools });
      const erasures = () => server.requests.filter(({ tool }) => tool === "erase").length;
      const asked = await runner.run(agent, "Do it.", named("ada"));
      expect(asked.interruptions.map(({ name }) => name)).toEqual(["notes__erase", "notes__erase"]);
      expect(erasures()).toBe(0);
      // It is saved while the person thinks, and read with the user's own context.
      const saved = asked.state.toString();
      const context = new sdk.RunContext({ user: "ada" });
      const state = await sdk.RunState.fromStringWithContext(agent, saved, context);
      const [first, second] = state.getInterruptions();
      if (first) state.reject(first);
      if (second) state.approve(second);
      const { finalOutput } = await runner.run(agent, state);
      expect(String(finalOutput)).toContain("erased");
      expect(erasures()).toBe(1);
    });

    it("wait for a person too where the arguments are no JSON, of which nobody can tell what they do", async () => {
      const { tools } = await functionTools(as("ada"), { needsApproval: destructive });
      const agent = agentWith(scriptedModel([{ name: "notes__whoami", args: "{" }]), { tools });
      const { interruptions } = await runner.run(agent, "Do it.");
      expect(interruptions.map(({ name }) => name)).toEqual(["notes__whoami"]);
    });

    it("let a host's interface see what a user has to do", async () => {
      await using mail = await startMail();
      const { tools } = await functionTools(mail.shared);
      const asked = [{ name: "mail__whoami" }];
      const { text, outcomes } = await run({ tools }, asked, named("bob"));
      expect(text).toMatch(/^\[AUTHORIZATION_REQUIRED\]/u);
      const { failure } = outcomes[0]?.customData as { failure: { authorizationUrl: string } };
      expect(failure).toMatchObject({ code: "AUTHORIZATION_REQUIRED", server: "mail" });
      await mail.grant("bob", failure.authorizationUrl);
      expect((await run({ tools }, asked, named("bob"))).text).toContain("bob-at-mail");
    });

    it("end the run with the failure itself where the host wants that", async () => {
      const { tools } = await functionTools(shared, { errorFunction: null });
      await expect(run({ tools }, [{ name: "notes__whoami" }], named("stranger"))).rejects.toMatchObject({
        error: { code: "UNAUTHORIZED", server: "notes" },
      });
    });

    it("tell a model in the host's own words, with the run's context", async () => {
      const errorFunction = ({ context }: RunContext<User>, error: unknown) =>
        `${context.user}: ${(error as { code: string }).code}`;
      const { tools } = await functionTools(shared, { errorFunction });
      const { text } = await run({ tools }, [{ name: "notes__whoami" }], named("stranger"));
      expect(text).toBe("stranger: UNAUTHORIZED");
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

    it("keep a hundred tools apart for two users at once, whatever their names", async () => {
      const keys = { "token-of-ada": "ada", "token-of-bob": "bob", "token-of-nobody": "nobody" };
      const authenticate = { header: "authorization", keys };
      await using odd = await startFakeServer({ tools: hundredTools(), authenticate });
      const { credential, discovery } = world;
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url, credential, discovery } } });
      const acme = tenantry.workspace("acme");
      const clientOf = ({ context }: RunContext<User>) =>
        acme.as(context.user, { token: `token-of-${context.user}` });
      const { tools } = await functionTools({ catalog: acme.discovery(), clientOf });
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["odd__a-b", "odd__a_b"]));
      const runs = ["ada", "bob"].map(async (user) => {
        const model = scriptedModel(names.map((name) => ({ name })));
        await runner.run(agentWith(model, { tools }), "Do it.", named(user));
        const told = toldIn(model.lastCall?.request.input).map(({ output }) => output);
        const own = ({ description }: { description: string }) =>
          /(?<=^Answers to ).*(?=\.$)/u.exec(description)?.[0];
        expect(told).toEqual(tools.map((one) => ({ type: "text", text: `${own(one)} for ${user}` })));
      });
      await Promise.all(runs);
      expect(odd.crossings).toEqual([]);
    }, 60_000);

    it("are strict where they can be, and take back what that changed", async () => {
      await using odd = await startFakeServer();
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url } } });
      const { tools } = await functionTools(tenantry.workspace("acme").as("ada"));
      const { model, text } = await run({ tools }, [{ name: "odd__echo", args: { text: null } }]);
      expect(text).toBe("");
      const declared = (model.firstCall?.request.tools ?? []) as {
        name: string;
        strict: boolean;
        parameters: object;
      }[];
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
