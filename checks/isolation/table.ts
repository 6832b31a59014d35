import type { IsolationReport, IsolationScenarioName } from "@tenantry/testing/isolation";

const signs = { green: "green", red: "RED", "not applicable": "–" } as const;

/** The verdicts as a Markdown table, a row a subject: one word where both eras agree, else the legacy era's before the modern one's. */
export function tableOf(
  reports: readonly IsolationReport[],
  scenarios: readonly IsolationScenarioName[],
): string {
  const rows = reports.map(({ subject, results }) => [
    subject,
    ...scenarios.map((scenario) => {
      const verdicts = results
        .filter((result) => result.scenario === scenario)
        .map(({ verdict }) => signs[verdict]);
      return [...new Set(verdicts)].length === 1 ? (verdicts[0] ?? "") : verdicts.join(" / ");
    }),
  ]);
  const heads = ["", ...scenarios];
  const widths = heads.map((head, at) =>
    Math.max(3, head.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** What crossed, and what showed nothing for which reason, a line each; what holds for every scenario of an era is said once. */
export function notesOf({ subject, results }: IsolationReport): readonly string[] {
  const lines = results.flatMap(({ scenario, era, crossings, reason }) => {
    const at = `${subject}, ${scenario}, ${era}`;
    if (crossings.length > 0) return crossings.map(({ kind, detail }) => `${at}: ${kind}: ${detail}`);
    if (reason === undefined || reason.startsWith("it does not speak")) return [];
    return [`${at}: nothing shown: ${reason}`];
  });
  return lines;
}
