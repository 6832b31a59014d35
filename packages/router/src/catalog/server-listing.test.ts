import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Connection, RequestOptions, Result, ServerId, Upstream } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { memoryConnection, never, type MemoryServer } from "../../test/memory-pool.ts";
import { routerLimits, type RouterLimits } from "../limits.ts";
import type { RoutedServer } from "../routing.ts";
import { ServerListing } from "./server-listing.ts";

type Page = Result<"tools/list">;
type Answer = (cursor: string | undefined, options: RequestOptions | undefined) => unknown;

const server: RoutedServer = {
  ref: { id: "docs" as ServerId, digest: "d" },
  share: "user",
  upstream: {} as Upstream,
};
const quiet = new AbortController().signal;

function listing(limits: Partial<RouterLimits> = {}) {
  return new ServerListing(server, routerLimits(limits));
}

/** A connection whose lists are `answer`'s, with the cursors that it was asked for. */
function connected(answer: Answer, script: Partial<MemoryServer> = {}) {
  const cursors: (string | undefined)[] = [];
  const request = (async (_method: string, params: { cursor?: string }, options?: RequestOptions) => {
    cursors.push(params.cursor);
    return answer(params.cursor, options) as Page;
  }) as unknown as Connection["request"];
  return { cursors, connection: memoryConnection(script, request) };
}

function page(names: readonly unknown[], nextCursor?: string | null): unknown {
  return { tools: names.map((name) => ({ name, inputSchema: { type: "object" } })), nextCursor };
}

