import { manualClock } from "@tenantry/testing";
import { expect, it } from "vitest";
import { storeContract } from "../testing.ts";
import { memoryCounters } from "./memory-counters.ts";
import { memoryStore } from "./memory-store.ts";

it.each(storeContract)("$name", async ({ run }) => {
  const clock = manualClock();
  await using store = memoryStore({ clock });
  await run({ store, other: store, now: clock.now, advance: clock.advance });
});

it("is full at its bound, and has room again for what was deleted or has expired", async () => {
  const clock = manualClock();
  await using store = memoryStore({ clock, limits: { maxLength: 10_000 } });
  const write = (url: string, expiresAt?: number) =>
    store.verdicts.put({ url }, "x".repeat(4_000), { ifVersion: null, expiresAt });
  await write("a");
  await write("b", clock.now() + 1_000);
  await expect(write("c")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: false });
  await clock.advance(1_000);
  await write("c");
  await expect(write("d")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await store.verdicts.delete({ url: "a" });
  await write("d");
  expect((await store.verdicts.scan()).rows.map(({ key }) => key.url)).toEqual(["c", "d"]);
});

it("keeps the newest audit entries", async () => {
  await using store = memoryStore({ limits: { maxLength: 100_000 } });
  const workspace = "acme" as Parameters<typeof store.audit.list>[0]["workspace"];
  for (let at = 0; at < 1_000; at++) {
    await store.audit.append({ workspace, at, action: "tested", detail: { at } });
  }
  const { rows } = await store.audit.list({ workspace }, { limit: 1_000 });
  expect(rows.at(-1)?.at).toBe(999);
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.length).toBeLessThan(100);
  expect(rows.map(({ at }) => at)).toEqual(rows.map((_, index) => 1_000 - rows.length + index));
});

it("is full at its bound of counters, adds to those all the same, and has room again for those that have ended", async () => {
  const clock = manualClock();
  const counters = memoryCounters(clock, 100);
  for (let index = 0; index < 100; index++) counters.add(`${index}`, 1, 1_000);
  expect(() => counters.add("one more", 1, 1_000)).toThrow("[STORE_UNAVAILABLE]");
  expect(counters.add("7", 1, 1_000).points).toBe(2);
  await clock.advance(1_000);
  expect(counters.add("one more", 1, 1_000).points).toBe(1);
});

it("takes no limit that is none", () => {
  expect(() => memoryStore({ limits: { maxLength: 0 } })).toThrow("[CONFIG_INVALID]");
});
