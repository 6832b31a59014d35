import type { CatalogTool } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import type { Policy, Quota } from "../index.ts";
import { toolServer } from "../../test/memory-pool.ts";
import { workspace, type ServerSetup } from "../../test/workspace.ts";

const call = "tools/call";

/** Ada's view of one server, under rules. */
function guarded(
  docs: ServerSetup,
  guards: { readonly policy?: Policy; readonly quotas?: readonly Quota[] },
) {
  const made = workspace({ docs }, {}, { guards, names: "plain" });
  return { ...made, ada: made.as("ada") };
}

describe("a tool under another name", () => {
  const aliased = { tools: { create_issue: { name: "create" } } };

  it("is the one that is called only where its name is no other's: a server that adds one of that name gets no call", async () => {
    const docs = { ...toolServer(["create_issue", "create"]), routed: aliased };
    const { ada, pool } = guarded(docs, { policy: { allow: [{ tool: "create_issue" }] } });
    await ada.callTool("create").catch(() => {});
    const called = pool.received.filter(({ method }) => method === call).map(({ params }) => params["name"]);
    expect(called).not.toContain("create");
  });

  it("is nobody's where its own server has it twice, as the list says", async () => {
    const docs = { ...toolServer(["create_issue", "create"]), routed: aliased };
    for (const guards of [{}, { policy: { deny: [{ tool: "other" }] } }]) {
      const { ada, pool } = guarded(docs, guards);
      expect((await ada.listTools()).ambiguous).toEqual([{ name: "create", servers: ["docs"] }]);
      await expect(ada.callTool("create")).rejects.toThrow("[TOOL_UNKNOWN]");
      expect(pool.methods("docs")).not.toContain(call);
      await ada.callTool({ server: "docs", tool: "create" });
    }
  });
});

describe("a quota for each tool", () => {
  it("counts tools that there are: a name that somebody makes up is kept nowhere", async () => {
    const { ada, pool } = guarded(toolServer(["read"]), { quotas: [{ per: ["tool"], calls: 1 }] });
    for (const made of ["READ", "read ", "x".repeat(100)])
      await expect(ada.callTool({ server: "docs", tool: made })).rejects.toThrow("[TOOL_UNKNOWN]");
    expect(pool.methods("docs")).not.toContain(call);
    await ada.callTool({ server: "docs", tool: "read" });
    await expect(ada.callTool({ server: "docs", tool: "read" })).rejects.toThrow("[RATE_LIMITED]");
  });
});

describe("before there is a user", () => {
  it("a server of which nothing is allowed is not asked", async () => {
    const servers = Object.fromEntries(
      ["docs", "secrets"].map((id) => [id, { ...toolServer(["read"]), routed: { discovery: {} } }]),
    );
    const { router, pool } = workspace(
      servers,
      {},
      { guards: { policy: { deny: [{ server: "secrets" }] } } },
    );
    const { tools, unavailable } = await router.discovery().listTools();
    expect(tools.map(({ name }: CatalogTool) => name)).toEqual(["docs__read"]);
    expect(unavailable).toEqual([]);
    expect(pool.methods("secrets")).toEqual([]);
  });
});

describe("what a server is told that was allowed", () => {
  it("is what the policy saw: nobody on the way changes it in place", async () => {
    const { ada, pool } = workspaceOf([
      (given, next) => {
        (given.arguments as { to: string }).to = "eve";
        return next();
      },
    ]);
    await expect(ada.callTool("docs__send", { to: "bob" })).rejects.toThrow("[CALL_DENIED]");
    expect(pool.methods("docs")).not.toContain(call);
  });
});

function workspaceOf(
  interceptors: NonNullable<NonNullable<Parameters<typeof workspace>[2]>["guards"]>["interceptors"],
) {
  const policy: Policy = { deny: [{ arguments: [{ path: "to", equals: "eve" }] }] };
  const made = workspace({ docs: toolServer(["send"]) }, {}, { guards: { policy, interceptors } });
  return { ...made, ada: made.as("ada") };
}
