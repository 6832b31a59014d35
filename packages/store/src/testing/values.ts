import assert from "node:assert/strict";
import type { Json } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { rejects } from "./samples.ts";

const key = { url: "https://mcp.example.com/mcp" } as const;

/** Values of which some databases or parsers make something else. */
const kept: readonly Json[] = [
  null,
  false,
  "",
  "\0 \u0001 ' \" \\ \u2028 \ud83d\ude00 \ufeff",
  "a lone surrogate: \ud800",
  -1.5e-7,
  Number.MAX_SAFE_INTEGER,
  1.7976931348623157e308,
  [],
  {},
  [[null, [true]], { a: [{}] }],
  { "": 1, b: 2, a: 3, "1": 4 },
] as const;

function refused(): readonly unknown[] {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  // Each level holds the one below twice: 2 to the power of 40 values, of which none is large.
  let shared: unknown = 0;
  for (let level = 0; level < 40; level++) shared = [shared, shared];
  let deep: unknown = 0;
  for (let level = 0; level < 1_000; level++) deep = [deep];
  return [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    Symbol("s"),
    () => 1,
    { a: undefined },
    [1, , 3],
    new Date(0),
    new Map(),
    { [Symbol("s")]: 1 },
    cycle,
    shared,
    deep,
    "x".repeat(2_000_000),
    "\u0001".repeat(200_000),
  ];
}

export const values = checksOf({
  async "gives every JSON value back as it was"({ store }) {
    for (const [index, value] of kept.entries()) {
      const own = { url: `${key.url}/${index}` };
      await store.verdicts.put(own, value, { ifVersion: null });
      assert.deepEqual((await store.verdicts.get(own))?.value, value);
    }
  },
  async "keeps a key that is called __proto__ as data"({ store }) {
    const value = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}') as Json;
    await store.verdicts.put(key, value, { ifVersion: null });
    const read = (await store.verdicts.get(key))?.value as object;
    assert.equal(JSON.stringify(read), JSON.stringify(value));
    assert.equal("isAdmin" in read, false);
  },
  async "refuses what JSON cannot hold, and what is too deep or too large, before it is written"({ store }) {
    for (const value of refused()) {
      await rejects(store.verdicts.put(key, value as Json, { ifVersion: null }), "ARGUMENT_INVALID");
    }
    assert.equal(await store.verdicts.get(key), undefined);
  },
  async "refuses values whose own code fails or changes them, and tells nothing of what it threw"({ store }) {
    let reads = 0;
    for (const value of [
      {
        get a() {
          return reads++ === 0 ? 5 : 5n;
        },
      },
      Object.defineProperty({}, "toJSON", { value: () => undefined }),
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error("a secret of the host");
          },
        },
      ),
    ]) {
      const failure = await rejects(
        store.verdicts.put(key, value as never, { ifVersion: null }),
        "ARGUMENT_INVALID",
      );
      assert.doesNotMatch(`${failure.message} ${String(failure.cause)}`, /secret/u);
    }
    assert.equal(await store.verdicts.get(key), undefined);
  },
  async "keeps what was written, whatever happens to the value afterwards"({ store }) {
    const value = { list: [1] };
    await store.verdicts.put(key, value, { ifVersion: null });
    value.list.push(2);
    const read = (await store.verdicts.get(key))?.value as { list: number[] };
    read.list.push(3);
    assert.deepEqual((await store.verdicts.get(key))?.value, { list: [1] });
  },
  async "takes values and options that are frozen"({ store }) {
    const value = Object.freeze({ list: Object.freeze([1]) });
    const options = Object.freeze({ ifVersion: null });
    await store.verdicts.put(Object.freeze({ ...key }), value, options);
    assert.deepEqual((await store.verdicts.get(key))?.value, value);
  },
});
