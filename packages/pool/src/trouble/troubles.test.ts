import { TenantryError, type Origin, type ServerId } from "@tenantry/core";
import { beforeEach, expect, it } from "vitest";
import { stepClock, type StepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import { defaultTroubleLimits, type TroubleLimits } from "./limits.ts";
import type { Trouble } from "./trouble.ts";
import { Troubles } from "./troubles.ts";

const { breakerThreshold, breakerStableMs, breakerMaxMs } = defaultTroubleLimits;

let clock: StepClock;
let troubles: Troubles;

function create(limits: Partial<TroubleLimits> = {}) {
  clock = stepClock();
  troubles = new Troubles({ limits: { ...defaultTroubleLimits, ...limits }, clock, random: () => 1 });
}

beforeEach(() => create());

function use(principal: string, origin: string | undefined = "https://example.com"): Trouble {
  const target = { principal, server: "files" as ServerId, origin: origin as Origin };
  return troubles.of({
    ...target,
    way: origin ?? principal,
    poolKey: JSON.stringify([principal, origin]) as PoolKey,
  });
}

function fail(trouble: Trouble, times = 1, error = new TenantryError("CONNECT_FAILED", "no")) {
  for (let time = 0; time < times; time++)
    trouble.failed(trouble.admit(undefined), error, "calling", undefined);
}

const busy = (retryAfterMs: number) =>
  new TenantryError("SERVER_UNAVAILABLE", "no", { status: 429, retryAfterMs });

it("gives one trouble to all who use a target at once", () => {
  expect(use("ada")).toBe(use("ada"));
  expect(use("ada")).not.toBe(use("bob"));
});

it("keeps nothing of a healthy target that nobody uses", () => {
  const [first, second] = [use("ada"), use("ada")];
  troubles.drop(first);
  expect(troubles.size).toBe(3);
  troubles.drop(second);
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});

it("does not take an old trouble for its successor", () => {
  const old = use("ada");
  troubles.drop(old);
  const next = use("ada");
  troubles.drop(old);
  expect(use("ada")).toBe(next);
});

it("has no timer while every trouble is used", () => {
  fail(use("ada"), breakerThreshold);
  expect(clock.pending).toBe(0);
});

it("keeps what was counted of a target that nobody uses", () => {
  const trouble = use("ada");
  fail(trouble, breakerThreshold - 1);
  troubles.drop(trouble);
  expect(clock.pending).toBe(1);
  const again = use("ada");
  expect(clock.pending).toBe(0);
  fail(again);
  expect(() => again.admit(undefined)).toThrow("SERVER_UNAVAILABLE");
});

it("keeps for all that an origin is down, though nobody uses it", () => {
  const [ada, bob] = [use("ada"), use("bob")];
  fail(ada, breakerThreshold - 1);
  fail(bob);
  troubles.drop(ada);
  troubles.drop(bob);
  expect(() => use("eve").admit(undefined)).toThrow("SERVER_UNAVAILABLE");
});

it("forgets after the stable period, by one timer", () => {
  const all = [use("ada"), use("bob"), use("ada", "https://other.example")];
  for (const trouble of all) {
    fail(trouble, 2);
    troubles.drop(trouble);
    clock.step(1_000);
  }
  expect(clock.pending).toBe(1);
  clock.step(breakerStableMs - 3_000);
  expect(troubles.size).toBe(4);
  clock.step(2_000);
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});

it("does not remember what is over though it was not yet looked at", () => {
  const early = use("ada");
  fail(early, breakerThreshold - 1);
  clock.step(breakerStableMs - 1);
  troubles.drop(early);
  clock.step(1);
  expect(troubles.size).toBe(2);
  expect(use("ada").isCalm).toBe(true);
});

it("keeps a hold for as long as it lasts", () => {
  const trouble = use("ada");
  fail(trouble, 1, busy(3.5 * breakerStableMs));
  troubles.drop(trouble);
  clock.step(3 * breakerStableMs);
  const again = use("ada");
  expect(() => again.admit(undefined)).toThrow(`${breakerStableMs / 2} ms`);
  troubles.drop(again);
  clock.step(breakerStableMs);
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});

it("keeps an open breaker until its delay is over, though that is longer than the stable period", () => {
  create({ breakerStableMs: 10, breakerBaseMs: breakerMaxMs });
  const trouble = use("ada");
  fail(trouble, breakerThreshold);
  troubles.drop(trouble);
  clock.step(breakerMaxMs - 1);
  const again = use("ada");
  expect(() => again.admit(undefined)).toThrow("SERVER_UNAVAILABLE");
  troubles.drop(again);
  clock.step(11);
  expect(troubles.size).toBe(0);
});

it("forgets the oldest where there are too many, but none that is used", () => {
  create({ maxTroubles: 2 });
  const hold = (principal: string) => {
    const trouble = use(principal);
    fail(trouble, 1, busy(1_000));
    return trouble;
  };
  const used = hold("zoe");
  for (const principal of ["ada", "bob", "eve"]) troubles.drop(hold(principal));
  const isHeld = (trouble: Trouble) => !trouble.isCalm;
  expect([used, use("eve"), use("bob"), use("ada")].map(isHeld)).toEqual([true, true, true, false]);
});

it("looks at what comes due later than what was set first in time", () => {
  const ada = use("ada");
  fail(ada, 1, busy(2 * breakerStableMs));
  troubles.drop(ada);
  clock.step(breakerStableMs / 2);
  const bob = use("bob");
  fail(bob, 1, busy(breakerStableMs / 2));
  troubles.drop(bob);
  clock.step(breakerStableMs);
  expect(troubles.size).toBe(3);
  clock.step(breakerStableMs / 2);
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});

it("forgets everything when it is closed, and keeps nothing from then on", () => {
  const [ada, bob] = [use("ada"), use("bob")];
  fail(ada, 2);
  fail(bob, 2);
  troubles.drop(ada);
  troubles.close();
  expect(clock.pending).toBe(0);
  troubles.drop(bob);
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});
