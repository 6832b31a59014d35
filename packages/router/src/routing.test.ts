import type { ServerId, WorkspaceClient, WorkspaceId } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import { approvalsInMemory } from "../test/approvals-in-memory.ts";
import { toolServer, type Received } from "../test/memory-pool.ts";
import { workspace } from "../test/workspace.ts";

const launch = { server: "docs" as ServerId, kind: "launch", name: "" } as const;
const needed = { code: "APPROVAL_REQUIRED", approval: { kind: "launch" } };

/** A workspace with one server that has to be approved; `resolve` is asked for its credential. */
function workspaceWith(mode: "review" | "trust-on-first-use", answer = toolServer(["read"]).answer) {
  const resolve = vi.fn(() => ({ subject: "ada", generation: "1", origins: [] }));
  const credentials = { resolve };
  const docs = { answer, routed: { credentials, discovery: { credentials } } };
  return {
    ...workspace({ docs }, {}, { guards: { approvals: mode }, store: approvalsInMemory() }),
    resolve,
  };
}

describe("a server to which the way is not approved", () => {
  const failureOf = (asked: Promise<unknown>) => asked.catch((failure: unknown) => failure);
  const missing = async (asked: Promise<{ unavailable: readonly { error: unknown }[] }>) =>
    (await asked).unavailable[0]?.error;

  it.each<[string, (ada: WorkspaceClient) => Promise<unknown>]>([
    ["is called by a name in the catalog", (ada) => failureOf(ada.callTool("docs__read"))],
    ["is called by its own names", (ada) => failureOf(ada.callTool({ server: "docs", tool: "read" }))],
    ["is read", (ada) => failureOf(ada.readResource({ server: "docs", uri: "docs://one" }))],
    ["is asked for a prompt", (ada) => failureOf(ada.getPrompt({ server: "docs", prompt: "greet" }))],
    ["lists", (ada) => missing(ada.listTools())],
    ["is listened to", (ada) => missing(ada.subscribe({ tools: true }, () => {}))],
  ])("is not reached, and has no credential resolved, where it %s", async (_, ask) => {
    const { as, pool, resolve } = workspaceWith("review");
    expect(await ask(as("ada"))).toMatchObject(needed);
    expect([pool.targets, resolve.mock.calls]).toEqual([[], []]);
  });

  it("is not reached before there is a user", async () => {
    const { router, pool, resolve } = workspaceWith("review");
    expect(await missing(router.discovery().listTools())).toMatchObject(needed);
    expect([pool.targets, resolve.mock.calls]).toEqual([[], []]);
  });

  it("shows nothing of what it was listing when its approval was taken back", async () => {
    let revoke = async () => {};
    const { answer } = toolServer(["read"]);
    const { all, as } = workspaceWith("trust-on-first-use", async (request: Received) => {
      await revoke();
      return answer(request);
    });
    revoke = () => all.approvals("acme" as WorkspaceId).revoke(launch, "eve");
    expect(await as("ada").listTools()).toMatchObject({ tools: [], unavailable: [{ error: needed }] });
  });
});