describe("reading the pages of one server", () => {
  it("follows them to the end, in the server's order", async () => {
    const { connection, cursors } = connected((cursor) =>
      cursor === undefined ? page(["b", "a"], "2") : cursor === "2" ? page(["d"], "3") : page(["c"]),
    );
    const tools = await listing().tools(connection, quiet);
    expect(tools.map(({ name }) => name)).toEqual(["docs__b", "docs__a", "docs__d", "docs__c"]);
    expect(cursors).toEqual([undefined, "2", "3"]);
  });

  it.each(["", null])("ends at the cursor %j", async (end) => {
    const { connection } = connected(() => page(["a"], end));
    expect(await listing().tools(connection, quiet)).toHaveLength(1);
  });

  it("refuses a cursor that comes twice", async () => {
    const { connection, cursors } = connected((cursor) => page([], cursor === "1" ? "2" : "1"));
    await expect(listing().tools(connection, quiet)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(cursors).toHaveLength(3);
  });

  it("stops at the most pages", async () => {
    let next = 0;
    const { connection, cursors } = connected(() => page([], String(next++)));
    await expect(listing({ maxPages: 5 }).tools(connection, quiet)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(cursors).toHaveLength(5);
  });

  it("stops at the most tools, counting the ones that it leaves out", async () => {
    const { connection } = connected(() => page(["a", "a", "a"]));
    await expect(listing({ maxTools: 2 }).tools(connection, quiet)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(await listing({ maxTools: 3 }).tools(connection, quiet)).toHaveLength(1);
  });

  it("stops at the largest size, of all pages together", async () => {
    const tools = [{ name: "a", description: "x".repeat(1_000), inputSchema: { type: "object" } }];
    const { connection, cursors } = connected((cursor) => ({ tools, nextCursor: `${cursor ?? ""}.` }));
    await expect(listing({ maxListSize: 4_000 }).tools(connection, quiet)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      server: "docs",
      message: expect.stringContaining("raise limits.maxListSize") as string,
    });
    expect(cursors).toHaveLength(4);
    const once = connected(() => ({ tools })).connection;
    expect(await listing({ maxListSize: 4_000 }).tools(once, quiet)).toHaveLength(1);
  });

  it("leaves out a tool whose name is too long to be remembered", async () => {
    const [kept, dropped] = ["k".repeat(1_024), "d".repeat(1_025)];
    const { connection } = connected(() => page([dropped, kept]));
    const tools = await listing().tools(connection, quiet);
    expect(tools.map(({ origin }) => origin.tool)).toEqual([kept]);
  });

  it("refuses an answer without a list", async () => {
    const { connection } = connected(() => ({ tools: "all" }));
    await expect(listing().tools(connection, quiet)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  it("leaves out a tool without a name and the second one of a name", async () => {
    const first = { name: "a", description: "first", inputSchema: { type: "object" } };
    const { connection } = connected(() => ({
      tools: [null, "a", {}, { name: 7 }, first, { ...first, description: "2" }],
    }));
    expect(await listing().tools(connection, quiet)).toMatchObject([
      { name: "docs__a", description: "first" },
    ]);
  });
});

describe("what a server says that it can do", () => {
  it("spares a legacy server without tools the question", async () => {
    const { connection, cursors } = connected(() => page(["a"]), { era: "legacy", capabilities: {} });
    expect(await listing().tools(connection, quiet)).toEqual([]);
    expect(await listing().find(connection, "docs__a", quiet)).toBeUndefined();
    expect(cursors).toEqual([]);
  });

  it("asks a modern server whatever its capabilities are", async () => {
    const { connection } = connected(() => page(["a"]), { era: "modern", capabilities: {} });
    expect(await listing().tools(connection, quiet)).toHaveLength(1);
  });
});

describe("a tool of the catalog", () => {
  it("is the server's object with a new name and its origin, and the server's own is not changed", async () => {
    const own = Object.freeze({
      name: "a/b",
      title: "A",
      origin: "forged",
      inputSchema: Object.freeze({ type: "object" }),
    });
    const { connection } = connected(() => ({ tools: [own] }));
    const [tool] = await listing().tools(connection, quiet);
    expect(tool).toMatchObject({
      title: "A",
      origin: { server: "docs", tool: "a/b" },
      inputSchema: { type: "object" },
    });
    expect(tool?.name).toMatch(/^docs__a_b--[0-9a-v]{12}$/u);
    expect(own.name).toBe("a/b");
  });

  it("has no hostile key that a host could copy into a prototype", async () => {
    const own: unknown = JSON.parse(
      '{"name":"__proto__","__proto__":{"admin":true},"constructor":1,"inputSchema":{}}',
    );
    const { connection } = connected(() => ({ tools: [own] }));
    const lists = listing();
    const [tool] = await lists.tools(connection, quiet);
    expect(Object.keys(tool ?? {})).not.toContain("__proto__");
    expect(Object.getPrototypeOf(Object.assign({}, tool))).toBe(Object.prototype);
    expect(lists.known(connection, "docs____proto__")).toBe("__proto__");
    expect(lists.known(connection, "constructor")).toBeUndefined();
  });
});

describe("what is remembered", () => {
  it("belongs to the connection that was told", async () => {
    const lists = listing();
    const ada = connected(() => page(["hers"])).connection;
    const bob = connected(() => page(["his"])).connection;
    await lists.tools(ada, quiet);
    await lists.tools(bob, quiet);
    expect(lists.known(ada, "docs__hers")).toBe("hers");
    expect(lists.known(bob, "docs__hers")).toBeUndefined();
  });

  it("is no list, once it was given to those who asked", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { connection } = connected(() => page(["a"]));
    const lists = listing();
    const [tool] = (await lists.tools(connection, quiet)).map((one) => new WeakRef(one));
    await setImmediate();
    collect();
    expect(tool?.deref()).toBeUndefined();
    expect(lists.known(connection, "docs__a")).toBe("a");
  });

  it("is replaced by the next list", async () => {
    let names = ["old"];
    const { connection } = connected(() => page(names));
    const lists = listing();
    await lists.tools(connection, quiet);
    names = ["new"];
    expect(await lists.find(connection, "docs__new", quiet)).toBe("new");
    expect(lists.known(connection, "docs__old")).toBeUndefined();
  });
});

describe("several who ask at once", () => {
  it("share one reading and no object", async () => {
    let open: (answer: unknown) => void = () => {};
    const { connection, cursors } = connected(() => new Promise((resolve) => (open = resolve)));
    const lists = listing();
    const asked = [
      lists.tools(connection, quiet),
      lists.tools(connection, quiet),
      lists.find(connection, "docs__a", quiet),
    ];
    open(page(["a"]));
    const [one, other, found] = (await Promise.all(asked)) as [object[], object[], string];
    expect(cursors).toHaveLength(1);
    expect(one).toEqual(other);
    expect(one[0]).not.toBe(other[0]);
    expect((one[0] as { inputSchema: object }).inputSchema).not.toBe(
      (other[0] as { inputSchema: object }).inputSchema,
    );
    expect(found).toBe("a");
  });

  it("do not end each other's reading; the last one's leaving does", async () => {
    const signals: AbortSignal[] = [];
    const { connection } = connected(
      (_cursor, options) => (signals.push(options?.signal as AbortSignal), never()),
    );
    const lists = listing();
    const [ada, bob] = [new AbortController(), new AbortController()];
    const hers = lists.tools(connection, ada.signal);
    const his = lists.tools(connection, bob.signal);
    ada.abort("ada left");
    await expect(hers).rejects.toBe("ada left");
    expect(signals[0]?.aborted).toBe(false);
    bob.abort("bob left");
    await expect(his).rejects.toBe("bob left");
    expect(signals[0]?.aborted).toBe(true);
    lists.tools(connection, quiet).catch(() => {});
    expect(signals).toHaveLength(2);
  });

  it("ask anew after a failure", async () => {
    let fails = true;
    const { connection } = connected(() => {
      if (fails) throw new Error("once");
      return page(["a"]);
    });
    const lists = listing();
    await expect(lists.tools(connection, quiet)).rejects.toThrow("once");
    fails = false;
    expect(await lists.tools(connection, quiet)).toHaveLength(1);
  });
});
