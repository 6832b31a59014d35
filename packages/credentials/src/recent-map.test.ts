import { expect, test } from "vitest";
import { RecentMap } from "./recent-map.ts";

test("keeps what was used last, and no more than it may", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
  map.set("a", 4);
  map.set("d", 5);
  expect(map.takeAll()).toEqual([
    ["a", 4],
    ["d", 5],
  ]);
  expect(map.take("a")).toBeUndefined();
});

test("forgets what is taken", () => {
  const map = new RecentMap<string, number>(2);
  map.set("a", 1);
  expect([map.take("a"), map.take("a"), map.get("a")]).toEqual([1, undefined, undefined]);
});
