// A sample of `pnpm isolation`: what is ours, and not the peers.
import { checkIsolation, type IsolationReport } from "@tenantry/testing/isolation";
import { expect, it } from "vitest";
import { loadSubject, subjectsOf } from "./subjects.ts";
import { notesOf, tableOf } from "./table.ts";

const scenarios = ["same-tick", "rotation", "cancel"] as const;

it.each(subjectsOf("ours"))(
  "%s keeps users apart",
  async (name) => {
    const report = await checkIsolation(await loadSubject("ours", name), { scenarios });
    expect(notesOf(report)).toEqual([]);
    expect(report.results.map(({ verdict }) => verdict)).toEqual(Array(scenarios.length * 2).fill("green"));
  },
  120_000,
);

it("tells what crossed, in which era, and why there is nothing to tell", () => {
  const crossings = [{ kind: "list", detail: "ada was shown a tool of bob" }] as const;
  const report: IsolationReport = {
    subject: "leaky",
    results: [
      { scenario: "sequential", era: "legacy", verdict: "red", crossings },
      { scenario: "sequential", era: "modern", verdict: "green", crossings: [] },
      { scenario: "cancel", era: "legacy", verdict: "not applicable", reason: "it cannot", crossings: [] },
      { scenario: "cancel", era: "modern", verdict: "not applicable", reason: "it cannot", crossings: [] },
    ],
  };
  expect(tableOf([report], ["sequential", "cancel"]).split("\n").at(-1)).toBe(
    "| leaky | RED / green | –      |",
  );
  expect(notesOf(report)).toEqual([
    "leaky, sequential, legacy: list: ada was shown a tool of bob",
    "leaky, cancel, legacy: nothing shown: it cannot",
    "leaky, cancel, modern: nothing shown: it cannot",
  ]);
});
