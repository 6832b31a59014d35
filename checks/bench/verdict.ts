import { table } from "./table.ts";

/** One line of what has to be shown. */
export interface Verdict {
  readonly what: string;
  readonly limit: string;
  /** NaN where it was not measured. */
  readonly figure: number;
  readonly verdict: "ok" | "MISSED" | "not measured";
}

/** Is met by a figure up to the limit; `aim` is what is hoped for, and fails nothing. */
export function atMost(what: string, limit: number, figure: number, aim?: number): Verdict {
  return verdict(what, `≤ ${limit}${aim === undefined ? "" : `, aim ${aim}`}`, figure, figure <= limit);
}

/** Is met by a figure from the limit on. */
export function atLeast(what: string, limit: number, figure: number): Verdict {
  return verdict(what, `≥ ${limit}`, figure, figure >= limit);
}

function verdict(what: string, limit: string, figure: number, reached: boolean): Verdict {
  return { what, limit, figure, verdict: Number.isNaN(figure) ? "not measured" : reached ? "ok" : "MISSED" };
}

/** The verdicts, to be read. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, limit, figure, verdict }) => {
    const shown = Number.isNaN(figure) ? "" : String(Number(figure.toFixed(2)));
    return [what, limit, shown, verdict];
  });
  return table(["must show", "limit", "figure", ""], rows);
}
