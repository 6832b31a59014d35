import { expect, it } from "vitest";
import { handClock } from "../../test/fixture.ts";
import { Refusals } from "./refusals.ts";

it("holds back tokens that are got because of refusals longer and longer, until one is not refused for a while", () => {
  const clock = handClock();
  const refusals = new Refusals(clock, 10);
  expect(refusals.judge("ada", "1")).toEqual({ kind: "renew" });
  // All who were refused with it hear the same.
  expect(refusals.judge("ada", "1")).toEqual({ kind: "renew" });
  for (const [generation, ms] of [
    ["2", 5_000],
    ["3", 20_000],
    ["4", 80_000],
  ] as const) {
    expect(refusals.judge("ada", generation)).toEqual({ kind: "wait", retryAfterMs: ms });
    expect(refusals.judge("bob", `of bob ${generation}`, true)).toEqual({ kind: "renew" });
    clock.pass(ms);
    expect(refusals.judge("ada", generation)).toEqual({ kind: "renew" });
  }
  expect(refusals.judge("ada", "5")).toMatchObject({ kind: "over" });
  clock.pass(300_000);
  expect(refusals.judge("ada", "5")).toEqual({ kind: "renew" });
});

it("begins anew where the token has worked", () => {
  const refusals = new Refusals(handClock(), 10);
  for (let generation = 0; generation < 20; generation++)
    expect(refusals.judge("ada", String(generation), true)).toEqual({ kind: "renew" });
  expect(refusals.judge("ada", "next")).toMatchObject({ kind: "wait" });
});
