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

  it("gives a client that nobody can make another principal's", async () => {
    const { router, pool } = workspace({ docs: toolServer(["a"]) });
    const ada = router.as(principalOf({ workspace: "acme", user: "ada" }), {});
    const bob = { workspace: "acme", user: "bob" };
    expect(() => Object.assign(ada, { principal: bob })).toThrow(TypeError);
    expect(() => Object.defineProperty(ada, "principal", { value: bob })).toThrow(TypeError);
    expect(() => Object.assign(ada, { callTool: () => "forged" })).toThrow(TypeError);
    expect(() => Object.assign(Object.getPrototypeOf(ada) as object, { listTools: 1 })).toThrow(TypeError);
    expect(() => Object.assign(ada.principal, bob)).toThrow(TypeError);
    expect(() => Object.assign(router.discovery(), { listTools: 1 })).toThrow(TypeError);
    await ada.callTool("docs__a");
    expect(pool.received.map(({ scope }) => scope)).toEqual(
      pool.received.map(() => ({ share: "user", workspace: "acme", user: "ada" })),
    );
  });

  it("refuses a principal with a key that there is not, which may be a misspelt session", () => {
    const { router } = workspace({});
    const principal = { ...principalOf({ workspace: "acme", user: "ada" }), sesion: "one" };
    expect(() => router.as(principal, {})).toThrow(code("PRINCIPAL_INVALID"));
    expect(() => router.as(principal, {})).toThrow(/no "sesion"/u);
  });

  it.each([[null], [5], ["token"], [[]], [new Map([["token", "hers"]])], [new (class Session {})()]])(
    "refuses the context %o, of which a copy would hold nothing",
    (context) => {
      const { router } = workspace({});
      const ada = principalOf({ workspace: "acme", user: "ada" });
      expect(() => router.as(ada, context as object)).toThrow(code("ARGUMENT_INVALID"));
    },
  );

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
