import { expect, it } from "vitest";
import { atOnce } from "./at-once.ts";

it("does every task once, no more than so many at a time, and gives the outcomes in order", async () => {
  let [running, most] = [0, 0];
  const workers = new Set<number>();
  const outcomes = await atOnce(3, 10, async (at, worker) => {
    workers.add(worker);
    most = Math.max(most, ++running);
    for (let turn = at % 4; turn >= 0; turn--) await Promise.resolve();
    running--;
    return at * at;
  });
  expect(outcomes).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
  expect([most, running, [...workers].sort()]).toEqual([3, 0, [0, 1, 2]]);
});

it("rejects with a task's failure", async () => {
  const failing = atOnce(2, 5, (at) => (at === 3 ? Promise.reject(new Error("three")) : Promise.resolve(at)));
  await expect(failing).rejects.toThrow("three");
});
