import { expect, it } from "vitest";
import { handClock } from "../../test/fixture.ts";
import { Refusals } from "./refusals.ts";

const minute = 60_000;

/** How many renewals one after the other are granted at this moment. */
function granted(refusals: Refusals, name: string): number {
  let times = 0;
  while (times < 100 && refusals.take(name) === 0) times++;
  return times;
}

it("grants as many renewals at once as it is told to and one a minute after that, for each name", () => {
  const clock = handClock();
  const refusals = new Refusals(clock, 10, 4);
  expect(granted(refusals, "ada")).toBe(4);
  expect(refusals.take("ada")).toBe(minute);
  expect(granted(refusals, "bob")).toBe(4);
  clock.pass(minute - 1);
  expect(refusals.take("ada")).toBe(1);
  clock.pass(1);
  expect(granted(refusals, "ada")).toBe(1);
  clock.pass(2.5 * minute);
  expect(granted(refusals, "ada")).toBe(2);
  expect(refusals.take("ada")).toBe(minute / 2);
});

it("closes nobody for ever: who asks all the time is granted as much as who does not", () => {
  const clock = handClock();
  const refusals = new Refusals(clock, 10, 4);
  let times = 0;
  for (let seconds = 0; seconds < 3_600; seconds++) {
    if (refusals.take("ada") === 0) times++;
    clock.pass(1_000);
  }
  expect(times).toBe(4 + 59);
  clock.pass(4 * minute);
  expect(granted(refusals, "ada")).toBe(4);
});

it("makes nobody wait longer than a minute where the clock is set back", () => {
  const clock = handClock();
  const refusals = new Refusals(clock, 10, 4);
  clock.pass(1_000 * minute);
  granted(refusals, "ada");
  clock.pass(-900 * minute);
  expect(refusals.take("ada")).toBe(minute);
  clock.pass(minute);
  expect(refusals.take("ada")).toBe(0);
});
