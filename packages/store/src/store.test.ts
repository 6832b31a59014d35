import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Store } from "@tenantry/core";
import { manualClock, type ManualClock } from "@tenantry/testing";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { memoryStore } from "./index.ts";
import { sqliteStore } from "./sqlite.ts";

const folder = await mkdtemp(join(tmpdir(), "tenantry-store-"));
afterAll(() => rm(folder, { recursive: true }));

const urls = ["a", "b", "c"];

const kinds = ["get", "put", "delete", "acquire", "renew", "release", "fenced", "advance"] as const;
const counting = ["count", "counted", "reset"] as const;

/** What may happen, with a number that says to which row or lease, and under which condition. */
const step = (further: "expire" | "back") =>
  fc.record({
    kind: fc.constantFrom(...kinds, ...(further === "expire" ? counting : []), further),
    row: fc.nat({ max: urls.length - 1 }),
    /** Which of the versions and leases that were given is used: the newest, an old one or none. */
    which: fc.nat({ max: 3 }),
  });

/** Rows and counters end, or the clock is set back; what has ended may be gone by then or not. */
const plays = fc.oneof(
  fc.array(step("expire"), { minLength: 10, maxLength: 60 }),
  fc.array(step("back"), { minLength: 10, maxLength: 60 }),
);
type Steps = typeof plays extends fc.Arbitrary<infer S> ? S : never;

/** Does the same to a store as to any other, and says what came of each step, without what is random. */
async function play(store: Store, clock: ManualClock, steps: Steps) {
  const versions: string[] = [];
  const leases: NonNullable<Awaited<ReturnType<Store["leases"]["acquire"]>>>[] = [];
  const outcomes: unknown[] = [];
  for (const { kind, row, which } of steps) {
    const key = { url: urls[row] ?? "" };
    const ifVersion = which === 0 ? null : (versions.at(-which) ?? "none");
    const lease = leases.at(-1 - which) ?? { name: key.url, fence: 0, expiresAt: 0 };
    const write = async (options: object) =>
      versions.push(await store.verdicts.put(key, outcomes.length, { ifVersion, ...options }));
    const actions: Readonly<Record<string, () => Promise<unknown>>> = {
      get: async () => (await store.verdicts.get(key))?.value,
      put: () => write({}),
      expire: () => write({ expiresAt: clock.now() + 500 }),
      fenced: () => write({ lease }),
      delete: () => store.verdicts.delete(key, ifVersion === null ? {} : { ifVersion }),
      acquire: async () => {
        const acquired = await store.leases.acquire(key.url, { ttlMs: 700 });
        if (acquired) leases.push(acquired);
        return acquired?.expiresAt;
      },
      renew: async () => (await store.leases.renew(lease, { ttlMs: 900 })).expiresAt,
      release: () => store.leases.release(lease),
      count: async () => ({ ...(await store.counters.add(key.url, which + 1, { ttlMs: 800 })) }),
      counted: async () => ({ ...(await store.counters.get(key.url)) }),
      reset: () => store.counters.reset(key.url),
      advance: () => clock.advance(300 * (which + 1)),
      // Somebody sets the clock back.
      back: () => clock.advance(-4_000 * which),
    };
    outcomes.push(await actions[kind]?.().catch((error: { code: string }) => error.code));
  }
  for (const name of urls) {
    const fences = leases.filter((lease) => lease.name === name).map(({ fence }) => fence);
    expect(fences).toEqual([...new Set(fences)].sort((one, other) => one - other));
  }
  outcomes.push(
    (await store.verdicts.scan()).rows.map(({ key, value, expiresAt }) => [key, value, expiresAt]),
  );
  return outcomes;
}

it("keeps a lease where the clock is set back by a small step, and ends it where it is by a large one", async () => {
  const clock = manualClock();
  const patient = { now: clock.now, after: systemClock.after };
  for (const store of [
    memoryStore({ clock }),
    sqliteStore(join(folder, `${crypto.randomUUID()}.db`), { clock: patient }),
  ]) {
    const lease = await store.leases.acquire("a", { ttlMs: 5_000 });
    const released = await store.leases.acquire("b", { ttlMs: 5_000 });
    if (released) await store.leases.release(released);
    await clock.advance(-10_000);
    expect(await store.leases.acquire("a", { ttlMs: 5_000 })).toBeUndefined();
    expect(await store.leases.acquire("b", { ttlMs: 5_000 })).toBeDefined();
    await clock.advance(-1);
    expect((await store.leases.acquire("a", { ttlMs: 5_000 }))?.fence).toBeGreaterThan(
      lease?.fence ?? Infinity,
    );
    await store.close();
  }
});

it("ends a counter at the moment that it names, and not before", async () => {
  const clock = manualClock();
  const patient = { now: clock.now, after: systemClock.after };
  for (const store of [
    memoryStore({ clock }),
    sqliteStore(join(folder, `${crypto.randomUUID()}.db`), { clock: patient }),
  ]) {
    await store.counters.add("a", 1, { ttlMs: 5_000 });
    await clock.advance(4_999);
    expect((await store.counters.get("a"))?.points).toBe(1);
    await clock.advance(1);
    expect(await store.counters.get("a")).toBeUndefined();
    expect((await store.counters.add("a", 1, { ttlMs: 5_000 })).points).toBe(1);
    await store.close();
  }
});

it("keeps a counter where the clock is set back by a small step, and ends it where it is by a large one", async () => {
  const clock = manualClock();
  const patient = { now: clock.now, after: systemClock.after };
  for (const store of [
    memoryStore({ clock }),
    sqliteStore(join(folder, `${crypto.randomUUID()}.db`), { clock: patient }),
  ]) {
    await store.counters.add("a", 1, { ttlMs: 5_000 });
    await clock.advance(-10_000);
    expect((await store.counters.add("a", 1, { ttlMs: 60_000 })).points).toBe(2);
    await clock.advance(-1);
    expect((await store.counters.add("a", 1, { ttlMs: 5_000 })).points).toBe(1);
    await store.close();
  }
});

it("does the same in memory and in SQLite, whatever is done", async () => {
  await fc.assert(
    fc.asyncProperty(plays, async (steps) => {
      const clocks = [manualClock(), manualClock()] as const;
      await using memory = memoryStore({ clock: clocks[0] });
      const patient = { now: clocks[1].now, after: systemClock.after };
      await using sqlite = sqliteStore(join(folder, `${crypto.randomUUID()}.db`), { clock: patient });
      expect(await play(sqlite, clocks[1], steps)).toEqual(await play(memory, clocks[0], steps));
    }),
    { numRuns: 25 },
  );
}, 60_000);
