import { setTimeout as realDelay } from "node:timers/promises";
import { expect, test } from "vitest";
import { manualClock } from "./index.ts";

test("time moves only when it is told to", async () => {
  const clock = manualClock({ startMs: 1000 });
  await realDelay(5);
  expect(clock.now()).toBe(1000);
  await clock.advance(50);
  expect(clock.now()).toBe(1050);
});

test("timers fire in the order of their times, each at its own time", async () => {
  const clock = manualClock({ startMs: 0 });
  const fired: [string, number][] = [];
  for (const [name, ms] of [
    ["late", 20],
    ["early", 10],
    ["too late", 31],
    ["also late", 20],
  ] as const) {
    clock.after(ms, () => fired.push([name, clock.now()]));
  }
  await clock.advance(30);
  expect(fired).toEqual([
    ["early", 10],
    ["late", 20],
    ["also late", 20],
  ]);
  expect([clock.now(), clock.pending]).toEqual([30, 1]);
});

test("a timer that was taken back does not fire", async () => {
  const clock = manualClock();
  const timer = clock.after(10, () => expect.unreachable());
  timer.cancel();
  expect(clock.pending).toBe(0);
  await clock.advance(10);
});

test("what a timer or a promise sets meanwhile fires too, if it falls due", async () => {
  const clock = manualClock({ startMs: 0 });
  const fired: number[] = [];
  const tick = async () => {
    for (let round = 0; round < 3; round++) {
      await new Promise<void>((resolve) => void clock.after(10, resolve));
      await Promise.resolve();
      fired.push(clock.now());
    }
  };
  const ticking = tick();
  await clock.advance(25);
  expect(fired).toEqual([10, 20]);
  await clock.advance(5);
  expect(fired).toEqual([10, 20, 30]);
  await ticking;
});
