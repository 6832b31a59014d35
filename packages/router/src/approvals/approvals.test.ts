import { expect, it } from "vitest";
import { approvalsInMemory } from "../../test/approvals-in-memory.ts";
import type { Received } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

it("a tool without a canonical form is approved by nobody, however often it is called", async () => {
  const tools = ["good", "odd"].map((name) => ({
    name,
    description: name === "odd" ? "\ud800" : "Reads a note.",
    inputSchema: { type: "object" },
  }));
  const docs = { answer: ({ method }: Received) => (method === "tools/list" ? { tools } : { content: [] }) };
  const guards = { approvals: "trust-on-first-use" } as const;
  const { as, pool } = workspace({ docs }, {}, { guards, store: approvalsInMemory() });
  const ada = as("ada");
  for (let times = 0; times < 2; times++) {
    await ada.callTool("docs__good");
    await expect(ada.callTool("docs__odd")).rejects.toMatchObject({
      code: "APPROVAL_REQUIRED",
      approval: { kind: "tool", name: "odd" },
    });
  }
  const called = pool.received.filter(({ method }) => method === "tools/call");
  expect(called.map(({ params }) => params["name"])).toEqual(["good", "good"]);
});
