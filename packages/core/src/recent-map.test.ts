import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentMap } from "./recent-map.ts";

test("forgets what was not used lately, oldest first", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
  map.set("d", 4);
  expect([map.get("a"), map.get("c"), map.get("d")]).toEqual([undefined, 3, 4]);
});

test("shows all that it holds, which uses nothing of it", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect([...map.values()]).toEqual([1, 2]);
  map.set("c", 3);
  expect([...map.values()]).toEqual([2, 3]);
});

test("holds no more than it may, and always what came last", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.constantFrom("get", "set", "take"), fc.nat(9))),
      (max, steps) => {
        const map = new RecentMap<number, number>(max);
        for (const [step, key] of steps) {
          if (step === "get") map.get(key);
          else if (step === "take") map.take(key);
          else {
            map.set(key, key);
            expect(map.get(key)).toBe(key);
          }
        }
        const all = map.takeAll();
        expect(all.length).toBeLessThanOrEqual(max);
        expect(new Set(all).size).toBe(all.length);
        expect(map.takeAll()).toEqual([]);
      },
    ),
  );
});

test("gives the value that was set last, and none that was taken", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  map.set("a", 2);
  expect([map.take("a"), map.take("a"), map.get("a")]).toEqual([2, undefined, undefined]);
});
