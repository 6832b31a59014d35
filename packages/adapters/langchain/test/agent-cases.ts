// What holds in the agents of both packages that have one.
import { randomUUID } from "node:crypto";
import type { FakeBuiltModel } from "@langchain/core/testing";
import type { DynamicStructuredTool } from "@langchain/core/tools";
import { afterAll, describe, expect, it, vi } from "vitest";
import { messageContent, structuredTools, type ToolCall } from "../src/index.ts";
import type { MakeAgent } from "./agents.ts";
import { startWorld } from "./notebook-world.ts";
import { scriptedModel, toolMessages, type AskedTool } from "./scripted-model.ts";

/** A message of whoever uses an agent. */
export const input = { messages: [{ role: "user", content: "Do it." }] };

/** Describes structured tools in a real agent loop; `named` gives a run the host's own context. */
export function describeStructuredTools(
  title: string,
  makeAgent: MakeAgent,
  named: (user: string) => object,
): void {
  describe(title, async () => {
    const world = await startWorld();
    const { server, as, shared } = world;
    afterAll(() => world[Symbol.asyncDispose]());

    const start = (model: FakeBuiltModel, tools: DynamicStructuredTool[], more: object = {}) =>
      makeAgent(model, tools).invoke(input, withThread(more));
    /** One run of an agent whose model asks for these tools, one after the other, and then repeats their answers. */
    const run = async (tools: DynamicStructuredTool[], asked: readonly AskedTool[], more: object = {}) => {
      const { messages } = await start(scriptedModel(...asked.map((one) => [one])), tools, more);
      return { text: messages.at(-1)?.text, answers: toolMessages(messages) };
    };

    it("gives each of two users their own answers, with tools each", async () => {
      const runs = ["ada", "bob"].map(async (user) => {
        const { tools, unavailable } = await structuredTools(as(user));
        expect(unavailable).toEqual([]);
        expect(tools).toHaveLength(10);
        const written = { name: "notes__write", args: { text: `by ${user}` } };
        return (await run(tools, [{ name: "notes__whoami" }, written, { name: "notes__read" }])).text;
      });
      expect(await Promise.all(runs)).toEqual([
        "ada; ada wrote: by ada; by ada",
        "bob; bob wrote: by bob; by bob",
      ]);
      expect(server.crossings).toEqual([]);
    });

    it("gives each of two users their own answers, with the same tools for both", async () => {
      const { tools } = await structuredTools(shared);
      const asked = ["whoami", "report", "page"].map((tool) => ({ name: `notes__${tool}` }));
      const runs = ["ada", "bob", "ada", "bob"].map((user) => run(tools, asked, named(user)));
      const told = (await Promise.all(runs)).map(({ text }) => text);
      expect(told[0]).toMatch(/^ada; .*"user":"ada".*; page 1 of ada\n/u);
      expect(told[1]).toMatch(/^bob; .*"user":"bob".*; page 1 of bob\n/u);
      expect(told.slice(2)).toEqual(told.slice(0, 2));
      expect(server.crossings).toEqual([]);
    });

    it("sends nothing for a call whose config names nobody", async () => {
      const { tools } = await structuredTools(shared);
      const before = server.requests.length;
      const { text, answers } = await run(tools, [{ name: "notes__whoami" }]);
      expect(answers).toMatchObject([{ status: "error", artifact: { code: "PRINCIPAL_INVALID" } }]);
      expect(text).toMatch(/^\[PRINCIPAL_INVALID\]/u);
      expect(server.requests).toHaveLength(before);
    });

    it("gives every kind of result as LangChain has it, and whole as the artifact", async () => {
      const { tools } = await structuredTools(as("ada"));
      const kinds = ["picture", "sound", "report", "page", "fail"];
      const { answers } = await run(
        tools,
        kinds.map((tool) => ({ name: `notes__${tool}` })),
      );
      const [picture, sound, report, page, failure] = answers;
      expect(picture?.content).toMatchObject([
        { type: "text", text: "a picture of ada" },
        { type: "image", mimeType: "image/png", data: expect.any(String) as unknown },
      ]);
      expect(sound?.content).toMatchObject([{ type: "audio", mimeType: "audio/wav" }]);
      expect(report?.content).toMatch(/"user":"ada"/u);
      expect(report?.artifact).toMatchObject({ structuredContent: { user: "ada" } });
      expect(page?.content).toBe("page 1 of ada\n[resource note://2]");
      expect(answers.slice(0, 4).map(({ status }) => status)).toEqual(Array(4).fill("success"));
      expect(failure).toMatchObject({
        status: "error",
        name: "notes__fail",
        content: "ada's pen is broken.",
        artifact: { isError: true },
      });
      expect(messageContent({ content: [] })).toBe("");
    });

    it("ends a call at the server when its run is aborted", async () => {
      const controller = new AbortController();
      const onProgress = () => controller.abort(new Error("Ada left."));
      const { tools } = await structuredTools(as("ada"), { onProgress });
      const aborted = run(tools, [{ name: "notes__wait" }], { signal: controller.signal });
      await expect(aborted).rejects.toThrow();
      await vi.waitFor(async () => expect(await world.notesOf("ada")).toContain("The caller left."));
    });

    it("ends a call at the server when whoever reads its stream goes away", async () => {
      const controller = new AbortController();
      const { tools } = await structuredTools(shared, {
        onProgress: (progress, _tool, { writer }) => writer?.(progress),
      });
      const options = { ...named("bob"), signal: controller.signal, streamMode: "custom" };
      const agent = makeAgent(scriptedModel([{ name: "notes__wait" }]), tools);
      const chunks: unknown[] = [];
      const read = async () => {
        for await (const chunk of await agent.stream(input, withThread(options) as never)) {
          chunks.push(chunk);
          controller.abort(new Error("Bob left."));
        }
      };
      await expect(read()).rejects.toThrow();
      expect(chunks).toEqual([{ progress: 1, total: 2 }]);
      await vi.waitFor(async () => expect(await world.notesOf("bob")).toContain("The caller left."));
      expect(await world.notesOf("nobody")).not.toContain("left");
    });

    it("lets a host's interface see what a user has to do", async () => {
      const { tools } = await structuredTools(shared);
      const { answers } = await run(tools, [{ name: "notes__whoami" }], named("stranger"));
      expect(answers).toMatchObject([
        { status: "error", artifact: { code: "UNAUTHORIZED", server: "notes", retryable: false } },
      ]);
    });

    it("fits schemas to a provider and takes back what they changed", async () => {
      const { tools } = await structuredTools(as("ada"), { target: { provider: "openai", strict: true } });
      const { text } = await run(tools, [{ name: "notes__write", args: { text: "fitted" } }]);
      expect(text).toBe("ada wrote: fitted");
      const { schema } = tools.find(({ name }) => name === "notes__write") ?? {};
      expect(schema).toMatchObject({ additionalProperties: false });
      expect(JSON.stringify(schema)).not.toContain("minLength");
    });

    it("throws what a host's own code throws, where that is no word of Tenantry's", async () => {
      const failed = new Error("the host's secret");
      const { tools } = await structuredTools(as("ada"), {
        needsApproval: () => Promise.reject(failed),
        interrupt: () => undefined,
      });
      const whoami = tools.find(({ name }) => name === "notes__whoami");
      await expect(whoami?.invoke({})).rejects.toBe(failed);
    });
  });
}

/** A run in a thread of its own. */
export function withThread(config: object): { configurable: Record<string, unknown> } {
  const { configurable } = config as ToolCall;
  return { ...config, configurable: { thread_id: randomUUID(), ...configurable } };
}
