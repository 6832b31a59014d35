import { setImmediate as settle } from "node:timers/promises";
import { TenantryError, type CatalogTool, type ServerEvent } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { never, toolServer, type MemoryServer, type Received } from "../../test/memory-pool.ts";
import { fromToken, remoteRef, workspace } from "../../test/workspace.ts";

const list = "tools/list";
const names = ({ tools }: { readonly tools: readonly CatalogTool[] }) => tools.map(({ name }) => name);
const down = () => Promise.reject(new TenantryError("CONNECT_FAILED", "It is down.", { retryable: true }));

/** A server whose answers are told of one by one; each list has the next of `lists`, and the last for ever. */
function listing(...lists: readonly (readonly string[] | object | (() => Promise<never>))[]): MemoryServer {
  let at = 0;
  return {
    era: "modern",
    answer({ method }: Received) {
      if (method !== list) return { content: [] };
      const next = lists[Math.min(at++, lists.length - 1)];
      if (typeof next === "function") return (next as () => Promise<never>)();
      if (!Array.isArray(next)) return next;
      return { tools: (next as string[]).map((name) => ({ name, inputSchema: { type: "object" } })) };
    },
  };
}

const withTtl = (ttlMs: number, name: string, more: object = {}) => ({
  tools: [{ name, inputSchema: { type: "object" } }],
  ttlMs,
  ...more,
});

