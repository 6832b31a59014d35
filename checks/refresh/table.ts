import { longestOf } from "./rules.ts";
import type { Round } from "./round.ts";

const heads = [
  "killed",
  "rounds",
  "killed there",
  "token requests",
  "uses of a token",
  "calls",
  "failed with",
  "granted again",
  "longest call, ms",
  "leases left",
];

/** The rounds as a table, one row for each name. */
export function tableOf(rounds: ReadonlyMap<string, readonly Round[]>): string {
  const rows = [...rounds].map(([name, all]) => [name, ...cellsOf(all)]);
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [heads, ...rows]
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cellsOf(rounds: readonly Round[]): readonly string[] {
  const outcomes = rounds.flatMap((round) => [...round.outcomes, ...round.afterwards]);
  return [
    String(rounds.length),
    String(rounds.filter(({ isKilled }) => isKilled).length),
    String(sum(rounds, ({ tokenRequests }) => tokenRequests)),
    `${Math.max(0, ...rounds.map(({ uses }) => uses))} at most`,
    String(outcomes.length),
    failuresOf(outcomes.flatMap(({ code }) => code ?? [])),
    String(sum(rounds, ({ grantsAgain }) => grantsAgain)),
    String(Math.max(0, ...rounds.map(longestOf))),
    String(sum(rounds, ({ leasesLeft }) => leasesLeft)),
  ];
}

function failuresOf(codes: readonly string[]): string {
  const counts = Map.groupBy(codes, (code) => code);
  return [...counts].map(([code, all]) => `${code} ${all.length}`).join(", ") || "nothing";
}

function sum(rounds: readonly Round[], of: (round: Round) => number): number {
  return rounds.reduce((total, round) => total + of(round), 0);
}
