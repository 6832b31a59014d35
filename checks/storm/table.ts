import type { Aftermath } from "./aftermath.ts";
import { fateOf } from "./fate.ts";
import { lateTimeouts } from "./fitting.ts";
import { faults } from "./weather.ts";

/** What a storm came to, as the rows of a table: what is counted, and how often it was. */
export function rowsOf(aftermath: Aftermath): readonly (readonly [string, number])[] {
  const { outcomes, ledgers } = aftermath;
  const ends = tally(outcomes.map(({ ended }) => ended));
  const codes = tally(
    outcomes.flatMap(({ failures }) => failures.map(({ code = "no TenantryError" }) => code)),
  );
  const met = tally(ledgers.flatMap((ledger) => ledger.faults.map(({ fault }) => fault)));
  const sessions = tally(
    ledgers.flatMap((ledger) => ledger.sessions.map((session) => fateOf(session, aftermath.late))),
  );
  return [
    ["answered", ends.get("answered") ?? 0],
    ["given up by the caller", ends.get("aborted") ?? 0],
    ...[...codes]
      .sort(([, a], [, b]) => b - a)
      .map(([code, count]) => [`failed with ${code}`, count] as const),
    ["time-outs of a machine that was late", lateTimeouts(aftermath)],
    ["longest standstill of a process, in ms", Math.max(0, ...aftermath.late.map(({ lateMs }) => lateMs))],
    ["requests that the servers had", ledgers.reduce((sum, { requests }) => sum + requests, 0)],
    ...faults.map((fault) => [`fault: ${fault}`, met.get(fault) ?? 0] as const),
    ...[...sessions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([state, count]) => [`sessions: ${state}`, count] as const),
  ];
}

function tally(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