describe("a list that is known", () => {
  it("is given without asking, to every view of its user", async () => {
    const { as, pool } = workspace({ docs: listing(["a"], ["b"]) });
    expect(names(await as("ada").listTools())).toEqual(["docs__a"]);
    expect(names(await as("ada").listTools())).toEqual(["docs__a"]);
    expect(pool.methods("docs")).toEqual([list]);
  });

  it("is one object for all who are shown the same, frozen throughout", async () => {
    const { as } = workspace({ docs: toolServer(["a"]) });
    const [hers, his] = [await as("ada").listTools(), await as("bob").listTools()];
    expect(his.tools).toBe(hers.tools);
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(hers)).toBe(true);
  });

  it("is asked for anew by whoever wants a fresh one", async () => {
    const { as, pool } = workspace({ docs: listing(["a"], ["b"]) });
    await as("ada").listTools();
    expect(names(await as("ada").listTools({ fresh: true }))).toEqual(["docs__b"]);
    expect(names(await as("ada").listTools())).toEqual(["docs__b"]);
    expect(pool.methods("docs")).toEqual([list, list]);
  });

  it("is given once more when it is old, while it is asked for anew by whoever wanted it", async () => {
    const { as, pool, clock } = workspace({ docs: listing(["a"], ["b"]) });
    const ada = as("ada");
    await ada.listTools();
    clock.advance(299_999);
    await ada.listTools();
    await settle();
    expect(pool.methods("docs")).toEqual([list]);
    clock.advance(1);
    const old = await Promise.all([ada.listTools(), ada.listTools(), as("ada").listTools()]);
    expect(old.map(names)).toEqual(Array(3).fill(["docs__a"]));
    await settle();
    expect(pool.methods("docs")).toEqual([list, list]);
    expect(pool.received.at(-1)?.scope).toEqual({ share: "user", workspace: "acme", user: "ada" });
    expect(names(await ada.listTools())).toEqual(["docs__b"]);
    expect(clock.pending).toBe(0);
  });

  it("is good for as long as its server says, and then waited for", async () => {
    const { as, pool, clock } = workspace({ docs: listing(withTtl(1_000, "a"), withTtl(0, "b")) });
    const ada = as("ada");
    await ada.listTools();
    clock.advance(999);
    expect(names(await ada.listTools())).toEqual(["docs__a"]);
    clock.advance(1);
    expect(names(await ada.listTools())).toEqual(["docs__b"]);
    expect(names(await ada.listTools())).toEqual(["docs__b"]);
    expect(pool.methods("docs")).toEqual([list, list, list]);
  });

  it("belongs to whoever's authority it was read under", async () => {
    const { as, pool } = workspace({
      docs: { ...listing(["hers"], ["his"]), routed: { credentials: fromToken(new Error()) } },
    });
    expect(names(await as("ada", { token: "one" }).listTools())).toEqual(["docs__hers"]);
    expect(names(await as("ada", { token: "two" }).listTools())).toEqual(["docs__his"]);
    expect(names(await as("ada", { token: "one" }).listTools())).toEqual(["docs__hers"]);
    expect(pool.received.map(({ subject }) => subject)).toEqual(["one", "two"]);
  });

  it("belongs to whoever's authority it was read under, whichever the user has by then", async () => {
    const opened = Promise.withResolvers<void>();
    const granted = ["first", "second"];
    let grant = "first";
    const { as, pool } = workspace({
      docs: {
        era: "modern",
        open: () => (grant === "first" ? opened.promise : Promise.resolve()),
        answer: ({ subject }) => ({ tools: [{ name: subject, inputSchema: { type: "object" } }] }),
        routed: { credentials: { resolve: async () => ({ subject: grant, generation: "1", origins: [] }) } },
      },
    });
    const ada = as("ada");
    const before = ada.listTools();
    await settle();
    grant = "second";
    expect(names(await ada.listTools())).toEqual(["docs__second"]);
    opened.resolve();
    expect(names(await before)).toEqual(["docs__first"]);
    expect(names(await ada.listTools())).toEqual(["docs__second"]);
    await expect(ada.callTool("docs__first")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    expect(
      pool.received
        .map(({ subject }) => subject)
        .slice(0, 2)
        .toSorted(),
    ).toEqual(granted);
  });

  describe("is looked through under the authority that a call has, whichever its user has by then", () => {
    /** A server that lists its user's subject; whoever borrows its connection for the `late` time waits for `begin`. */
    function changing(late: number) {
      const { promise, resolve: begin } = Promise.withResolvers<void>();
      const state = { grant: "first" };
      let lent = 0;
      const made = workspace({
        docs: {
          era: "modern",
          lend: () => (++lent === late ? promise : Promise.resolve()),
          answer: ({ method, subject }) =>
            method === list
              ? { tools: [{ name: subject, inputSchema: { type: "object" } }] }
              : { content: [] },
          routed: {
            credentials: { resolve: async () => ({ subject: state.grant, generation: "1", origins: [] }) },
          },
        },
      });
      const ada = made.as("ada");
      const changed = async () => {
        await settle();
        state.grant = "second";
        expect(names(await ada.listTools())).toEqual(["docs__second"]);
        begin();
      };
      const asked = () => made.pool.received.map(({ method, subject }) => [method, subject]);
      return { ada, changed, asked };
    }

    it("where it was listed before", async () => {
      const { ada, changed, asked } = changing(2);
      await ada.listTools();
      const call = ada.callTool("docs__first");
      await changed();
      await call;
      expect(asked()).toEqual([
        [list, "first"],
        [list, "second"],
        ["tools/call", "first"],
      ]);
    });

    it("where it was not", async () => {
      const { ada, changed, asked } = changing(2);
      const call = ada.callTool("docs__second");
      await changed();
      await expect(call).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
      expect(asked()).toEqual([
        [list, "second"],
        [list, "first"],
      ]);
    });
  });

  it("is nobody's whose credential is missing", async () => {
    const missing = new TenantryError("CREDENTIAL_MISSING", "Give the token.");
    const { as, pool } = workspace({
      docs: { ...listing(["a"]), routed: { credentials: fromToken(missing) } },
    });
    await as("ada", { token: "one" }).listTools();
    const { tools, unavailable } = await as("ada").listTools();
    expect(tools).toEqual([]);
    expect(unavailable).toMatchObject([
      { server: "docs", error: { code: "CREDENTIAL_MISSING", server: "docs" } },
    ]);
    expect(pool.methods("docs")).toEqual([list]);
  });

  it("makes room for the lists of others, and none that is asked for goes", async () => {
    const { as, pool } = workspace({ docs: toolServer(["a"]) }, { maxCatalogs: 2 });
    for (const user of ["ada", "bob", "ada", "cyd", "ada"]) await as(user).listTools();
    expect(pool.received).toHaveLength(3);
    await as("bob").listTools();
    expect(pool.received).toHaveLength(4);
  });

  it("makes room where lists are large", async () => {
    const large = (scope: Received["scope"]) => ["x".repeat(1_000) + JSON.stringify(scope).length];
    const { as, pool } = workspace({ docs: toolServer(large) }, { maxCatalogSize: 1_500 });
    await as("ada").listTools();
    await as("someone").listTools();
    await as("someone").listTools();
    await as("ada").listTools();
    expect(pool.received).toHaveLength(3);
  });
});

