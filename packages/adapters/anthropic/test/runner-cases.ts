// What holds with every major version of the SDK that is supported.
import type * as sdk from "@anthropic-ai/sdk";
import { type TenantryError, type CatalogTool, type WorkspaceClient } from "@tenantry/core";
import { startFakeServer, startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { runnableTools, type RunnableTool, type ToolCall } from "../src/index.ts";
import { startMessagesApi, type AskedTool, type Script } from "./messages-api.ts";
import { startUngranted } from "./ungranted.ts";

/** How a run differs from a plain one. */
interface RunOptions {
  readonly stream?: boolean;
  readonly runToolsEagerly?: boolean;
  readonly signal?: AbortSignal;
  readonly script?: Partial<Script>;
}

/** Describes runnable tools in real tool runners of one version. */
export function describeRunner(version: string, { Anthropic }: Pick<typeof sdk, "Anthropic">): void {
  describe(`with @anthropic-ai/sdk ${version}`, async () => {
    const api = await startMessagesApi();
    const server = await startNotebook({ users: ["ada", "bob", "nobody"] });
    const credential = bearer(fromContext("token"));
    const discovery = bearer(fromStatic("token-of-nobody"));
    const tenantry = createTenantry({ servers: { notes: { url: server.url, credential, discovery } } });
    const acme = tenantry.workspace("acme");
    const as = (user: string) => acme.as(user, { token: `token-of-${user}` });
    afterAll(() => Promise.all([tenantry.close(), server.close(), api.close()]));

    /** One run whose model asks for these tools, one after the other, and then repeats their answers. */
    const run = async (tools: RunnableTool[], asked: readonly AskedTool[], options: RunOptions = {}) => {
      const { signal, script, stream = false, runToolsEagerly = false } = options;
      const { baseURL, conversation } = api.converse({ turns: asked.map((one) => [one]), ...script });
      const client = new Anthropic({ apiKey: "key", baseURL, maxRetries: 0 });
      const messages = [{ role: "user" as const, content: "Do it." }];
      const runner = client.beta.messages.toolRunner(
        { model: "claude-opus-5-5", max_tokens: 100, messages, tools, stream, runToolsEagerly },
        signal && { signal },
      );
      const last = runner.runUntilDone().finally(() => expect(conversation.refusals).toEqual([]));
      const text = async () =>
        (await last).content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("");
      return { text: await text(), conversation };
    };
    const sent = (tool: string) => server.requests.filter((request) => request.tool === tool).length;

    it.each([{ stream: false }, { stream: true }, { stream: true, runToolsEagerly: true }])(
      "gives each of two users their own answers, with their own tools: %o",
      async (how) => {
        const texts = await Promise.all(
          ["ada", "bob"].map(async (user) => {
            const { tools, unavailable } = await runnableTools(as(user));
            expect(unavailable).toEqual([]);
            expect(tools).toHaveLength(10);
            const asked = [
              { name: "notes__erase" },
              { name: "notes__write", input: { text: `by ${user}` } },
              { name: "notes__read" },
            ];
            return (await run(tools, asked, how)).text;
          }),
        );
        expect(texts).toEqual([
          expect.stringMatching(/ of ada; ada wrote: by ada; by ada$/u),
          expect.stringMatching(/ of bob; bob wrote: by bob; by bob$/u),
        ]);
        expect(server.crossings).toEqual([]);
      },
    );

    it("gives each of two users their own answers, with the same tools for both", async () => {
      const clients = new WeakMap<AbortSignal, WorkspaceClient>();
      const clientOf = ({ signal }: ToolCall) => clients.get(signal as AbortSignal) as WorkspaceClient;
      const { tools } = await runnableTools({ catalog: acme.discovery(), clientOf });
      const asked = [{ name: "notes__whoami" }, { name: "notes__report" }, { name: "notes__page" }];
      const texts = ["ada", "bob", "ada", "bob"].map(async (user) => {
        const { signal } = new AbortController();
        clients.set(signal, as(user));
        return (await run(tools, asked, { signal })).text;
      });
      const [ada, bob, ...again] = await Promise.all(texts);
      expect(ada).toMatch(/^ada; .*"user":"ada".*; page 1 of ada \[resource note:\/\/2\]$/u);
      expect(bob).toMatch(/^bob; .*"user":"bob".*; page 1 of bob \[resource note:\/\/2\]$/u);
      expect(again).toEqual([ada, bob]);
      expect(server.crossings).toEqual([]);
    });

    it.each([
      [
        "gives nobody",
        ({ signal }: ToolCall) => new WeakMap<AbortSignal, WorkspaceClient>().get(signal as AbortSignal),
      ],
      ["fails", ({ signal }: ToolCall) => as((signal as AbortSignal).reason as string)],
    ])("sends nothing for a call for which the host %s", async (_, clientOf) => {
      const { tools } = await runnableTools({
        catalog: acme.discovery(),
        clientOf: clientOf as () => WorkspaceClient,
      });
      const before = server.requests.length;
      const { text, conversation } = await run(tools, [{ name: "notes__whoami" }]);
      expect(text).toMatch(/^Error: \[PRINCIPAL_INVALID\] clientOf/u);
      expect(conversation.results).toMatchObject([{ is_error: true }]);
      await expect(tools[0]?.run({})).rejects.toMatchObject({ code: "PRINCIPAL_INVALID" });
      expect(server.requests).toHaveLength(before);
    });

    it("gives a model images, tells it of sounds, and gives a tool's failure as one", async () => {
      const { tools } = await runnableTools(as("ada"));
      const asked = ["picture", "sound", "fail"].map((tool) => ({ name: `notes__${tool}` }));
      const [picture, sound, failure] = (await run(tools, asked)).conversation.results;
      expect(picture?.content).toEqual([
        { type: "text", text: "a picture of ada" },
        {
          type: "image",
          source: { type: "base64", media_type: "image/png", data: expect.any(String) as unknown },
        },
      ]);
      expect(sound?.content).toEqual([{ type: "text", text: "[audio, audio/wav, 12 bytes]" }]);
      expect(failure).toMatchObject({ is_error: true, content: "ada's pen is broken." });
    });

    it.each([{ stream: false }, { stream: true, runToolsEagerly: true, script: { staysOpen: true } }])(
      "ends a call at the server when its run is aborted: %o",
      async (how) => {
        const controller = new AbortController();
        const heard: unknown[] = [];
        const { tools } = await runnableTools(as("ada"), {
          onProgress: (progress, tool, call) => {
            heard.push([progress, tool.origin.tool, call.toolUse.id]);
            controller.abort(new Error("Ada left."));
          },
          onFailure: (error) => heard.push(error),
        });
        await as("ada").callTool("notes__erase");
        await expect(
          run(tools, [{ name: "notes__wait" }], { ...how, signal: controller.signal }),
        ).rejects.toThrow();
        expect(heard).toEqual([[{ progress: 1, total: 2 }, "wait", "toolu_1_0"]]);
        const note = { type: "text", text: "The caller left." };
        await vi.waitFor(async () =>
          expect((await as("ada").callTool("notes__read")).content).toContainEqual(note),
        );
      },
    );

    it.each([true, false, undefined])(
      "asks a person where the host says so, who answers %s",
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
        const { text, conversation } = await run(tools, [
          { name: "notes__write", input: { text: "large" } },
          { name: "notes__write", input: { text: "small" } },
        ]);
        expect(asked).toEqual([["write", { text: "large" }, "toolu_1_0"]]);
        expect(sent("write") - before).toBe(answer ? 2 : 1);
        expect(text).toMatch(
          answer ? /^ada wrote: large; / : /^A person was asked and did not allow this call\./u,
        );
        expect(conversation.results[0]?.is_error).toBe(answer ? undefined : true);
        expect(conversation.results[1]?.is_error).toBeUndefined();
      },
    );

    it("asks about every call where nothing says which, and takes no approval that nobody gives", async () => {
      const { tools } = await runnableTools(as("ada"), { confirm: () => false });
      const before = sent("whoami");
      expect((await run(tools, [{ name: "notes__whoami" }])).text).toContain("did not allow");
      expect(sent("whoami")).toBe(before);
      await expect(runnableTools(as("ada"), { needsApproval: () => true })).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
      });
    });

    it("lets the host know where a user grants access", async () => {
      await using world = await startUngranted();
      const heard: [TenantryError, string, string][] = [];
      const { tools } = await runnableTools(
        { catalog: world.bob, clientOf: () => world.ada },
        { onFailure: (error, { name }, { toolUse }) => heard.push([error, name, toolUse.id]) },
      );
      const { text, conversation } = await run(tools, [{ name: "mail__whoami" }]);
      const [[error, ...which] = []] = heard;
      expect(error).toMatchObject({
        code: "AUTHORIZATION_REQUIRED",
        authorizationUrl: expect.any(URL) as unknown,
      });
      expect(which).toEqual(["mail__whoami", "toolu_1_0"]);
      expect(text).toMatch(/^Error: \[AUTHORIZATION_REQUIRED\]/u);
      expect(conversation.results).toMatchObject([{ is_error: true }]);
      expect((await runnableTools(world.ada)).unavailable).toMatchObject([
        { server: "mail", error: { code: "AUTHORIZATION_REQUIRED" } },
      ]);
    });

    it("takes a hundred tools of any name and schema, and what they answer", async () => {
      const names = ["constructor", "__proto__", "a.b/c d", "🦉", "x".repeat(300)];
      const hostile = [...names, ...Array.from({ length: 95 }, (_, index) => `tool${index}`)];
      const inputSchema = {
        type: "object",
        anyOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { required: ["b"] }],
      } as const;
      await using zoo = await startFakeServer({
        tools: hostile.map((name) => ({
          definition: { name, description: name, inputSchema },
          call: (args) => ({
            content: [
              { type: "text", text: ` ` },
              { type: "text", text: `${name}\ud83d ${JSON.stringify(args)}` },
            ],
          }),
        })),
      });
      await using host = createTenantry({ servers: { zoo: { url: zoo.url } } });
      const { tools } = await runnableTools(host.workspace("acme").as("ada"));
      expect(tools).toHaveLength(100);
      const asked = tools.map(({ name }) => ({ name, input: { a: "1" } }));
      const { text, conversation } = await run(tools, [], { script: { turns: [asked] } });
      const declared = conversation.requests[0]?.tools as sdk.Anthropic.Beta.BetaTool[];
      expect(declared.map(({ description }) => description?.split("\n")[0])).toEqual(hostile);
      expect(text.split("; ")).toEqual(hostile.map((name) => `${name}\ufffd {"a":"1"}`));
    });

    it("asks for strict tools where the host does, and takes back what that changed", async () => {
      const fields = { type: "object", additionalProperties: { type: "number" } } as const;
      const inputSchema = { type: "object", properties: { fields } } as const;
      const given: unknown[] = [];
      await using mute = await startFakeServer({
        tools: [
          {
            definition: { name: "fail", inputSchema },
            call: (args) => ({ content: [], isError: given.push(args) > 0 }),
          },
        ],
      });
      await using host = createTenantry({ servers: { mute: { url: mute.url } } });
      const { tools } = await runnableTools(host.workspace("acme").as("ada"), {
        target: { provider: "anthropic", strict: true },
      });
      const input = { fields: [{ name: "weight", value: 2 }] };
      const { text, conversation } = await run(tools, [{ name: "mute__fail", input }]);
      expect(given).toEqual([{ fields: { weight: 2 } }]);
      expect(text).toBe("The tool failed and did not say why.");
      expect(conversation.requests[0]?.tools).toMatchObject([
        { strict: true, input_schema: { additionalProperties: false } },
      ]);
    });
  });
}
