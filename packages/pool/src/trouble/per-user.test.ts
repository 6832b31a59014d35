import { expect, it } from "vitest";
import { TenantryError, type Origin, type ServerId } from "@tenantry/core";
import { stepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import { defaultTroubleLimits, type TroubleLimits } from "./limits.ts";
import { Troubles } from "./troubles.ts";

function start(limits: Partial<TroubleLimits> = {}) {
  const clock = stepClock();
  const troubles = new Troubles({ limits: { ...defaultTroubleLimits, ...limits }, clock, random: () => 1 });
  const troubleOf = (principal: string, conversation: string, origin = "https://one.example") =>
    troubles.of({
      poolKey: JSON.stringify([principal, conversation, origin]) as PoolKey,
      server: "files" as ServerId,
      way: origin,
      principal,
      origin: origin as Origin,
    });
  /** The server asks the principal to wait, and the conversation ends. */
  const hold = (...of: Parameters<typeof troubleOf>) => {
    const trouble = troubleOf(...of);
    const details = { status: 429, retryAfterMs: 300_000, delivery: "unknown" } as const;
    trouble.failed(
      trouble.admit("1"),
      new TenantryError("SERVER_UNAVAILABLE", "Too many.", details),
      "calling",
      "1",
    );
    troubles.drop(trouble);
  };
  const isHeld = (...of: Parameters<typeof troubleOf>) => {
    const trouble = troubleOf(...of);
    try {
      trouble.left(trouble.admit("1"));
      return false;
    } catch {
      return true;
    } finally {
      troubles.drop(trouble);
    }
  };
  return { troubles, hold, isHeld, clock };
}

it("one user's troubles, in whatever conversations, push out nobody else's", () => {
  const { troubles, hold, isHeld, clock } = start();
  hold("ada", "only");
  for (let conversation = 0; conversation < 20_000; conversation++) hold("mallory", `${conversation}`);
  expect(isHeld("ada", "only")).toBe(true);
  expect(troubles.size).toBeLessThan(defaultTroubleLimits.maxTroublesPerUser + 10);
  troubles.close();
  expect([troubles.size, clock.pending]).toEqual([0, 0]);
});

it("what is forgotten is the user's own oldest trouble", () => {
  const { hold, isHeld, troubles } = start({ maxTroublesPerUser: 2 });
  for (const conversation of ["1", "2", "3"]) hold("ada", conversation);
  expect(["1", "2", "3"].map((conversation) => isHeld("ada", conversation))).toEqual([false, true, true]);
  troubles.close();
});

it("the troubles of many origins are those of whoever met them", () => {
  const { hold, isHeld, troubles } = start({ maxTroubles: 40, maxTroublesPerUser: 10 });
  hold("ada", "only");
  for (let origin = 0; origin < 200; origin++) hold("mallory", "only", `https://${origin}.example`);
  expect(isHeld("ada", "only")).toBe(true);
  expect(troubles.size).toBeLessThan(40);
  troubles.close();
  expect(troubles.size).toBe(0);
});
