import { expect, it } from "vitest";
import { stepClock } from "../../test/step-clock.ts";
import { StaleList } from "./stale-list.ts";

function start() {
  const clock = stepClock();
  const expired: string[] = [];
  const list = new StaleList<{ name: string; dueAt: number }>({
    clock,
    timeoutMs: 100,
    expire: ({ name }) => expired.push(name),
  });
  return { clock, expired, list, add: (name: string) => list.append({ name, dueAt: 0 }) };
}

it("expires each item when its own time is over, on one timer", () => {
  const { clock, expired, list, add } = start();
  add("a");
  clock.step(60);
  add("b");
  add("c");
  expect(clock.pending).toBe(1);
  clock.step(40);
  expect([expired, list.size, clock.pending]).toEqual([["a"], 2, 1]);
  clock.step(59);
  expect(expired).toEqual(["a"]);
  clock.step(1);
  expect([expired, list.size, clock.pending]).toEqual([["a", "b", "c"], 0, 0]);
});

it("gives an item that comes again its whole time, behind the others", () => {
  const { clock, expired, list, add } = start();
  const place = add("a");
  add("b");
  clock.step(99);
  list.remove(place);
  list.rejoin(place);
  clock.step(1);
  expect(expired).toEqual(["b"]);
  clock.step(98);
  expect(expired).toEqual(["b"]);
  clock.step(1);
  expect(expired).toEqual(["b", "a"]);
});

it("has no timer while it is empty", () => {
  const { clock, list, add } = start();
  expect(clock.pending).toBe(0);
  const place = add("a");
  list.remove(place);
  expect(clock.pending).toBe(0);
});

it("takes items that come while others expire", () => {
  const clock = stepClock();
  const expired: string[] = [];
  const list = new StaleList<{ name: string; dueAt: number }>({
    clock,
    timeoutMs: 100,
    expire({ name }) {
      expired.push(name);
      if (expired.length === 1) list.append({ name: "again", dueAt: 0 });
    },
  });
  list.append({ name: "a", dueAt: 0 });
  clock.step(100);
  expect([expired, clock.pending]).toEqual([["a"], 1]);
  clock.step(100);
  expect([expired, clock.pending]).toEqual([["a", "again"], 0]);
});
