import { manualClock } from "@tenantry/testing";
import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

const settle = () => new Promise(setImmediate);

/** Asks for turns and keeps the order in which they are given or refused. */
function setUp() {
  const clock = manualClock();
  const turns = new Turns(clock);
  const told: string[] = [];
  const ask = (name: string, isUrgent = false) =>
    void turns.take(isUrgent).then(
      () => told.push(name),
      (error: { code: string; retryable: boolean }) =>
        told.push(`${name} ${error.code} ${error.retryable ? "for now" : "for good"}`),
    );
  const askMany = (count: number, name = "some") => {
    for (let call = 0; call < count; call++) ask(name);
  };
  return { clock, turns, told, ask, askMany };
}

it("gives 64 turns at once and the next ones in the order in which they were asked for", async () => {
  const { turns, told, ask, askMany } = setUp();
  askMany(64);
  ask("first");
  ask("second");
  await settle();
  expect(told).toHaveLength(64);
  turns.give();
  turns.give();
  await settle();
  expect(told.slice(64)).toEqual(["first", "second"]);
});

it("gives an urgent one its turn at once, beside those that are full, and none is given for it", async () => {
  const { turns, told, ask, askMany } = setUp();
  askMany(64);
  ask("waits");
  ask("urgent", true);
  await settle();
  expect(told.slice(64)).toEqual(["urgent"]);
  turns.give();
  await settle();
  expect(told.slice(64)).toEqual(["urgent"]);
  turns.give();
  await settle();
  expect(told.slice(64)).toEqual(["urgent", "waits"]);
});

it("refuses who comes when 10,000 wait, but for the urgent, and who has waited for ten seconds", async () => {
  const { clock, turns, told, ask, askMany } = setUp();
  askMany(64 + 10_000);
  ask("late");
  ask("urgent", true);
  await settle();
  expect(told.slice(64)).toEqual(["late STORE_UNAVAILABLE for now", "urgent"]);
  await clock.advance(10_000);
  await settle();
  expect(told.slice(66)).toEqual(Array(10_000).fill("some STORE_UNAVAILABLE for now"));
  ask("next");
  for (let turn = 0; turn < 2; turn++) turns.give();
  await settle();
  expect(told.at(-1)).toBe("next");
});