describe("a server that cannot be asked any more", () => {
  it("keeps its tools visible, marked as what it said earlier, and is named with its reason", async () => {
    const { as, clock } = workspace({ docs: listing(["a"], down, ["b"]), other: toolServer(["x"]) });
    const ada = as("ada");
    const fresh = (await ada.listTools()).tools[0];
    const { tools, unavailable } = await ada.listTools({ fresh: true });
    expect(names({ tools })).toEqual(["docs__a", "other__x"]);
    expect(tools[0]?.origin).toEqual({ server: "docs", tool: "a", stale: true });
    expect(tools[1]?.origin).toEqual({ server: "other", tool: "x" });
    expect(fresh?.origin).toEqual({ server: "docs", tool: "a" });
    expect(unavailable).toMatchObject([{ server: "docs", error: { code: "CONNECT_FAILED" } }]);
    expect((await ada.listTools()).unavailable).toHaveLength(1);
    await settle();
    clock.advance(5_000);
    await ada.listTools();
    await settle();
    expect(await ada.listTools()).toMatchObject({ tools: [{ name: "docs__b" }, {}], unavailable: [] });
  });

  it("is left alone for a while", async () => {
    const { as, pool, clock } = workspace({ docs: listing(["a"], down) });
    const ada = as("ada");
    await ada.listTools();
    await ada.listTools({ fresh: true });
    for (let at = 0; at < 10; at++) await ada.listTools();
    await settle();
    expect(pool.methods("docs")).toHaveLength(2);
    clock.advance(5_000);
    for (let at = 0; at < 10; at++) await ada.listTools();
    await settle();
    expect(pool.methods("docs")).toHaveLength(3);
  });

  it("shows nothing any more to whom it refuses", async () => {
    const refused = () => Promise.reject(new TenantryError("UNAUTHORIZED", "It refuses the credential."));
    const { as } = workspace({ docs: listing(["a"], refused) });
    const ada = as("ada");
    await ada.listTools();
    expect(await ada.listTools({ fresh: true })).toMatchObject({
      tools: [],
      unavailable: [{ error: { code: "UNAUTHORIZED" } }],
    });
    expect((await ada.listTools()).tools).toEqual([]);
  });

  it("is not taken for one whose caller has left", async () => {
    const { as } = workspace({ docs: listing(["a"], never) });
    const ada = as("ada");
    await ada.listTools();
    const leaving = new AbortController();
    const left = ada.listTools({ fresh: true, signal: leaving.signal });
    await settle();
    leaving.abort("left");
    await expect(left).rejects.toBe("left");
    expect(await ada.listTools()).toMatchObject({ tools: [{ origin: { tool: "a" } }], unavailable: [] });
  });
});

describe("a change of which a server tells in passing", () => {
  /** A server that everybody may be told the same of, and how to have it tell of a change. */
  function telling(...lists: readonly object[]) {
    const listeners: ((event: ServerEvent) => void)[] = [];
    const overhear = (listener: (event: ServerEvent) => void) => listeners.push(listener) > 0;
    const change = (kind: "tools_changed" | "prompts_changed" = "tools_changed") =>
      listeners.forEach((tell) => tell({ kind }));
    const docs = { ...listing(...lists), overhear, routed: { ref: remoteRef("docs") } };
    return { docs, change, listeners };
  }
  const everybodys = (name: string) => withTtl(60_000, name, { cacheScope: "public" });

  it("has what was listed asked for anew, and is nobody's any more", async () => {
    const { docs, change, listeners } = telling(everybodys("a"), everybodys("b"), everybodys("c"));
    const { as, pool } = workspace({ docs });
    await as("ada").listTools();
    change("prompts_changed");
    expect(names(await as("bob").listTools())).toEqual(["docs__a"]);
    change();
    expect(names(await as("bob").listTools())).toEqual(["docs__b"]);
    expect(names(await as("ada").listTools())).toEqual(["docs__c"]);
    expect(pool.received).toHaveLength(3);
    // Once for each connection, however often it is read on.
    expect(listeners).toHaveLength(2);
  });

  it("spoils what is being read: it is given to who waits, and is neither kept for them nor for others", async () => {
    const { docs, change } = telling(everybodys("a"), everybodys("b"), everybodys("c"));
    const answer = async (request: Received) => {
      await settle();
      if (pool.received.length === 1) change();
      return docs.answer(request);
    };
    const { as, pool } = workspace({ docs: { ...docs, answer } });
    expect(names(await as("ada").listTools())).toEqual(["docs__a"]);
    expect(names(await as("bob").listTools())).toEqual(["docs__b"]);
    expect(names(await as("ada").listTools())).toEqual(["docs__c"]);
  });
});

