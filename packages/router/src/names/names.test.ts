import { describe, expect, it } from "vitest";
import { toolServer, type MemoryServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";
import type { RoutedServer } from "../index.ts";

const overridden = (names: readonly string[], tools: NonNullable<RoutedServer["tools"]>) => ({
  ...toolServer(names),
  routed: { tools },
});
const names = ({ tools }: { readonly tools: readonly { readonly name: string }[] }) =>
  tools.map(({ name }) => name);

describe("what a workspace says of a tool", () => {
  it("is shown in place of what its server says, and the server is called by its own name", async () => {
    const { as, pool } = workspace({
      docs: overridden(["read", "write"], {
        read: { name: "open", title: "Open", description: "Opens it." },
      }),
    });
    const ada = as("ada");
    const { tools } = await ada.listTools();
    expect(tools[0]).toMatchObject({
      ...{ name: "open", title: "Open", description: "Opens it." },
      origin: { server: "docs", tool: "read" },
    });
    expect(tools[1]?.name).toBe("docs__write");
    await ada.callTool("open");
    expect(pool.received.at(-1)?.params).toMatchObject({ name: "read" });
    await expect(ada.callTool("docs__read")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  });

  it("hides what it switches off, however it is called", async () => {
    const { as, pool } = workspace({ docs: overridden(["read", "write"], { write: { enabled: false } }) });
    const ada = as("ada");
    expect(names(await ada.listTools())).toEqual(["docs__read"]);
    for (const tool of ["docs__write", { server: "docs", tool: "write" }])
      await expect(ada.callTool(tool)).rejects.toMatchObject({ code: "TOOL_UNKNOWN", delivery: "unsent" });
    await ada.callTool({ server: "docs", tool: "read" });
    expect(pool.methods("docs").filter((method) => method === "tools/call")).toHaveLength(1);
  });

  it("lists under no name what two tools would have, and names who would", async () => {
    const { as } = workspace({
      docs: overridden(["read"], { read: { name: "wiki__read" } }),
      wiki: toolServer(["read", "write"]),
      more: overridden(["a", "b"], { a: { name: "same" }, b: { name: "same" } }),
    });
    const ada = as("ada");
    const listing = await ada.listTools();
    expect(names(listing)).toEqual(["wiki__write"]);
    expect(listing.ambiguous).toEqual([
      { name: "wiki__read", servers: ["docs", "wiki"] },
      { name: "same", servers: ["more"] },
    ]);
    await expect(ada.callTool("wiki__read")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
  });

  it.each(["", "a b", "x".repeat(65), "naïve", "a/b"])("cannot be the name %j", (name) => {
    expect(() => workspace({ docs: overridden(["read"], { read: { name } }) })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  });
});

describe("lists of resources and prompts", () => {
  const everything: MemoryServer = {
    capabilities: { tools: {}, prompts: {}, resources: {} },
    answer: ({ method }) => {
      switch (method) {
        case "prompts/list":
          return { prompts: [{ name: "ask", arguments: [{ name: "what" }] }] };
        case "resources/list":
          return { resources: [{ uri: "note:///1", name: "One" }] };
        case "resources/templates/list":
          return { resourceTemplates: [{ uriTemplate: "note:///{id}", name: "Any" }] };
        case "prompts/get":
          return { messages: [] };
        case "resources/read":
          return { contents: [] };
        case "completion/complete":
          return { completion: { values: ["a"] } };
        default:
          return { tools: [] };
      }
    },
  };

  it("are read each when it is needed, and kept", async () => {
    const { as, pool } = workspace({ docs: everything });
    const ada = as("ada");
    for (let again = 0; again < 2; again++) {
      expect((await ada.listPrompts()).prompts).toMatchObject([
        { name: "docs__ask", origin: { server: "docs", prompt: "ask" }, arguments: [{ name: "what" }] },
      ]);
      expect((await ada.listResources()).resources).toMatchObject([
        { uri: "note:///1", origin: { server: "docs" } },
      ]);
      expect((await ada.listResourceTemplates()).resourceTemplates).toMatchObject([
        { uriTemplate: "note:///{id}", origin: { server: "docs" } },
      ]);
    }
    expect(pool.methods("docs")).toEqual(["prompts/list", "resources/list", "resources/templates/list"]);
  });

  it("lead requests to their server, in its own words", async () => {
    const { as, pool } = workspace({ docs: everything });
    const ada = as("ada");
    await ada.getPrompt("docs__ask", { what: "this" });
    await ada.readResource("note:///1");
    await ada.complete({ prompt: "docs__ask" }, { name: "what", value: "t" }, { settled: { other: "x" } });
    await ada.complete({ resourceTemplate: "note:///{id}" }, { name: "id", value: "" });
    const asked = pool.received.filter(({ method }) => !method.endsWith("/list"));
    expect(asked.map(({ method, params }) => [method, params])).toEqual([
      ["prompts/get", { name: "ask", arguments: { what: "this" } }],
      ["resources/read", { uri: "note:///1" }],
      [
        "completion/complete",
        {
          ref: { type: "ref/prompt", name: "ask" },
          argument: { name: "what", value: "t" },
          context: { arguments: { other: "x" } },
        },
      ],
      [
        "completion/complete",
        { ref: { type: "ref/resource", uri: "note:///{id}" }, argument: { name: "id", value: "" } },
      ],
    ]);
    expect(pool.resends.every((resend) => resend === "safe")).toBe(true);
  });

  it("are refused where the request is malformed, before anything is asked", async () => {
    const { as, pool } = workspace({ docs: everything });
    const ada = as("ada");
    const invalid = { code: "ARGUMENT_INVALID" };
    for (const odd of [null, 5, {}, { server: "docs" }] as never[]) {
      await expect(ada.getPrompt(odd)).rejects.toMatchObject(invalid);
      await expect(ada.readResource(odd)).rejects.toMatchObject(invalid);
      await expect(ada.complete(odd, { name: "a", value: "" })).rejects.toMatchObject(invalid);
      await expect(ada.complete({ prompt: odd }, { name: "a", value: "" })).rejects.toMatchObject(invalid);
      await expect(ada.subscribe({ watched: odd }, () => {})).rejects.toMatchObject(invalid);
    }
    await expect(ada.getPrompt("docs__ask", { what: 5 } as never)).rejects.toMatchObject(invalid);
    await expect(ada.subscribe({ tols: true } as never, () => {})).rejects.toMatchObject(invalid);
    await expect(ada.subscribe({ tools: true }, undefined as never)).rejects.toMatchObject(invalid);
    expect(pool.targets).toEqual([]);
  });
});
