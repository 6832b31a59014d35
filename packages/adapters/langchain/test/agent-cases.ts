// What holds in the agents of both packages that have one.
import { describeAdapter, startWorld } from "adapter-fixtures";
import { afterAll, describe, expect, it, vi } from "vitest";
import { structuredTools } from "../src/index.ts";
import type { MakeAgent } from "./agents.ts";
import { scriptedModel } from "./scripted-model.ts";
import { input, langchain, userOf, withThread } from "./subject.ts";

/** Describes structured tools in a real agent loop; `named` gives a run the host's own context. */
export function describeStructuredTools(
  title: string,
  makeAgent: MakeAgent,
  named: (user: string) => object,
): void {
  const { subject, run } = langchain(makeAgent, named);
  describeAdapter(title, subject);

  describe(`structured tools in ${title}`, async () => {
    const world = await startWorld();
    afterAll(() => world[Symbol.asyncDispose]());

    it("give every kind of result as LangChain has it, and whole as the artifact", async () => {
      const { tools } = await structuredTools(world.as("ada"));
      const kinds = ["picture", "sound", "report", "page", "fail"];
      const asked = kinds.map((tool) => [{ name: `notes__${tool}` }]);
      const { answers } = await run(tools, asked);
      const [picture, sound, report, page, failure] = answers;
      const data = (start: string): unknown => expect.stringMatching(start);
      expect(picture?.content).toEqual([
        { type: "text", text: "a picture of ada" },
        { type: "image", mimeType: "image/png", data: data("^iVBOR") },
      ]);
      expect(sound?.content).toEqual([{ type: "audio", mimeType: "audio/wav", data: data("^UklGR") }]);
      expect(report?.content).toMatch(/"user":"ada"/u);
      expect(report?.artifact).toMatchObject({ structuredContent: { user: "ada" } });
      expect(page?.content).toBe("page 1 of ada\n[resource note://2]");
      expect(answers.slice(0, 4).map(({ status }) => status)).toEqual(Array(4).fill("success"));
      expect(failure).toMatchObject({
        status: "error",
        name: "notes__fail",
        tool_call_id: "call-4-0",
        content: "ada's pen is broken.",
        artifact: { isError: true },
      });
    });

    it("give a failure as a message, with what the host may show of it", async () => {
      const { tools } = await structuredTools(world.sharedBy(userOf));
      const { answers } = await run(tools, [[{ name: "notes__whoami" }]], named("stranger"));
      expect(answers).toMatchObject([
        { status: "error", artifact: { code: "UNAUTHORIZED", server: "notes", retryable: false } },
      ]);
    });

    it("end a call at the server when whoever reads its stream goes away", async () => {
      const controller = new AbortController();
      const { tools } = await structuredTools(world.sharedBy(userOf), {
        onProgress: (progress, _tool, { writer }) => writer?.(progress),
      });
      const options = { ...named("bob"), signal: controller.signal, streamMode: "custom" };
      const agent = makeAgent(scriptedModel([[{ name: "notes__wait" }]]), tools);
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

    it("throw what a host's own code throws, where that is no word of Tenantry's", async () => {
      const failed = new Error("the host's secret");
      const { tools } = await structuredTools(world.as("ada"), {
        needsApproval: () => Promise.reject(failed),
        interrupt: () => undefined,
      });
      const before = world.sent("whoami");
      const whoami = tools.find(({ name }) => name === "notes__whoami");
      await expect(whoami?.invoke({})).rejects.toBe(failed);
      expect(world.sent("whoami")).toBe(before);
    });
  });
}
