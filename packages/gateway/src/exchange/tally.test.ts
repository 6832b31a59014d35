import { expect, it } from "vitest";
import { Tally } from "./tally.ts";

it("lets each have as much as the bound, and remembers nobody who has nothing under way", () => {
  const tally = new Tally(2);
  expect(["ada", "ada", "ada", "bob"].map((owner) => tally.enter(owner))).toEqual([true, true, false, true]);
  expect([tally.total, tally.owners]).toEqual([3, 2]);
  tally.leave("ada");
  expect([tally.enter("ada"), tally.enter("ada")]).toEqual([true, false]);
  for (const owner of ["ada", "ada", "bob"]) tally.leave(owner);
  expect([tally.total, tally.owners]).toEqual([0, 0]);
});

it("takes nobody's leaving for room", () => {
  const tally = new Tally(1);
  tally.leave("ada");
  expect(tally.total).toBe(0);
  expect([tally.enter("ada"), tally.enter("ada")]).toEqual([true, false]);
});
