import { expect, it } from "vitest";
import { Backoff } from "./backoff.ts";
import { defaultTroubleLimits } from "./limits.ts";

const stableMs = defaultTroubleLimits.breakerStableMs;

/** Delays at their longest, or at another share of it. */
function backoff(share = 1, limits = {}) {
  return new Backoff({ ...defaultTroubleLimits, ...limits }, () => share);
}

it("doubles its delays from 1 s to 32 s, stays there and says so", () => {
  const ladder = backoff();
  const rungs = Array.from({ length: 8 }, () => ladder.climb());
  expect(rungs.map(({ delayMs }) => delayMs)).toEqual([1, 2, 4, 8, 16, 32, 32, 32].map((s) => s * 1_000));
  expect(rungs.map(({ rung }) => rung)).toEqual([0, 1, 2, 3, 4, 5, 5, 5]);
  expect(rungs.map(({ last }) => last)).toEqual([false, false, false, false, false, true, true, true]);
});

it("draws each delay from between nothing and its cap", () => {
  expect(backoff(0).climb().delayMs).toBe(0);
  const ladder = backoff(0.25);
  expect([ladder.climb(), ladder.climb()].map(({ delayMs }) => delayMs)).toEqual([250, 500]);
});

it("ends at a most that is no power of the base", () => {
  const ladder = backoff(1, { breakerMaxMs: 3_000 });
  const rungs = Array.from({ length: 4 }, () => ladder.climb());
  expect(rungs.map(({ delayMs, last }) => [delayMs, last])).toEqual([
    [1_000, false],
    [2_000, false],
    [3_000, true],
    [3_000, true],
  ]);
});

it("has one rung where the base is no less than the most", () => {
  expect(backoff(1, { breakerBaseMs: 50_000 }).climb()).toEqual({ rung: 0, delayMs: 32_000, last: true });
});

it("climbs on where failures come back within the stable period", () => {
  const ladder = backoff();
  ladder.climb();
  ladder.succeeded(0);
  ladder.failed(stableMs - 1);
  expect(ladder.climb().rung).toBe(1);
});

it("begins anew after a stable period, which later successes do not put off", () => {
  const ladder = backoff();
  ladder.climb();
  ladder.climb();
  ladder.succeeded(0);
  ladder.succeeded(stableMs - 1);
  ladder.failed(stableMs);
  expect(ladder.isAtRest).toBe(true);
  expect(ladder.climb().rung).toBe(0);
});

it("does not take silence for success", () => {
  const ladder = backoff();
  ladder.climb();
  ladder.failed(10 * stableMs);
  expect(ladder.climb().rung).toBe(1);
});