describe("ISO-10: a list of a modern server", () => {
  const shared = { cacheScope: "public" };

  it("is everybody's where its server says so, for as long as it says", async () => {
    const { as, pool, clock } = workspace({
      docs: {
        ...listing(withTtl(1_000, "a", shared), withTtl(1_000, "b", shared)),
        routed: { ref: remoteRef("docs") },
      },
    });
    await as("ada").listTools();
    expect(names(await as("bob").listTools())).toEqual(["docs__a"]);
    expect(pool.received).toHaveLength(1);
    clock.advance(1_000);
    expect(names(await as("bob").listTools())).toEqual(["docs__b"]);
    expect(pool.received.map(({ scope }) => "user" in scope && scope.user)).toEqual(["ada", "bob"]);
  });

  it.each([["private"], [undefined], ["PUBLIC"], [true]])(
    "is never another user's where its scope is %j",
    async (cacheScope) => {
      const { as, pool } = workspace({
        docs: listing(withTtl(60_000, "hers", { cacheScope }), withTtl(60_000, "his", { cacheScope })),
      });
      expect(names(await as("ada").listTools())).toEqual(["docs__hers"]);
      expect(names(await as("bob").listTools())).toEqual(["docs__his"]);
      expect(pool.received).toHaveLength(2);
    },
  );

  it("tells nobody of another's trouble with it", async () => {
    const open = {
      tools: [{ name: "a", inputSchema: { type: "object" } }],
      cacheScope: "public",
    };
    const { as, clock } = workspace({
      docs: { ...listing(open, down), routed: { ref: remoteRef("docs") } },
    });
    await as("ada").listTools();
    const { unavailable } = await as("bob").listTools({ fresh: true });
    expect(unavailable).toMatchObject([{ error: { code: "CONNECT_FAILED" } }]);
    clock.advance(10);
    expect((await as("ada").listTools()).unavailable).toEqual([]);
    expect((await as("eve").listTools()).unavailable).toEqual([]);
  });

  it("is not everybody's where each user has a server of their own", async () => {
    const { as, pool } = workspace({
      docs: listing(withTtl(60_000, "hers", shared), withTtl(60_000, "his", shared)),
    });
    expect(names(await as("ada").listTools())).toEqual(["docs__hers"]);
    expect(names(await as("bob").listTools())).toEqual(["docs__his"]);
    expect(pool.received).toHaveLength(2);
  });

  it("is everybody's no more once its server has said otherwise", async () => {
    const { as } = workspace({
      docs: {
        ...listing(withTtl(60_000, "a", shared), withTtl(60_000, "hers"), withTtl(60_000, "his")),
        routed: { ref: remoteRef("docs") },
      },
    });
    await as("ada").listTools();
    await as("ada").listTools({ fresh: true });
    expect(names(await as("bob").listTools())).toEqual(["docs__his"]);
  });

  it("is not everybody's by one of its pages", async () => {
    const { as, pool } = workspace({
      docs: {
        era: "modern",
        answer: ({ params }) =>
          params["cursor"] === undefined
            ? { ...withTtl(60_000, "a", shared), nextCursor: "2" }
            : withTtl(60_000, "b", { cacheScope: "private" }),
      },
    });
    await as("ada").listTools();
    await as("bob").listTools();
    expect(pool.received).toHaveLength(4);
  });

  it("is asked for by each user without any other's cursor", async () => {
    const { as, pool } = workspace({
      docs: {
        era: "modern",
        answer: ({ params, scope }) =>
          params["cursor"] === undefined
            ? { ...withTtl(60_000, "a"), nextCursor: `of ${"user" in scope && scope.user}` }
            : withTtl(60_000, "b"),
      },
    });
    await as("ada").listTools();
    await as("bob").listTools();
    expect(pool.received.map(({ params }) => params["cursor"])).toEqual([
      undefined,
      "of ada",
      undefined,
      "of bob",
    ]);
  });
});

describe("several who ask at once", () => {
  it("share one reading; whoever leaves ends no other's, and the last one's leaving ends it", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { as } = workspace({
      docs: {
        answer: ({ method, options }) =>
          method === list ? (signals.push(options.signal), never()) : { content: [] },
      },
    });
    await as("ada").callTool({ server: "docs", tool: "opens the connection" });
    const [one, other] = [new AbortController(), new AbortController()];
    const ada = as("ada");
    const first = ada.listTools({ signal: one.signal });
    const second = ada.listTools({ signal: other.signal });
    await settle();
    expect(signals).toHaveLength(1);
    one.abort("left");
    await expect(first).rejects.toBe("left");
    expect(signals[0]?.aborted).toBe(false);
    other.abort("left too");
    await expect(second).rejects.toBe("left too");
    expect(signals[0]?.aborted).toBe(true);
    void ada.listTools().catch(() => {});
    await settle();
    expect(signals).toHaveLength(2);
  });
});

describe("names that no list has", () => {
  it("are not looked for again and again", async () => {
    const { as, pool, clock } = workspace({ docs: toolServer(["a"]) });
    const ada = as("ada");
    await ada.listTools();
    for (let at = 0; at < 20; at++) {
      await expect(ada.callTool(`docs__unknown${at}`)).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    }
    expect(pool.methods("docs")).toEqual(Array(4).fill(list));
    clock.advance(5_000);
    await expect(ada.callTool("docs__unknown")).rejects.toMatchObject({ code: "TOOL_UNKNOWN" });
    expect(pool.methods("docs")).toEqual(Array(5).fill(list));
    await ada.callTool("docs__a");
    expect(pool.methods("docs")).toEqual([...Array<string>(5).fill(list), "tools/call"]);
  });
});
