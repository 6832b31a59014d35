import { TenantryError, type Connection, type RequestOptions, type ServerId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { memoryConnection, type MemoryServer } from "../../test/memory-pool.ts";
import { routerLimits, type RouterLimits } from "../limits.ts";
import { keyOf } from "./item-list.ts";
import { kinds, type Kind } from "./kind.ts";
import { readPages } from "./pages.ts";

type Answer = (cursor: string | undefined, options: RequestOptions | undefined) => unknown;

const everything = { tools: {}, prompts: {}, resources: {} };
const allKinds = Object.keys(kinds) as Kind[];
const quiet = new AbortController().signal;

async function read(connection: Connection, limits: Partial<RouterLimits> = {}) {
  return (await readWhole(connection, "tools", limits)).items;
}

function readWhole<K extends Kind>(connection: Connection, kind: K, limits: Partial<RouterLimits> = {}) {
  return readPages(connection, kind, {
    server: "docs" as ServerId,
    limits: routerLimits(limits),
    signal: quiet,
  });
}

/** A connection whose lists are `answer`'s, with the cursors that it was asked for. */
function connected(answer: Answer, script: Partial<MemoryServer> = {}) {
  const cursors: (string | undefined)[] = [];
  const request = (async (_method: string, params: { cursor?: string }, options?: RequestOptions) => {
    cursors.push(params.cursor);
    return answer(params.cursor, options);
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
    const tools = await read(connection);
    expect(tools.map(({ name }) => name)).toEqual(["b", "a", "d", "c"]);
    expect(cursors).toEqual([undefined, "2", "3"]);
  });

  it.each(["", null])("ends at the cursor %j", async (end) => {
    const { connection } = connected(() => page(["a"], end));
    expect(await read(connection)).toHaveLength(1);
  });

  it("refuses a cursor that comes twice", async () => {
    const { connection, cursors } = connected((cursor) => page([], cursor === "1" ? "2" : "1"));
    await expect(read(connection)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    expect(cursors).toHaveLength(3);
  });

  it("stops at the most pages", async () => {
    let next = 0;
    const { connection, cursors } = connected(() => page([], String(next++)));
    await expect(read(connection, { maxPages: 5 })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(cursors).toHaveLength(5);
  });

  it("stops at the most tools, counting the ones that it leaves out", async () => {
    const { connection } = connected(() => page(["a", "a", "a"]));
    await expect(read(connection, { maxTools: 2 })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(await read(connection, { maxTools: 3 })).toHaveLength(1);
  });

  it("stops at the largest size, of all pages together", async () => {
    const tools = [{ name: "a", description: "x".repeat(1_000), inputSchema: { type: "object" } }];
    const { connection, cursors } = connected((cursor) => ({ tools, nextCursor: `${cursor ?? ""}.` }));
    await expect(read(connection, { maxListSize: 4_000 })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      server: "docs",
      message: expect.stringContaining("raise limits.maxListSize") as string,
    });
    expect(cursors).toHaveLength(4);
    const once = connected(() => ({ tools })).connection;
    expect(await read(once, { maxListSize: 4_000 })).toHaveLength(1);
  });

  it("leaves out a tool whose name is too long to be remembered", async () => {
    const [kept, dropped] = ["k".repeat(1_024), "d".repeat(1_025)];
    const { connection } = connected(() => page([dropped, kept]));
    const tools = await read(connection);
    expect(tools.map(({ name }) => name)).toEqual([kept]);
  });

  it("refuses an answer without a list", async () => {
    const { connection } = connected(() => ({ tools: "all" }));
    await expect(read(connection)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  it("leaves out a tool without a name and the second one of a name", async () => {
    const first = { name: "a", description: "first", inputSchema: { type: "object" } };
    const { connection } = connected(() => ({
      tools: [null, "a", {}, { name: 7 }, first, { ...first, description: "2" }],
    }));
    expect(await read(connection)).toMatchObject([{ name: "a", description: "first" }]);
  });
});

describe("what a server says that it can do", () => {
  it("spares a legacy server without tools the question", async () => {
    const { connection, cursors } = connected(() => page(["a"]), { era: "legacy", capabilities: {} });
    expect(await read(connection)).toEqual([]);
    expect(cursors).toEqual([]);
  });

  it("asks a modern server whatever its capabilities are", async () => {
    const { connection } = connected(() => page(["a"]), { era: "modern", capabilities: {} });
    expect(await read(connection)).toHaveLength(1);
  });
});

/** Items of any kind, each with what tells it from the others. */
function itemsOf(kind: Kind, count: number, at = 0): object[] {
  const { key } = kinds[kind];
  return Array.from({ length: count }, (_, index) => ({ name: `n${at + index}`, [key]: `k${at + index}` }));
}

describe.each(allKinds)("DOS-07: a hostile list of %s", (kind) => {
  it("ends at the most pages, however many the server says there are", async () => {
    let at = 0;
    const { connection, cursors } = connected(
      () => ({ [kind]: itemsOf(kind, 1, at), nextCursor: `${++at}` }),
      { capabilities: everything },
    );
    await expect(readWhole(connection, kind, { maxPages: 5 })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    expect(cursors).toHaveLength(5);
  });

  it("ends at a cursor that comes twice", async () => {
    const { connection } = connected(() => ({ [kind]: [], nextCursor: "again" }), {
      capabilities: everything,
    });
    await expect(readWhole(connection, kind)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  it("is refused where a page has a hundred thousand of them", async () => {
    const { connection } = connected(() => ({ [kind]: itemsOf(kind, 100_000) }), {
      capabilities: everything,
    });
    await expect(readWhole(connection, kind)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  it("is refused where it is too large", async () => {
    const [item] = itemsOf(kind, 1);
    const { connection } = connected(() => ({ [kind]: [{ ...item, description: "x".repeat(10_000) }] }), {
      capabilities: everything,
    });
    await expect(readWhole(connection, kind, { maxListSize: 4_000 })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });

  it("has each of them once, and none without a key or with one that is too long", async () => {
    const { key, maxKeyLength } = kinds[kind];
    const [item] = itemsOf(kind, 1);
    const odd = [null, 5, [], {}, { [key]: 5 }, { ...item, [key]: "k".repeat(maxKeyLength + 1) }];
    const { connection } = connected(() => ({ [kind]: [...odd, item, { ...item, title: "second" }] }), {
      capabilities: everything,
    });
    const { items } = await readWhole(connection, kind);
    expect(items.map((one) => keyOf(kind, one))).toEqual(["k0"]);
  });
});

it("takes a legacy server without templates for one that has none", async () => {
  const unserved = new TenantryError("SERVER_ERROR", "There is no such method.", {
    rpc: { code: -32601, message: "Method not found" },
  });
  const { connection } = connected(() => Promise.reject(unserved), { capabilities: everything });
  expect((await readWhole(connection, "resourceTemplates")).items).toEqual([]);
  await expect(readWhole(connection, "resources")).rejects.toBe(unserved);
});

describe("what a modern server says of how long its list is good", () => {
  const whole = async (...pages: readonly object[]) => {
    const { connection } = connected(
      (cursor) => {
        const at = Number(cursor ?? 0);
        return { tools: [], ...pages[at], nextCursor: at + 1 < pages.length ? `${at + 1}` : undefined };
      },
      { era: "modern" },
    );
    const { ttlMs, isPublic } = await readWhole(connection, "tools");
    return { ttlMs, isPublic };
  };

  it("holds as it says for every page", async () => {
    expect(await whole({ ttlMs: 9, cacheScope: "public" })).toEqual({ ttlMs: 9, isPublic: true });
    expect(await whole({ ttlMs: 9, cacheScope: "public" }, { ttlMs: 7, cacheScope: "public" })).toEqual({
      ttlMs: 7,
      isPublic: true,
    });
    expect(await whole({ ttlMs: 9, cacheScope: "public" }, { ttlMs: 7 })).toEqual({
      ttlMs: 7,
      isPublic: false,
    });
    expect(await whole({ ttlMs: 9 }, {})).toEqual({ ttlMs: undefined, isPublic: false });
  });

  it.each([[-1], ["5"], [Number.NaN], [null]])("is not taken where it is %j", async (ttlMs) => {
    expect((await whole({ ttlMs })).ttlMs).toBeUndefined();
  });

  it("holds for a day at most", async () => {
    expect((await whole({ ttlMs: 1e15 })).ttlMs).toBe(86_400_000);
  });
});
