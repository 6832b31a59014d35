import { describe, expect, it } from "vitest";
import { Outcomes } from "./outcomes.ts";

const limits = { rollBackFailures: 3, rollBackWithinMs: 1_000 };

/** Adds one outcome a letter, 10 ms apart: an upper-case one fails; gives which of them condemned the upstream. */
function judged(letters: string, { gapMs = 10, outcomes = new Outcomes(limits), from = 0 } = {}) {
  return [...letters].flatMap((letter, index) => {
    const isFailure = letter !== letter.toLowerCase();
    const failure = isFailure ? ("CONNECT_FAILED" as const) : undefined;
    const at = from + index * gapMs;
    return outcomes.add({ at, who: letter.toLowerCase(), failure }) === undefined ? [] : [index];
  });
}

describe("outcomes", () => {
  it.each<[string, string, readonly number[]]>([
    ["enough failures of several", "ABC", [2]],
    ["enough of one who is alone", "AAA", [2]],
    ["failures among as many answers", "aAbBaC", [5]],
    ["failures that are fewer than answers", "abAabBabC", []],
    ["one who alone fails while others are answered", "bAAAAAAAA", []],
    ["one who alone fails, even as fast as he can", "bAAAAAAAAAAAAAAAAAAAAAAAA", []],
    ["one who fails and is answered by turns", "AaAaA", [4]],
    ["a second who fails beside one who does", "bAAAAC", [5]],
  ])("%s: %s", (_what, letters, condemned) => {
    expect(judged(letters)).toEqual(condemned);
  });

  it("forget what was too long ago, failures as well as answers", () => {
    expect(judged("ABC", { gapMs: 600 })).toEqual([]);
    const outcomes = new Outcomes(limits);
    expect(judged("b", { outcomes })).toEqual([]);
    expect(judged("AAA", { outcomes, from: 2_000 })).toEqual([2]);
  });

  it("say how it failed last", () => {
    const outcomes = new Outcomes(limits);
    const add = (failure: "TIMEOUT" | "CONNECT_FAILED") => outcomes.add({ at: 0, who: "a", failure });
    expect([add("TIMEOUT"), add("TIMEOUT"), add("CONNECT_FAILED")]).toEqual([
      undefined,
      undefined,
      "CONNECT_FAILED",
    ]);
  });
});
