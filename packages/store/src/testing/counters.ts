import assert from "node:assert/strict";
import { checksOf } from "./check.ts";
import { rejects } from "./samples.ts";

const long = { ttlMs: 60_000 } as const;

export const counters = checksOf({
  async "adds to a counter for as long as it lasts from the first addition on"({
    store,
    other,
    now,
    advance,
  }) {
    const before = now();
    const first = await store.counters.add("a", 2, { ttlMs: 1_000 });
    assert.equal(first.points, 2);
    assert.ok(first.expiresAt >= before + 1_000 && first.expiresAt <= now() + 1_000);
    assert.deepEqual(await other.counters.add("a", 3, long), { points: 5, expiresAt: first.expiresAt });
    assert.deepEqual(await store.counters.get("a"), { points: 5, expiresAt: first.expiresAt });
    assert.equal((await store.counters.add("a\0", 1, long)).points, 1);
    await advance(1_100);
    assert.equal(await store.counters.get("a"), undefined);
    const second = await store.counters.add("a", 1, { ttlMs: 2_000 });
    assert.equal(second.points, 1);
    assert.ok(second.expiresAt > first.expiresAt + 1_000);
  },
  async "loses no addition, however many add at once"({ store, other }) {
    const stores = [store, other];
    const added = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => stores[index % 2]?.counters.add("a", 1, long)),
    );
    const points = added.map((counter) => counter?.points ?? 0).sort((one, two) => one - two);
    assert.deepEqual(
      points,
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    assert.equal(new Set(added.map((counter) => counter?.expiresAt)).size, 1);
  },
  async "begins at nothing after a reset, and resets what is not there"({ store, other }) {
    await store.counters.add("a", 7, long);
    await other.counters.reset("a");
    assert.equal(await store.counters.get("a"), undefined);
    await store.counters.reset("a");
    assert.equal((await store.counters.add("a", 1, long)).points, 1);
  },
  async "takes a million points at once, for a day"({ store }) {
    assert.equal((await store.counters.add("a", 1_000_000, { ttlMs: 86_400_000 })).points, 1_000_000);
  },
  async "refuses names, points and times that are none"({ store }) {
    for (const points of [0, -1, 1.5, Number.NaN, Infinity, 1_000_001, "1"]) {
      await rejects(store.counters.add("a", points as number, long), "ARGUMENT_INVALID");
    }
    for (const ttlMs of [0, 1.5, Number.NaN, 86_400_001, "1"]) {
      await rejects(store.counters.add("a", 1, { ttlMs: ttlMs as number }), "ARGUMENT_INVALID");
    }
    await rejects(store.counters.add("a", 1, undefined as never), "ARGUMENT_INVALID");
    for (const name of ["\ud800", "x".repeat(3_000), undefined as never]) {
      await rejects(store.counters.add(name, 1, long), "ARGUMENT_INVALID");
      await rejects(store.counters.get(name), "ARGUMENT_INVALID");
      await rejects(store.counters.reset(name), "ARGUMENT_INVALID");
    }
    assert.equal(await store.counters.get("a"), undefined);
  },
});
