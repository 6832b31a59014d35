// What holds with every major version of the AI SDK that is supported.
import type * as sdk from "ai";
import { TenantryError, type CatalogTool } from "@tenantry/core";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { modelOutput, toolSet, type ToolCall } from "../src/index.ts";
import { outputsIn, scriptedModel, type AskedTool } from "./scripted-model.ts";

/** The part of the SDK that an agent loop takes. */
export type Sdk = Pick<typeof sdk, "generateText" | "stepCountIs">;

/** Describes a tool set in a real agent loop of one version; `named` gives a call the host's own context as that version does. */
export function describeToolSet(
  { version, file }: { readonly version: string; readonly file: string },
  { generateText, stepCountIs }: Sdk,
  named: (user: string, tools: readonly string[]) => object,
  userOf: (call: ToolCall) => string,
): void {
  describe(`with ai ${version}`, async () => {
    const server = await startNotebook({ users: ["ada", "bob", "nobody"] });
    const credential = bearer(fromContext("token"));
    const discovery = bearer(fromStatic("token-of-nobody"));
    const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
    const acme = tenantry.workspace("acme");
    const as = (user: string) => acme.as(user, { token: `token-of-${user}` });
    const shared = { catalog: acme.discovery(), clientOf: (call: ToolCall) => as(userOf(call)) };
    afterAll(async () => {
      await tenantry.close();
      await server.close();
    });

    /** One run of an agent whose model asks for these tools, one after the other, and then repeats their answers. */
    const run = (tools: sdk.ToolSet, asked: readonly AskedTool[], more: object = {}) => {
      const model = scriptedModel(...asked.map((one) => [one]));
      const stopWhen = stepCountIs(asked.length + 1);
      return generateText({ model, tools, prompt: "Do it.", stopWhen, ...more }).then((result) => ({
        result,
        model,
      }));
    };

    it("gives each of two users their own answers, with a tool set each", async () => {
      const texts = await Promise.all(
        ["ada", "bob"].map(async (user) => {
          const { tools, unavailable } = await toolSet(as(user));
          expect(unavailable).toEqual([]);
          expect(Object.keys(tools)).toHaveLength(10);
          const asked = [
            { name: "notes__whoami" },
            { name: "notes__write", input: { text: `by ${user}` } },
            { name: "notes__read" },
          ];
          return (await run(tools, asked)).result.text;
        }),
      );
      expect(texts).toEqual(["ada; ada wrote: by ada; by ada", "bob; bob wrote: by bob; by bob"]);
      expect(server.crossings).toEqual([]);
    });

    it("gives each of two users their own answers, with one tool set for both", async () => {
      const { tools } = await toolSet(shared);
      const asked = [{ name: "notes__whoami" }, { name: "notes__report" }, { name: "notes__page" }];
      const runs = ["ada", "bob", "ada", "bob"].map((user) =>
        run(tools, asked, named(user, Object.keys(tools))),
      );
      const told = (await Promise.all(runs)).map(({ result }) => result.text);
      expect(told[0]).toMatch(/^ada; .*"user":"ada".*; page 1 of ada\n/u);
      expect(told[1]).toMatch(/^bob; .*"user":"bob".*; page 1 of bob\n/u);
      expect(told.slice(2)).toEqual(told.slice(0, 2));
      expect(server.crossings).toEqual([]);
    });

    it("sends nothing for a call whose context names nobody", async () => {
      const { tools } = await toolSet(shared);
      const before = server.requests.length;
      const { result } = await run(tools, [{ name: "notes__whoami" }]);
      const failure = result.steps[0]?.content.find(({ type }) => type === "tool-error");
      expect(failure).toMatchObject({ error: { code: "PRINCIPAL_INVALID" } });
      expect(result.text).toContain("[PRINCIPAL_INVALID]");
      expect(server.requests).toHaveLength(before);
    });

    it("gives a model images and sounds as files, and a tool's failure as one", async () => {
      const { tools } = await toolSet(as("ada"));
      const asked = ["picture", "sound", "fail"].map((tool) => ({ name: `notes__${tool}` }));
      const { model } = await run(tools, asked);
      const [picture, sound, failure] = outputsIn(model.doGenerateCalls.at(-1)?.prompt ?? []);
      expect(picture).toMatchObject({
        type: "content",
        value: [{ type: "text", text: "a picture of ada" }, {}],
      });
      const image = { type: "image", data: "AAAA", mimeType: "image/png" } as const;
      expect(modelOutput({ content: [image] })).toMatchObject({
        value: [{ type: file, mediaType: "image/png" }],
      });
      expect(JSON.stringify(sound)).toContain("audio/wav");
      expect(failure).toEqual({ type: "error-text", value: "ada's pen is broken." });
    });

    it("ends a call at the server when its run is aborted", async () => {
      const { tools } = await toolSet(as("ada"), {
        onProgress: () => controller.abort(new Error("Ada left.")),
      });
      const controller = new AbortController();
      await expect(
        run(tools, [{ name: "notes__wait" }], { abortSignal: controller.signal }),
      ).rejects.toThrow();
      const left = async () => expect((await as("ada").callTool("notes__read")).content).toContainEqual(note);
      const note = { type: "text", text: expect.stringContaining("The caller left.") as unknown };
      await vi.waitFor(left);
    });

    it("waits for a person where the host says so", async () => {
      const needsApproval = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;
      const { tools } = await toolSet(as("ada"), { needsApproval });
      const { result } = await run(tools, [{ name: "notes__erase" }]);
      expect(result.content.map(({ type }) => type)).toContain("tool-approval-request");
      expect(server.requests.filter(({ tool }) => tool === "erase")).toEqual([]);
    });

    it("lets a host's interface see what a user has to do", async () => {
      const { tools } = await toolSet(shared);
      const { result } = await run(tools, [{ name: "notes__whoami" }], named("stranger", Object.keys(tools)));
      const failure = result.steps[0]?.content.find(({ type }) => type === "tool-error") as {
        error: unknown;
      };
      expect(failure.error).toBeInstanceOf(TenantryError);
      expect(failure.error).toMatchObject({ code: "UNAUTHORIZED", server: "notes" });
    });

    it("fits schemas to a provider and takes back what they changed", async () => {
      const { tools } = await toolSet(as("ada"), { target: { provider: "openai", strict: true } });
      const { result, model } = await run(tools, [{ name: "notes__write", input: { text: "fitted" } }]);
      expect(result.text).toBe("ada wrote: fitted");
      const declared = model.doGenerateCalls[0]?.tools?.find(({ name }) => name === "notes__write");
      expect(declared).toMatchObject({ inputSchema: { additionalProperties: false } });
      expect(JSON.stringify(declared)).not.toContain("minLength");
    });
  });
}
