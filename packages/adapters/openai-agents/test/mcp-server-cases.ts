// What holds of an MCP server of the SDK's kind with every version of it that is supported.
import type { MCPServer } from "@openai/agents";
import type { Listing } from "@tenantry/core";
import { startFakeServer } from "@tenantry/testing";
import { hundredTools, isWhole, startWorld, type AskedTool } from "adapter-fixtures";
import { createTenantry } from "tenantry";
import { afterAll, describe, expect, it, vi } from "vitest";
import { mcpServer } from "../src/index.ts";
import { textOf } from "./scripted-model.ts";
import { runnerOf, userOf, type Sdk } from "./sdk.ts";

/** Describes MCP servers in real runs of one version. */
export function describeMcpServer(version: string, sdk: Sdk): void {
  describe(`an MCP server with @openai/agents ${version}`, async () => {
    const world = await startWorld();
    const { server, as } = world;
    afterAll(() => world[Symbol.asyncDispose]());
    const { run: runWith } = runnerOf(sdk);

    /** One run of an agent whose model asks for these tools, one after the other. */
    const run = (mcpServers: MCPServer[], asked: readonly AskedTool[], more: object = {}) =>
      runWith(
        { mcpServers },
        asked.map((one) => [one]),
        more,
      );
    const namesIn = ({ model }: Awaited<ReturnType<typeof run>>) =>
      (model.firstCall?.request.tools as { name: string }[]).map(({ name }) => name);

    it("gives each of two users at once their own answers", async () => {
      const runs = ["ada", "bob", "ada", "bob"].map((user) => {
        const written = { name: "notes__write", args: { text: `by ${user}` } };
        return run([mcpServer(as(user))], [{ name: "notes__whoami" }, written]);
      });
      const told = await Promise.all(runs);
      expect(told.map(namesIn).map(({ length }) => length)).toEqual([10, 10, 10, 10]);
      expect(told.map((one) => one.told.map(textOf))).toEqual(
        ["ada", "bob", "ada", "bob"].map((user) => [user, `${user} wrote: by ${user}`]),
      );
      expect(server.crossings).toEqual([]);
    });

    it("shows each of two users their own tools, though the SDK keeps lists by a server's name", async () => {
      const servers = { notes: { url: server.url, credential: world.credential } };
      const rules = (user: string) => (user === "ada" ? "write" : "read");
      await using tenantry = createTenantry({
        servers,
        policy: ({ principal, name }) => name === rules(principal.user),
      });
      const mine = (user: string) =>
        mcpServer(tenantry.workspace("acme").as(user, { token: `token-of-${user}` }), { name: "notes" });
      const shown = async (one: MCPServer) => namesIn(await run([one], []));
      expect(await shown(mine("ada"))).toEqual(["notes__write"]);
      expect(await shown(mine("bob"))).toEqual(["notes__read"]);

      // A host may turn the SDK's lists on; they are the principal's all the same.
      const kept = (user: string) => Object.assign(mine(user), { cacheToolsList: true });
      expect(await shown(kept("ada"))).toEqual(["notes__write"]);
      expect(await shown(kept("bob"))).toEqual(["notes__read"]);

      // What it would be with a name for both.
      const named = (user: string) => ({ ...kept(user), name: "one-name-for-both" });
      expect(await shown(named("ada"))).toEqual(["notes__write"]);
      expect(await shown(named("bob"))).toEqual(["notes__write"]);
    });

    it("has a name that is its principal's, and tells nobody who that is", () => {
      const acme = world.acme;
      const clients = [
        as("ada"),
        as("bob"),
        acme.as({ user: "ada", session: "1" }),
        acme.as({ user: "ada", session: "2" }),
      ];
      const names = clients.map((client) => mcpServer(client).name);
      expect(new Set(names).size).toBe(4);
      expect(mcpServer(as("ada")).name).toBe(names[0]);
      for (const name of names) expect(name).toMatch(/^tenantry-[0-9a-f]{32}$/u);
    });

    it("gives text and images as they are, and the rest as text", async () => {
      const kinds = ["picture", "sound", "report", "page", "fail"].map((tool) => ({
        name: `notes__${tool}`,
      }));
      const { told } = await run([mcpServer(as("bob"))], kinds);
      const text = (value: unknown) => ({ type: "input_text", text: value });
      expect(told).toMatchObject([
        [
          text("a picture of bob"),
          { type: "input_image", image: expect.stringMatching(/^data:image\/png;base64,iVBOR/u) as unknown },
        ],
        [text("[audio, audio/wav, 12 bytes]")],
        [text(expect.stringContaining('"user":"bob"'))],
        [text("page 1 of bob\n[resource note://2]")],
        [text("bob's pen is broken.")],
      ]);
    });

    it("lets the SDK have a result whole where the host asks for that", async () => {
      const seen: unknown[] = [];
      const whole = Object.assign(mcpServer(as("ada")), {
        useStructuredContent: true,
        toolMetaResolver: () => ({ "example.com/for": "a test" }),
        customDataExtractor: ({ structuredContent, isError }: Record<string, unknown>) =>
          void seen.push({ structuredContent, isError }),
      });
      const { told } = await run([whole], [{ name: "notes__report" }, { name: "notes__fail" }]);
      expect(told[0]).toMatchObject({
        type: "text",
        text: expect.stringMatching(/^\{"user":"ada"/u) as unknown,
      });
      expect(seen).toMatchObject([{ structuredContent: { user: "ada" } }, { isError: true }]);
      const report = server.requests.findLast(({ tool }) => tool === "report");
      expect(report?.body).toMatchObject({ params: { _meta: { "example.com/for": "a test" } } });
      const result = await mcpServer(as("ada")).callTool("notes__fail", null);
      expect(result).toMatchObject({ 0: { type: "text" }, length: 1, isError: true });
    });

    it("ends a call at the server when its run is aborted", async () => {
      const controller = new AbortController();
      const onProgress = (_: object, { name }: { name: string }) => controller.abort(new Error(name));
      const aborted = run([mcpServer(as("ada"), { onProgress })], [{ name: "notes__wait" }], {
        signal: controller.signal,
      });
      await expect(aborted).rejects.toThrow();
      expect(controller.signal.reason).toMatchObject({ message: "notes__wait" });
      await vi.waitFor(async () => expect(await world.notesOf("ada")).toContain("The caller left."));
    });

    it("tells a model what failed, or ends the run with it", async () => {
      // What ada saw is what her tools were; then her token is no longer taken.
      const lost = (errorFunction?: null) => {
        const { listTools } = mcpServer(as("ada"));
        return { ...mcpServer(as("stranger"), { errorFunction }), listTools };
      };
      const { told } = await run([lost()], [{ name: "notes__whoami" }]);
      expect(textOf(told[0])).toContain("[UNAUTHORIZED]");
      await expect(run([lost(null)], [{ name: "notes__whoami" }])).rejects.toMatchObject({
        error: { code: "UNAUTHORIZED", server: "notes" },
      });
    });

    it("leaves out what the SDK cannot tell apart, and says so with what else is missing", async () => {
      await using odd = await startFakeServer({ tools: hundredTools() });
      const gone = { url: "http://127.0.0.1:1/mcp" };
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url }, gone } });
      const heard: Listing[] = [];
      const one = mcpServer(tenantry.workspace("acme").as("ada"), {
        onMissing: (missing) => heard.push(missing),
      });
      const shown = namesIn(await run([one], []));
      expect(shown).toHaveLength(100 - 2);
      const { tools } = await tenantry.workspace("acme").as("ada").listTools();
      const known = tools.filter(({ name }) => shown.includes(name.replaceAll("-", "_")));
      const { told } = await run(
        [one],
        known.map(({ name }) => ({ name: name.replaceAll("-", "_") })),
        { maxTurns: 200 },
      );
      const numberOf = ({ description = "" }) => /(?<=^Number )\d+/u.exec(description)?.[0];
      expect(told.map(textOf)).toEqual(known.map((tool) => `${numberOf(tool)} for nobody`));
      expect(heard[0]).toMatchObject({
        unavailable: [{ server: "gone" }],
        ambiguous: [{ name: "odd__a_b", servers: ["odd"] }],
      });
    }, 60_000);

    it("tells a model nothing that a provider cannot read, whoever hears what is missing throws", async () => {
      const half = "\ud83d";
      const inputSchema = { type: "object", description: half } as const;
      const svg = { type: "image", data: "AAAA", mimeType: "image/svg+xml" } as const;
      const call = () => ({ content: [{ type: "text" as const, text: half }, svg] });
      const definition = { name: "odd", description: half, inputSchema };
      await using odd = await startFakeServer({ tools: [{ definition, call }] });
      const gone = { url: "http://127.0.0.1:1/mcp" };
      await using tenantry = createTenantry({ servers: { odd: { url: odd.url }, gone } });
      const onMissing = () => expect.unreachable("on purpose");
      const one = mcpServer(tenantry.workspace("acme").as("ada"), { onMissing });
      const { model, told } = await run([one], [{ name: "odd__odd" }]);
      expect(isWhole(model.calls.map(({ request: { input, tools } }) => ({ input, tools })))).toBe(true);
      expect(told).toMatchObject([[{ type: "input_text", text: "\ufffd\n[image, image/svg+xml, 3 bytes]" }]]);
    });

    it("has nothing to say when its workspace is closed in a call", async () => {
      await using own = await startWorld();
      const one = mcpServer(own.as("ada"), { onProgress: () => void own.tenantry.close() });
      const { told } = await run([one], [{ name: "notes__wait" }]);
      expect(textOf(told[0])).toContain("[CLOSED]");
    });

    it("ends a call after the host's own time, whether its tool was listed or not", async () => {
      const one = mcpServer(as("ada"), { timeoutMs: 50 });
      await expect(one.callTool("notes__wait", {})).rejects.toMatchObject({ code: "TIMEOUT" });
      await one.listTools();
      await expect(one.callTool("notes__wait", {})).rejects.toMatchObject({ code: "TIMEOUT" });
    });

    it("takes one user only", () => {
      expect(() => mcpServer(world.sharedBy(userOf) as never)).toThrow("[ARGUMENT_INVALID]");
      expect(() => mcpServer(undefined as never)).toThrow("[ARGUMENT_INVALID]");
    });
  });
}
