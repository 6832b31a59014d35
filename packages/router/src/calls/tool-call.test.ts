import { channel, tracingChannel } from "node:diagnostics_channel";
import { TenantryError, type CallToolResult, type DiagnosticEvents, type ServerId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { never, toolServer, type Received } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";
import { toolName } from "../names/tool-name.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const said = (result: CallToolResult) => JSON.parse((result.content[0] as { text: string }).text) as unknown;
const list = "tools/list";
const call = "tools/call";

/** A server that lists `tool` and answers calls as told. */
function calling(answer: (request: Received) => unknown) {
  const lists = toolServer(["tool"]);
  return {
    answer: (request: Received) => (request.method === list ? lists.answer(request) : answer(request)),
  };
}

describe("calling by name", () => {
  it("finds the tool in the server's own list once, and then calls at once", async () => {
    const { as, pool } = workspace({ docs: toolServer(["read", "a b"]), other: toolServer(["read"]) });
    const ada = as("ada");
    expect(said(await ada.callTool("docs__read", { page: 1 }))).toMatchObject({
      name: "read",
      arguments: { page: 1 },
    });
    const hashed = toolName("docs" as ServerId, "a b");
    expect(said(await ada.callTool(hashed))).toMatchObject({ name: "a b", arguments: {} });
    expect(pool.methods("docs")).toEqual([list, call, call]);
    expect(pool.methods("other")).toEqual([]);
    expect(pool.resends).toEqual(["refused", "safe", "refused", "refused"]);
  });

  it("knows the tools that were listed before", async () => {
    const { as, pool } = workspace({ docs: toolServer(["read"]) });
    const ada = as("ada");
    await ada.listTools();
    await ada.callTool("docs__read");
    expect(pool.methods("docs")).toEqual([list, call]);
  });

  it("looks once more for a tool that came later", async () => {
    const offered = ["old"];
    const { as, pool } = workspace({ docs: toolServer(() => offered) });
    const ada = as("ada");
    await ada.callTool("docs__old");
    offered.push("new");
    await ada.callTool("docs__new");
    expect(pool.methods("docs")).toEqual([list, call, list, call]);
  });

  it("looks once for many calls at the same time", async () => {
    const { as, pool } = workspace({ docs: toolServer(["read"]) });
    const ada = as("ada");
    await ada.listTools().catch(() => {});
    pool.received.length = 0;
    const calls = Array.from({ length: 5 }, () =>
      ada.callTool("docs__missing").catch((error: TenantryError) => error.code),
    );
    expect(await Promise.all(calls)).toEqual(Array(5).fill("TOOL_UNKNOWN"));
    expect(pool.methods("docs")).toEqual([list]);
  });

  it("does not find through one user what only another was shown", async () => {
    const docs = toolServer((scope) =>
      scope.share === "user" && scope.user === "ada" ? ["hers"] : ["common"],
    );
    const { as, pool } = workspace({ docs });
    await as("ada").callTool("docs__hers");
    await expect(as("bob").callTool("docs__hers")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    expect(pool.received.filter(({ method }) => method === call)).toHaveLength(1);
  });

  it("asks all servers whose slugged names begin alike, and waits for none that it does not need", async () => {
    const { as, pool } = workspace({
      "a b": { ...toolServer([]), open: never },
      "a.b": toolServer(["x"]),
      c: toolServer([]),
    });
    await as("ada").callTool(toolName("a.b" as ServerId, "x"));
    expect(pool.methods("a.b")).toEqual([list, call]);
    expect(pool.targets.map(({ server }) => server.id)).toEqual(["a b", "a.b", "a.b"]);
  });

  it("takes the server that has the tool, whichever answers first", async () => {
    const { as, pool } = workspace({
      "a b": toolServer([]),
      "a.b": { ...toolServer(["x"]), open: settle as never },
    });
    await as("ada").callTool(toolName("a.b" as ServerId, "x"));
    expect(pool.methods("a.b")).toEqual([list, call]);
  });

  it("says that a server failed rather than that a tool is unknown, where either may be", async () => {
    const { as } = workspace({ "a b": { answer: () => ({}) }, "a.b": toolServer([]) });
    const name = toolName("a.b" as ServerId, "x");
    await expect(as("ada").callTool(name)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });
});

describe("calling by server and tool", () => {
  it("takes one round trip", async () => {
    const { as, pool } = workspace({ "any id": toolServer([]) });
    const result = await as("ada").callTool(
      Object.freeze({ server: "any id", tool: "not/listed" }),
      Object.freeze({ a: 1 }),
    );
    expect(said(result)).toMatchObject({ name: "not/listed", arguments: { a: 1 } });
    expect(pool.methods("any id")).toEqual([call]);
  });
});

describe("what is unknown", () => {
  it.each([
    "nowhere__tool",
    "docs__",
    "",
    "docs",
    "__proto__",
    "constructor",
    { server: "nowhere", tool: "tool" },
    { server: "__proto__", tool: "tool" },
  ])("%j is refused before anything is sent", async (tool) => {
    const { as, pool } = workspace({ docs: toolServer(["tool"]) });
    await expect(as("ada").callTool(tool)).rejects.toMatchObject({
      code: "TOOL_UNKNOWN",
      delivery: "unsent",
    });
    expect(pool.targets).toEqual([]);
  });

  it("reads the same whether the server or the tool is missing", async () => {
    const { as } = workspace({ docs: toolServer(["tool"]) });
    const failed = async (name: string) =>
      as("ada")
        .callTool(name)
        .catch((error: unknown) =>
          JSON.stringify({ ...(error as object), message: String(error) }).replaceAll(name, "NAME"),
        );
    expect(await failed("docs__none")).toBe(await failed("nope__none"));
  });

  it("is quoted", async () => {
    const { as } = workspace({ docs: toolServer([]) });
    await expect(as("ada").callTool("x\r\n\u202ey")).rejects.toThrow(
      'There is no tool "x\\r\\n\\u202ey" here',
    );
  });
});

describe("what is sent", () => {
  it("is checked before a connection is borrowed", async () => {
    const { as, pool } = workspace({ docs: toolServer(["tool"]) });
    const ada = as("ada");
    const invalid = { code: "ARGUMENT_INVALID", delivery: "unsent" };
    await expect(ada.callTool("docs__tool", { n: 1n })).rejects.toMatchObject(invalid);
    await expect(ada.callTool("docs__tool", {}, { timeoutMs: -1 })).rejects.toMatchObject(invalid);
    await expect(ada.callTool(7 as never)).rejects.toMatchObject(invalid);
    await expect(ada.callTool({ server: "docs" } as never)).rejects.toMatchObject(invalid);
    expect(pool.targets).toEqual([]);
  });

  it("is what the arguments were when the call was made", async () => {
    const { as } = workspace({ docs: toolServer(["tool"]) });
    const args = { n: 1 };
    const result = as("ada").callTool("docs__tool", args);
    args.n = 2;
    expect(said(await result)).toMatchObject({ arguments: { n: 1 } });
  });
});

describe("what comes back", () => {
  it("is the server's result, untouched, also where the tool failed", async () => {
    const result = Object.freeze({
      content: [],
      isError: true,
      structuredContent: { a: 1 },
      _meta: { x: 1 },
    });
    const { as } = workspace({ docs: calling(() => result) });
    expect(await as("ada").callTool("docs__tool")).toBe(result);
  });

  it("is told of progress on the way", async () => {
    const { as } = workspace({
      docs: calling(({ options }) => (options.onProgress?.({ progress: 1 }), { content: [] })),
    });
    const seen: unknown[] = [];
    await as("ada").callTool("docs__tool", {}, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([{ progress: 1 }]);
  });

  it("is the server's error as the connection gave it", async () => {
    const failure = new TenantryError("SERVER_ERROR", "No.", { delivery: "answered" });
    const { as } = workspace({ docs: calling(() => Promise.reject(failure)) });
    await expect(as("ada").callTool("docs__tool")).rejects.toBe(failure);
  });
});

describe("sending again", () => {
  const lost = () =>
    new TenantryError("CONNECTION_LOST", "Gone.", { delivery: "unknown", recover: "reconnect" });

  it("is left to those who say that it does no harm", async () => {
    let calls = 0;
    const { as } = workspace({
      docs: calling(() => (++calls % 2 === 1 ? Promise.reject(lost()) : { content: [] })),
    });
    await expect(as("ada").callTool("docs__tool")).rejects.toMatchObject({ delivery: "unknown" });
    expect(calls).toBe(1);
    calls = 0;
    await as("ada").callTool("docs__tool", {}, { idempotent: true });
    expect(calls).toBe(2);
  });

  it("is no question where the list failed: the tool was not called", async () => {
    const docs = {
      answer: ({ method }: Received) => (method === list ? Promise.reject(lost()) : { content: [] }),
    };
    const { as, pool } = workspace({ docs });
    await expect(as("ada").callTool("docs__tool")).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      delivery: "unsent",
      retryable: true,
      cause: { delivery: "unknown" },
    });
    expect(pool.methods("docs")).toEqual([list, list]);
  });
});

describe("time", () => {
  it("bounds connecting, when nothing has run yet", async () => {
    const { as, clock } = workspace({ docs: { ...toolServer(["tool"]), open: never } });
    const result = as("ada").callTool("docs__tool", {}, { timeoutMs: 100 });
    clock.advance(100);
    const expected = { code: "TIMEOUT", delivery: "unsent", retryable: true, server: "docs" };
    await expect(result).rejects.toMatchObject(expected);
    expect(clock.pending).toBe(0);
  });

  it("bounds finding the tool, when nothing has run yet", async () => {
    const { as, clock } = workspace({ docs: { answer: never } });
    const result = as("ada").callTool("docs__tool", {}, { timeoutMs: 100 });
    await settle();
    clock.advance(100);
    await expect(result).rejects.toMatchObject({ code: "TIMEOUT", delivery: "unsent" });
    expect(clock.pending).toBe(0);
  });

  it("bounds the call itself, which may have run", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { as, clock } = workspace({
      docs: calling(({ options }) => (signals.push(options.signal), never())),
    });
    const result = as("ada").callTool("docs__tool", {}, { timeoutMs: 100 });
    await settle();
    clock.advance(100);
    await expect(result).rejects.toMatchObject({ code: "TIMEOUT", delivery: "unknown", retryable: false });
    expect(signals[0]?.aborted).toBe(true);
  });

  it("is one for finding the tool and calling it, and the server hears of no other", async () => {
    const timeouts: unknown[] = [];
    const lists = toolServer(["tool"]);
    const spent = { now: (): void => {} };
    const { as, clock } = workspace({
      docs: {
        routed: { timeoutMs: 1_000 },
        answer(request) {
          if (request.method !== list) return (timeouts.push(request.options.timeoutMs), never());
          spent.now();
          return lists.answer(request);
        },
      },
    });
    spent.now = () => clock.advance(400);
    const result = as("ada").callTool("docs__tool");
    let isOver = false;
    result.catch(() => {}).finally(() => (isOver = true));
    await settle();
    clock.advance(599);
    await settle();
    expect([isOver, timeouts]).toEqual([false, [Infinity]]);
    clock.advance(1);
    await expect(result).rejects.toMatchObject({ code: "TIMEOUT", delivery: "unknown" });
  });

  it.each([
    ["unknown", "refused", "unknown", true],
    ["refused", "refused", "refused", false],
  ] as const)(
    "after attempts that were %s and %s finds the call %s",
    async (first, second, delivery, idempotent) => {
      const failures = [first, second];
      let connects = 0;
      const { as, clock, pool } = workspace({
        docs: {
          answer: () => {
            const failed = failures.shift();
            const facts = {
              recover: "reconnect",
              ...(failed === undefined ? {} : { delivery: failed }),
            } as const;
            throw new TenantryError("CONNECTION_LOST", "Gone.", facts);
          },
          open: () => (connects++ < 2 ? Promise.resolve() : never()),
        },
      });
      pool.resendsMost = 2;
      const result = as("ada").callTool({ server: "docs", tool: "tool" }, {}, { idempotent, timeoutMs: 100 });
      await settle();
      clock.advance(100);
      await expect(result).rejects.toMatchObject({ code: "TIMEOUT", delivery, retryable: true });
    },
  );

  it("ends with the caller's own reason when the caller leaves", async () => {
    const { as, clock } = workspace({ docs: calling(never) });
    const caller = new AbortController();
    const reason = new Error("enough");
    const result = as("ada").callTool("docs__tool", {}, { signal: caller.signal });
    await settle();
    caller.abort(reason);
    await expect(result).rejects.toBe(reason);
    await expect(as("ada").callTool("docs__tool", {}, { signal: caller.signal })).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });
});

describe("tracing", () => {
  it("tells of server, tool and scope, and never of arguments or context", async () => {
    const events: DiagnosticEvents["tenantry:router:call"][] = [];
    const names = tracingChannel("tenantry:router:call");
    const record = { asyncEnd: (event: object) => void events.push(event as (typeof events)[number]) };
    names.subscribe(record as never);
    try {
      const { as } = workspace({ docs: calling(() => ({ content: [] })) });
      const ada = as("ada", { token: "s3cret" });
      await ada.callTool("docs__tool", { password: "s3cret" });
      await ada.callTool({ server: "docs", tool: "tool" }, { password: "s3cret" });
      await ada.callTool("docs__none").catch(() => {});
    } finally {
      names.unsubscribe(record as never);
    }
    const scope = { share: "user", workspace: "acme", user: "ada" };
    expect(events).toMatchObject([
      { scope, server: "docs", tool: "tool" },
      { scope, server: "docs", tool: "tool" },
      { scope, server: "docs", tool: "docs__none", error: { code: "TOOL_UNKNOWN" } },
    ]);
    expect(JSON.stringify(events)).not.toContain("s3cret");
    expect(channel("tracing:tenantry:router:call:start").hasSubscribers).toBe(false);
  });
});
