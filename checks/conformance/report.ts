import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { baseline, type SuiteRun } from "./suite.ts";

/** What was run. */
export interface Subject {
  readonly side: "client" | "server";
  readonly revision: string;
  /** Where the suite has kept its account. */
  readonly output: string;
  readonly about?: string;
}

/** Says what came of every scenario that counts, and has this process fail where one was not what was expected. */
export function report(subject: Subject, { output, passed }: SuiteRun): void {
  const { side, revision, about } = subject;
  const scenarios = [...output.matchAll(/^([✓✗]) (\S+): \d+ passed/gmu)];
  if (scenarios.length === 0) throw new Error(`The suite's report is not understood:\n${output}`);
  const counted = requiredOf(side, revision);
  const expected = readReasons();
  const rows = scenarios
    .filter(([, , name = ""]) => side === "client" || counted.has(name))
    .map(([, mark, name = ""]) => [name, verdict(subject, name, mark === "✓", expected.get(name))] as const);

  const width = Math.max(...rows.map(([name]) => name.length));
  const title = [side, revision, about].filter(Boolean).join(" ");
  const counts = `${rows.filter(([, result]) => result === "passed").length} of ${rows.length} passed`;
  const table = rows.map(([name, result]) => `${name.padEnd(width)} | ${result}`);
  console.log([`${"scenario".padEnd(width)} | ${title}`, ...table, `${counts}\n`].join("\n"));

  if (!passed) console.error(output.slice(output.search(/=== (?:SUITE )?SUMMARY ===/u)));
  if (!passed || rows.some(([, result]) => result.startsWith("FAILED"))) process.exitCode = 1;
}

/** The scenarios that count for a revision; the suite runs its extensions too, and what is pending. */
function requiredOf(side: Subject["side"], revision: string): ReadonlySet<string | undefined> {
  const file = join(
    import.meta.dirname,
    `node_modules/@modelcontextprotocol/conformance/requirements/${revision}.yaml`,
  );
  const [, list = ""] =
    new RegExp(`^${side}:\\n((?: {2}- \\S+\\n|\\s*#.*\\n)+)`, "mu").exec(readFileSync(file, "utf8")) ?? [];
  return new Set([...list.matchAll(/^ {2}- (\S+)$/gmu)].map(([, name]) => name));
}

/** Why each scenario is expected to fail: the comments of the baseline, whose entries may name one check of many. */
function readReasons(): ReadonlyMap<string, string> {
  const entries = readFileSync(join(import.meta.dirname, baseline), "utf8").matchAll(
    /^ +- ([^\s:]+)\S* # (.+)$/gmu,
  );
  return new Map([...entries].map(([, scenario = "", reason = ""]) => [scenario, reason]));
}

function verdict({ side, output }: Subject, scenario: string, passed: boolean, reason?: string): string {
  if (!passed) return reason === undefined ? "FAILED" : `expected failure: ${reason}`;
  if (reason !== undefined) return `FAILED: it passes, take it out of ${baseline}`;
  if (side === "server") return "passed";
  // The suite does not look at how the client itself ended.
  const [said] = globSync(join(output, `${scenario}-20*`, "stdout.txt"));
  const ended = said !== undefined && readFileSync(said, "utf8") === "done\n";
  return ended ? "passed" : "FAILED: every check passed, but the client did not end well";
}
