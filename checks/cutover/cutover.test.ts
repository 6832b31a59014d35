// A sample of what `pnpm cutover` does at full size.
import { expect, it } from "vitest";
import { violationsOf } from "./rules.ts";
import { cutOver, type Aftermath } from "./run.ts";

it("moves calls from one server to another that is killed half-way, and harms none that was not under way there", async () => {
  const aftermath = await cutOver({ calls: 1_500, lanes: 32, users: 20 });
  expect(violationsOf(aftermath)).toEqual([]);

  // What the rules find is found: each of these is the same cut-over with one thing wrong in it.
  const { outcomes, done } = aftermath;
  const changed = outcomes.find(({ kind, by }) => kind === "change" && by === "before");
  if (changed === undefined) throw new Error("Nothing was changed.");
  const others = outcomes.filter((outcome) => outcome !== changed);
  const failed = { ...changed, by: undefined, failure: { code: "DELIVERY_UNKNOWN", delivery: "unknown" } };
  const wrong: readonly [Partial<Aftermath>, RegExp][] = [
    [{ outcomes: others }, /ended 0 times/u],
    [{ outcomes: [...outcomes, changed] }, /ended 2 times/u],
    [{ done: { ...done, after: [...done.after, changed.id] } }, /was run 2 times/u],
    [{ outcomes: [...others, { ...changed, by: "after" }] }, /which did not run it/u],
    [{ outcomes: [...others, failed as never], underWay: new Set([-1]) }, /ended in DELIVERY_UNKNOWN/u],
    [{ server: undefined }, /was not taken back/u],
  ];
  for (const [part, complaint] of wrong)
    expect(violationsOf({ ...aftermath, ...part })).toContainEqual(expect.stringMatching(complaint));
}, 60_000);
