// What holds with every major version of the AI SDK that is supported, and is its own.
import type { CatalogTool } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { fitTool } from "@tenantry/tool-schema";
import { describeAdapter, startWorld } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { modelOutput, toolSet } from "../src/index.ts";
import { outputsIn } from "./scripted-model.ts";
import { aiSdk, type Sdk, type Version } from "./subject.ts";

/** Describes a tool set in a real agent loop of one version, whose files are called `file`. */
export function describeToolSet(version: string, file: string, sdk: Sdk, own: Version): void {
  const { subject, generate, stream } = aiSdk(sdk, own);
  describeAdapter(`ai ${version}`, subject);

  describe(`a tool set with ai ${version}`, async () => {
    const world = await startWorld();
    const { as } = world;
    afterAll(() => world[Symbol.asyncDispose]());

    it("gives a model images and sounds as files, and a tool's failure as one", async () => {
      const { tools } = await toolSet(as("ada"));
      const asked = ["picture", "sound", "fail"].map((tool) => [{ name: `notes__${tool}` }]);
      const { result, turns } = await generate(tools, asked);
      const [picture, sound, failure] = outputsIn(turns);
      const data = (start: string): unknown => expect.stringMatching(start);
      const part = (mediaType: string, start: string) =>
        file === "file"
          ? { type: file, mediaType, data: { type: "data", data: data(start) } }
          : { type: file, mediaType, data: data(start) };
      const text = { type: "text", text: "a picture of ada" };
      // Version 7 hands files on in the model's own older shape.
      expect(picture).toMatchObject({ type: "content", value: [text, { mediaType: "image/png" }] });
      expect(sound).toMatchObject({ type: "content", value: [{ mediaType: "audio/wav" }] });
      expect(failure).toEqual({ type: "error-text", value: "ada's pen is broken." });
      const outputs = result.steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output));
      expect(modelOutput(outputs[0] as never)).toEqual({
        type: "content",
        value: [text, part("image/png", "^iVBOR")],
      });
      expect(modelOutput(outputs[1] as never)).toEqual({
        type: "content",
        value: [part("audio/wav", "^UklGR")],
      });
      expect(outputs[2]).toMatchObject({ isError: true, content: [{ text: "ada's pen is broken." }] });
    });

    it("tells the SDK what the server says of a tool", async () => {
      const inputSchema = { type: "object", properties: { text: { type: "string", minLength: 1 } } } as const;
      const definition = { name: "take", title: "Take", description: "Takes.", inputSchema };
      const call = () => ({ content: [] });
      await using server = await startFakeServer({ tools: [{ definition, call }] });
      await using tenantry = createTenantry({ servers: { odd: { url: server.url } } });
      const { tools } = await toolSet(tenantry.workspace("acme").as("ada"));
      expect(tools["odd__take"]).toMatchObject({ type: "dynamic", title: "Take", description: "Takes." });
      const { turns } = await generate(tools, []);
      expect(turns[0]?.tools).toMatchObject([{ name: "odd__take", description: "Takes.", inputSchema }]);
    });

    it("ends a call at the server when whoever reads its stream goes away", async () => {
      const controller = new AbortController();
      const { tools } = await toolSet(world.sharedBy(own.userOf), {
        onProgress: () => controller.abort(new Error("Bob left.")),
      });
      const options = { user: "bob", signal: controller.signal };
      const types: string[] = [];
      for await (const { type } of stream(tools, [[{ name: "notes__wait" }]], options)) types.push(type);
      expect(types).toContain("abort");
      await vi.waitFor(async () => expect(await world.notesOf("bob")).toContain("The caller left."));
      expect(await world.notesOf("nobody")).not.toContain("left");
    });

    it("leaves out tools that a provider takes for one, and says whose they are", async () => {
      const inputSchema = { type: "object" } as const;
      const target = { provider: "google" } as const;
      const names = ["1st", fitTool({ name: "1st", inputSchema }, target).name, "other"];
      const call = () => ({ content: [] });
      await using odd = await startFakeServer({
        tools: names.map((name) => ({ definition: { name, inputSchema }, call })),
      });
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url } }, names: "plain" });
      const ada = tenantry.workspace("acme").as("ada");
      const { tools, ambiguous } = await toolSet(ada, { target });
      expect(Object.keys(tools)).toEqual(["other"]);
      expect(ambiguous).toEqual([{ name: names[1], servers: ["odd"] }]);
      expect(Object.keys((await toolSet(ada)).tools)).toEqual(names);
    });

    it("waits for a person where the host says so", async () => {
      const needsApproval = ({ annotations }: CatalogTool, { text }: { text?: unknown }) =>
        annotations?.destructiveHint === true || text === "large";
      const { tools } = await toolSet(as("ada"), { needsApproval });
      const asked = [
        { name: "notes__erase" },
        { name: "notes__write", args: { text: "large" } },
        { name: "notes__write", args: { text: "small" } },
      ];
      const { result } = await generate(tools, [asked]);
      const requests = result.content.flatMap((part) =>
        part.type === "tool-approval-request" ? [part.toolCall.toolName] : [],
      );
      expect(requests).toEqual(["notes__erase", "notes__write"]);
      expect([world.sent("erase"), world.sent("write")]).toEqual([0, 1]);
    });

    it("sends nothing where nobody can say whether a person is asked", async () => {
      const failed = new Error("the host's own");
      const { tools } = await toolSet(as("ada"), { needsApproval: () => Promise.reject(failed) });
      const before = world.sent("whoami");
      await expect(generate(tools, [[{ name: "notes__whoami" }]])).rejects.toBe(failed);
      expect(world.sent("whoami")).toBe(before);
    });
  });
}
