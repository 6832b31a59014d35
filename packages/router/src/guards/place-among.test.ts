import { principalOf, type ServerId, type Upstream, type WorkspaceId } from "@tenantry/core";
import { expect, it } from "vitest";
import { createRouter, type Policy } from "../index.ts";
import { ManualClock } from "../../test/manual-clock.ts";
import { MemoryPool, toolServer } from "../../test/memory-pool.ts";

const upstream: Upstream = { endpoint: () => Promise.reject(new Error("The router opened an endpoint.")) };

/** Ada's view of two servers that have a tool of one name, named by the servers' own names. */
function ada(policy: Policy) {
  const servers = { one: toolServer(["search"]), two: toolServer(["search", "read"]) };
  const pool = new MemoryPool(servers);
  const router = createRouter({ pool, clock: new ManualClock(), guards: { policy } });
  const routed = Object.keys(servers).map((id) => {
    return { ref: { id: id as ServerId, digest: id }, share: "user", upstream } as const;
  });
  const workspace = router.workspace("acme" as WorkspaceId, routed, { names: "plain" });
  return { view: workspace.as(principalOf({ workspace: "acme", user: "ada" }), {}), pool };
}

it.each<[string, Policy]>([
  ["a rule denies", { deny: [{ server: "two", tool: "search" }] }],
  ["a function denies", async ({ server, name }) => server === "one" || name !== "search"],
])("what %s makes no name ambiguous, in the list and at the call", async (_why, policy) => {
  const { view, pool } = ada(policy);
  const { tools, ambiguous } = await view.listTools();
  expect(tools.map(({ origin }) => origin)).toEqual([
    { server: "one", tool: "search" },
    { server: "two", tool: "read" },
  ]);
  expect(ambiguous).toBeUndefined();
  await view.callTool("search");
  expect(pool.methods("one")).toContain("tools/call");
  expect(pool.methods("two")).not.toContain("tools/call");
});

it("what two servers may both be asked for under one name is nobody's", async () => {
  const { view, pool } = ada({ deny: [{ tool: "other" }] });
  expect((await view.listTools()).ambiguous).toEqual([{ name: "search", servers: ["one", "two"] }]);
  await expect(view.callTool("search")).rejects.toThrow("[TOOL_UNKNOWN]");
  expect(pool.received.filter(({ method }) => method === "tools/call")).toEqual([]);
  await view.callTool("read");
});
