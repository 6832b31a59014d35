// What holds with every major version of the SDK that is supported, and is its own.
import type * as sdk from "@anthropic-ai/sdk";
import { TenantryError, type CatalogTool } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { describeAdapter, startWorld } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { runnableTools, type RunnableToolsOptions } from "../src/index.ts";
import { startMessagesApi } from "./messages-api.ts";
import { anthropic } from "./subject.ts";

/** Describes runnable tools in real tool runners of one version. */
export async function describeRunner(version: string, own: Pick<typeof sdk, "Anthropic">): Promise<void> {
  const api = await startMessagesApi();
  const { subject, converse } = anthropic(own, api);
  afterAll(() => api[Symbol.asyncDispose]());
  describeAdapter(`@anthropic-ai/sdk ${version}`, subject);

  describe(`runnable tools with @anthropic-ai/sdk ${version}`, async () => {
    const world = await startWorld({ era: "legacy" });
    const { as, sent } = world;
    const failed = new Error("the host's secret");
    afterAll(() => world[Symbol.asyncDispose]());

    it.each([{ stream: true }, { stream: true, runToolsEagerly: true }])(
      "give each of two users their own answers: %o",
      async (how) => {
        const { tools } = await subject.offer(world.sharedBy(subject.userOf));
        const turns = [[{ name: "notes__whoami" }], [{ name: "notes__page" }]];
        const users = ["ada", "bob", "ada", "bob"];
        const runs = users.map(async (user) => (await converse(tools, turns, { user, ...how })).answers);
        expect(await Promise.all(runs)).toEqual(
          users.map((user) => [user, `page 1 of ${user}\n[resource note://2]`]),
        );
        expect(world.server.crossings).toEqual([]);
      },
    );

    it("give a model images, tell it of sounds, and give a tool's failure as one", async () => {
      const { tools } = await runnableTools(as("ada"));
      const asked = ["picture", "sound", "fail"].map((tool) => [{ name: `notes__${tool}` }]);
      const [picture, sound, failure] = (await converse(tools, asked)).conversation.results;
      const data = expect.any(String) as unknown;
      expect(picture?.content).toEqual([
        { type: "text", text: "a picture of ada" },
        { type: "image", source: { type: "base64", media_type: "image/png", data } },
      ]);
      expect(sound?.content).toBe("[audio, audio/wav, 12 bytes]");
      expect([picture, sound].map((result) => result?.is_error)).toEqual([undefined, undefined]);
      expect(failure).toMatchObject({ is_error: true, content: "ada's pen is broken." });
    });

    it("end a call at the server when a run that streams is aborted", async () => {
      const controller = new AbortController();
      const heard: unknown[] = [];
      const { tools } = await runnableTools(as("bob"), {
        onProgress: () => controller.abort(new Error("Bob left.")),
        onFailure: (error) => heard.push(error),
      });
      const how = { stream: true, runToolsEagerly: true, script: { staysOpen: true } };
      const run = converse(tools, [[{ name: "notes__wait" }]], { ...how, signal: controller.signal });
      await expect(run).rejects.toThrow();
      expect(heard).toEqual([]);
      await vi.waitFor(async () => expect(await world.notesOf("bob")).toContain("The caller left."));
    });

    it.each([true, false, undefined])(
      "ask a person where the host says so, who answers %s",
      async (answer) => {
        const asked: unknown[] = [];
        const { tools } = await runnableTools(as("ada"), {
          target: { provider: "anthropic", strict: true },
          needsApproval: ({ origin }: CatalogTool, { text }) => origin.tool === "write" && text !== "small",
          confirm: ({ origin }, args, { toolUse }) => {
            asked.push([origin.tool, args, toolUse.id]);
            return answer as boolean;
          },
        });
        const before = sent("write");
        const { answers, conversation } = await converse(tools, [
          [{ name: "notes__write", args: { text: "large" } }],
          [{ name: "notes__write", args: { text: "small" } }],
        ]);
        expect(asked).toEqual([["write", { text: "large" }, "toolu_1_0"]]);
        expect(sent("write") - before).toBe(answer ? 2 : 1);
        expect(answers[0]).toMatch(
          answer ? /^ada wrote: large$/u : /^A person was asked and did not allow this call\./u,
        );
        expect(conversation.results.map(({ is_error }) => is_error)).toEqual([
          answer ? undefined : true,
          undefined,
        ]);
      },
    );

    it("ask about every call where nothing says which, and take no approval that nobody gives", async () => {
      const { tools } = await runnableTools(as("ada"), { confirm: () => false });
      const before = sent("whoami");
      expect((await converse(tools, [[{ name: "notes__whoami" }]])).answers[0]).toContain("did not allow");
      expect(sent("whoami")).toBe(before);
      await expect(runnableTools(as("ada"), { needsApproval: () => true })).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
      });
    });

    it.each<[string, RunnableToolsOptions]>([
      ["needsApproval", { needsApproval: () => Promise.reject(failed), confirm: () => true }],
      ["confirm", { confirm: () => Promise.reject(failed) }],
    ])("send nothing where %s fails, and tell nobody but the host why", async (_, options) => {
      const heard: TenantryError[] = [];
      const { tools } = await runnableTools(as("ada"), {
        ...options,
        onFailure: (error) => heard.push(error),
      });
      const before = sent("whoami");
      const { answers } = await converse(tools, [[{ name: "notes__whoami" }]]);
      expect(answers[0]).toMatch(/^Error: \[CALL_DENIED\] (?!.*secret)/u);
      expect(heard).toMatchObject([{ code: "CALL_DENIED", cause: failed }]);
      expect(sent("whoami")).toBe(before);
    });

    it("say what the host itself says of a call that it does not allow", async () => {
      const full = new TenantryError("RATE_LIMITED", "Ask again tomorrow.");
      const { tools } = await runnableTools(as("ada"), { confirm: () => Promise.reject(full) });
      const { answers } = await converse(tools, [[{ name: "notes__whoami" }]]);
      expect(answers).toEqual(["Error: [RATE_LIMITED] Ask again tomorrow."]);
    });

    it("end a run that is aborted while a person is asked", async () => {
      const controller = new AbortController();
      const { tools } = await runnableTools(as("ada"), {
        confirm: () => {
          controller.abort(new Error("Ada left."));
          return new Promise(() => {});
        },
      });
      const before = sent("whoami");
      const run = converse(tools, [[{ name: "notes__whoami" }]], { signal: controller.signal });
      await expect(run).rejects.toThrow();
      expect(sent("whoami")).toBe(before);
    });

    it.each<[string, () => void]>([
      ["throws", () => expect.unreachable(failed.message)],
      ["rejects", () => Promise.reject(failed)],
    ])("tell a model of a failure though who hears of it %s", async (_, onFailure) => {
      const source = { catalog: as("ada"), clientOf: () => as("stranger") };
      const { tools } = await runnableTools(source, { onFailure });
      const { answers } = await converse(tools, [[{ name: "notes__whoami" }]]);
      expect(answers[0]).toMatch(/^Error: \[UNAUTHORIZED\]/u);
    });

    it("are nobody's where the runner says nothing of a call", async () => {
      const { tools } = await subject.offer(world.sharedBy(subject.userOf));
      await expect(tools[0]?.run({})).rejects.toMatchObject({ code: "PRINCIPAL_INVALID" });
    });

    it("are fitted to Anthropic, and are strict where the host asks for it", async () => {
      const inputSchema = { type: "object", anyOf: [{ required: ["a"] }, { required: ["b"] }] } as const;
      const call = () => ({ content: [] });
      await using odd = await startFakeServer({
        tools: [{ definition: { name: "any", inputSchema }, call }],
      });
      await using host = createTenantry({ servers: { odd: { url: odd.url } } });
      const ada = host.workspace("acme").as("ada");
      const declared = async (options?: RunnableToolsOptions) => {
        const { conversation } = await converse((await runnableTools(ada, options)).tools, []);
        return conversation.requests[0]?.tools?.[0];
      };
      expect(await declared()).not.toHaveProperty("strict");
      const target = { provider: "anthropic", strict: true } as const;
      expect(await declared({ target })).toMatchObject({
        strict: true,
        input_schema: { type: "object", additionalProperties: false },
      });
    });
  });
}
