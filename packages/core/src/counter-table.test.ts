import { expect, test } from "vitest";
import { CounterTable } from "./counter-table.ts";

function tableAt(options: { toleratedStepMs?: number; max?: number } = {}) {
  const time = { now: 1_000_000 };
  const { max, ...others } = options;
  const bound = max === undefined ? {} : { bound: { max, error: () => new RangeError("full") } };
  return { time, table: new CounterTable({ clock: { now: () => time.now }, ...others, ...bound }) };
}

test("a counter goes on until its time is over, and then begins at nothing", () => {
  const { time, table } = tableAt();
  expect(table.add("a", 2, 1_000)).toEqual({ points: 2, expiresAt: 1_001_000 });
  time.now += 999;
  expect(table.add("a", 3, 1_000)).toEqual({ points: 5, expiresAt: 1_001_000 });
  time.now += 1;
  expect(table.get("a")).toBeUndefined();
  expect(table.add("a", 1, 1_000)).toEqual({ points: 1, expiresAt: 1_002_000 });
});

test("what was given is no part of the table", () => {
  const { table } = tableAt();
  const first = table.add("a", 1, 1_000);
  table.add("a", 1, 1_000);
  expect(first.points).toBe(1);
});

test("a clock that is set back by more than is tolerated ends the younger ones", () => {
  for (const toleratedStepMs of [0, 10_000]) {
    const { time, table } = tableAt({ toleratedStepMs });
    table.add("a", 1, 1_000);
    time.now -= toleratedStepMs;
    expect(table.get("a")?.points).toBe(1);
    time.now -= 1;
    expect(table.get("a")).toBeUndefined();
    expect(table.add("a", 1, 1_000).points).toBe(1);
  }
});

test.each(["add", "set"] as const)("ended ones do not pile up, however they have come: %s", (how) => {
  const { time, table } = tableAt();
  for (let user = 0; user < 1_000; user++) {
    if (how === "add") table.add(`user ${user}`, 1, 1_000);
    else table.set(`user ${user}`, { points: 9, expiresAt: time.now + 1_000 }, 1_000);
    time.now += 100;
  }
  expect(table.size).toBeLessThan(100);
});

test("what was counted elsewhere goes on here", () => {
  const { time, table } = tableAt();
  table.set("a", { points: 9, expiresAt: time.now + 500 }, 1_000);
  expect(table.add("a", 1, 1_000)).toEqual({ points: 10, expiresAt: time.now + 500 });
  time.now += 500;
  expect(table.get("a")).toBeUndefined();
});

test("takes no more than it may, and goes on where one has ended or is reset", () => {
  const { time, table } = tableAt({ max: 2 });
  table.add("a", 1, 1_000);
  time.now += 1;
  table.add("b", 1, 1_000);
  expect(() => table.add("c", 1, 1_000)).toThrow(RangeError);
  expect(table.add("a", 1, 1_000).points).toBe(2);
  time.now += 999;
  expect(table.add("c", 1, 1_000).points).toBe(1);
  table.reset("b");
  expect(table.add("d", 1, 1_000).points).toBe(1);
});
