import { inspect } from "node:util";
import { principalOf, type Principal, type ServerId, type WorkspaceId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { MemoryPool, toolServer } from "../test/memory-pool.ts";
import { fromToken, workspace } from "../test/workspace.ts";
import { createRouter, type RoutedServer } from "./index.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("createRouter", () => {
  const server = { ref: { id: "docs" as ServerId, digest: "d" }, share: "user" } as RoutedServer;
  const create = (servers: readonly RoutedServer[], limits = {}) =>
    createRouter({ pool: new MemoryPool({}), limits }).workspace("acme" as WorkspaceId, servers);

  it("refuses what is malformed", () => {
    expect(() => create([server, server])).toThrow(code("CONFIG_INVALID"));
    expect(() => create([{ ...server, timeoutMs: 0 }])).toThrow(code("CONFIG_INVALID"));
    expect(() => create([{ ...server, ref: { ...server.ref, id: "" as ServerId } }])).toThrow(
      code("DEFINITION_INVALID"),
    );
    expect(() => create([server], { maxPages: -1 })).toThrow(code("CONFIG_INVALID"));
  });

  it("keeps to the servers that it was given, which it leaves as they are", async () => {
    const servers = [Object.freeze(server)];
    const router = create(servers);
    servers.length = 0;
    const statuses = await router.as(principalOf({ workspace: "acme", user: "ada" }), {}).servers();
    expect(statuses).toMatchObject([{ server: "docs", status: "unavailable" }]);
  });
});

describe("as", () => {
  it("needs a principal of its own workspace", () => {
    const { router, pool } = workspace({ docs: toolServer([]) });
    const invalid = code("PRINCIPAL_INVALID");
    expect(() => router.as(undefined as never, {})).toThrow(invalid);
    expect(() => router.as({ workspace: "acme" } as Principal, {})).toThrow(invalid);
    expect(() => router.as({ workspace: "acme", user: " " } as Principal, {})).toThrow(invalid);
    expect(() => router.as(principalOf({ workspace: "other", user: "ada" }), {})).toThrow(invalid);
    expect(pool.targets).toEqual([]);
  });

  it("keeps the principal and the context as they were", async () => {
    const { router, pool } = workspace({
      docs: { ...toolServer(["a"]), routed: { credentials: fromToken(new Error()) } },
    });
    const principal = { ...principalOf({ workspace: "acme", user: "ada" }) };
    const context: Record<string, unknown> = { token: "hers" };
    const ada = router.as(principal, context);
    context["token"] = "his";
    Object.assign(principal, { user: "bob" });
    await ada.listTools();
    expect(ada.principal).toEqual({ workspace: "acme", user: "ada" });
    expect(pool.received).toMatchObject([{ subject: "hers", scope: { user: "ada" } }]);
    expect(pool.contexts.every((given) => Object.isFrozen(given))).toBe(true);
  });

  it("shows nothing of the context to who inspects it", () => {
    const ada = workspace({}).as("ada", { token: "s3cret" });
    expect(inspect(ada, { depth: 9, showHidden: true }) + JSON.stringify(ada)).not.toContain("s3cret");
  });

  it("opens nothing before it is used", () => {
    const { as, pool } = workspace({ docs: toolServer([]) });
    as("ada");
    expect(pool.targets).toEqual([]);
  });

  it("separates the conversations of one user", async () => {
    const { router, pool } = workspace({ docs: toolServer(["a"]) });
    for (const session of ["one", "two", "one"]) {
      await router.as(principalOf({ workspace: "acme", user: "ada", session }), {}).callTool("docs__a");
    }
    expect(pool.opened).toBe(2);
  });
});
