import { expect, it } from "vitest";
import type { Scope } from "@tenantry/core";
import { credentialOf, targetOf, userScope } from "../../test/fake-connector.ts";
import { stepClock } from "../../test/step-clock.ts";
import { poolKey } from "../keys.ts";
import { Parked } from "./parked.ts";
import { Parking } from "./parking.ts";

function start(max: number, maxPerUser: number) {
  const dropped: string[] = [];
  const parking = new Parking<string>({
    clock: stepClock(),
    timeoutMs: 1_000,
    max,
    maxPerUser,
    dropped: ({ session }) => void dropped.push(session),
  });
  const park = (scope: Scope, subject: string, session: string) => {
    const upstream = { endpoint: () => Promise.reject(new Error("Nobody asks.")) };
    const target = targetOf(upstream, scope);
    const credential = credentialOf(subject, "1");
    parking.put(
      new Parked({
        key: poolKey(target, subject),
        target,
        credential,
        subject,
        session,
        expiresAt: Infinity,
      }),
    );
  };
  return { parking, park, dropped };
}

it("a user whose subject changes all the time parks no more than maxPerUser, and nobody else's is ended for it", () => {
  const { parking, park, dropped } = start(6, 2);
  for (const user of ["bob", "eve"]) park(userScope(user), "own", user);
  for (let turn = 0; turn < 50; turn++) park(userScope("ada"), `subject ${turn}`, "ada");
  expect([...parking].map(({ session }) => session)).toEqual(["bob", "eve", "ada", "ada"]);
  expect(dropped).toEqual(Array(48).fill("ada"));
});

it("one that was taken or dropped gives its place to the user's next", () => {
  const { parking, park, dropped } = start(6, 1);
  park(userScope("ada", "acme", "s1"), "own", "first");
  const [first] = parking;
  if (first) parking.take(first.key);
  park(userScope("ada", "acme", "s2"), "own", "second");
  const [second] = parking;
  if (second) parking.drop(second.key);
  park(userScope("ada"), "own", "third");
  expect([[...parking].map(({ session }) => session), dropped]).toEqual([["third"], ["second"]]);
});
