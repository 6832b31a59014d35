import { CounterTable, TenantryError, type CatalogTool } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import type { GuardOptions, Policy } from "../index.ts";
import { never, toolServer } from "../../test/memory-pool.ts";
import { workspace, type MoreSetup, type ServerSetup } from "../../test/workspace.ts";

const call = "tools/call";

/** Ada's view of one server, under rules. */
function guarded(docs: ServerSetup, guards: GuardOptions, store?: MoreSetup["store"]) {
  const made = workspace({ docs }, {}, { guards, store, names: "plain" });
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

describe("what was decided by a name alone", () => {
  it("does not hold for another tool that the list has under it", async () => {
    // The server has no "read" to be called so; its own "write" is what has that name.
    const docs = { ...toolServer(["write"]), routed: { tools: { read: { name: "docs__write" } } } };
    const { as, pool } = workspace({ docs }, {}, { guards: { policy: { allow: [{ tool: "read" }] } } });
    await expect(as("ada").callTool("docs__write")).rejects.toThrow("[TOOL_UNKNOWN]");
    expect(pool.methods("docs")).toEqual(["tools/list"]);
  });

  it("does not make a tool callable that is not shown", async () => {
    const docs = { ...toolServer(["read", "write"]), routed: { tools: { write: { enabled: false } } } };
    const { ada, pool } = guarded(docs, { policy: { allow: [{ server: "docs" }] } });
    await ada.callTool({ server: "docs", tool: "read" });
    await expect(ada.callTool({ server: "docs", tool: "write" })).rejects.toThrow("[TOOL_UNKNOWN]");
    expect(pool.methods("docs").filter((method) => method === call)).toHaveLength(1);
  });
});

describe("a tool that is called by its server's own name before anything was listed", () => {
  const reading = toolServer(["read"]);
  const docs: ServerSetup = {
    answer: (request) =>
      request.method === "tools/list"
        ? {
            tools: [{ name: "read", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }],
          }
        : reading.answer(request),
  };

  it("is sent again where a server whose word is taken says that this does no harm", async () => {
    const { ada, pool } = guarded({ ...docs, routed: { trustsAnnotations: true } }, {});
    await ada.callTool({ server: "docs", tool: "read" });
    expect(pool.methods("docs")).toEqual(["tools/list", call]);
    expect(pool.resends.at(-1)).toBe("safe");
  });

  it("is shown to interceptors with its definition", async () => {
    const seen: unknown[] = [];
    const { ada } = guarded(docs, {
      interceptors: [
        ({ definition }, next) => {
          seen.push(definition?.annotations);
          return next();
        },
      ],
    });
    await ada.callTool({ server: "docs", tool: "read" });
    expect(seen).toEqual([{ readOnlyHint: true }]);
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

describe("a call that its caller leaves", () => {
  it("while it is counted reaches no interceptor, and keeps no place", async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    let begun = 0;
    const guards: GuardOptions = {
      quotas: [{ calls: 10, concurrent: 1, shared: true }],
      interceptors: [
        (_, next) => {
          begun++;
          return next();
        },
      ],
    };
    const { ada } = guarded(toolServer(["read"]), guards, slowStore(asked.resolve, answered.promise));
    const leaving = new AbortController();
    const left = ada.callTool("read", {}, { signal: leaving.signal });
    await asked.promise;
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    answered.resolve();
    // What waited for the answer goes on first.
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toBe(0);
    await ada.callTool("read");
    expect(begun).toBe(1);
  });

  it("while an interceptor waits for ever keeps no place", async () => {
    const begun = Promise.withResolvers<void>();
    let calls = 0;
    const guards: GuardOptions = {
      quotas: [{ concurrent: 1 }],
      interceptors: [
        (_, next) => {
          begun.resolve();
          return calls++ === 0 ? never() : next();
        },
      ],
    };
    const { ada } = guarded(toolServer(["read"]), guards);
    const leaving = new AbortController();
    const left = ada.callTool("read", {}, { signal: leaving.signal });
    await begun.promise;
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    await ada.callTool("read");
  });
});

describe("whoever hears of refusals", () => {
  it("hears of no server's failure", async () => {
    const heard: unknown[] = [];
    const docs = {
      answer: () => {
        throw new TenantryError("SERVER_UNAVAILABLE", "It is down.");
      },
    };
    const interceptors = [{ refused: (_: unknown, { code }: TenantryError) => void heard.push(code) }];
    const { ada } = guarded(docs, { interceptors, quotas: [{ per: ["tool"], calls: 1 }] });
    await expect(ada.callTool("read")).rejects.toThrow("[SERVER_UNAVAILABLE]");
    expect(heard).toEqual([]);
    const shown = guarded(toolServer(["read"]), { interceptors, policy: { deny: [{ tool: "read" }] } });
    await expect(shown.ada.callTool("read")).rejects.toThrow("[TOOL_UNKNOWN]");
    expect(heard).toEqual(["TOOL_UNKNOWN"]);
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

/** A store whose counters say when they are asked, and answer then. */
function slowStore(asked: () => void, answered: Promise<void>): NonNullable<MoreSetup["store"]> {
  const table = new CounterTable({ clock: Date });
  const counters = {
    add: async (name: string, points: number, { ttlMs }: { readonly ttlMs: number }) => {
      asked();
      await answered;
      return table.add(name, points, ttlMs);
    },
    get: async () => undefined,
    reset: async () => {},
  };
  return { counters } as Partial<NonNullable<MoreSetup["store"]>> as NonNullable<MoreSetup["store"]>;
}
