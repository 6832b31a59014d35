// Runs the official suite against client.ts, once for each revision, and says what came of every scenario.
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const revisions = ["2025-11-25", "2026-07-28"] as const;
const baseline = "expected-failures.yaml";

const expected = readReasons();
const results = mkdtempSync(join(tmpdir(), "tenantry-conformance-"));
try {
  for (const revision of revisions) report(revision, runSuite(revision));
} finally {
  rmSync(results, { recursive: true, force: true });
}

/** Why each scenario is expected to fail: the comments of the baseline, whose entries may name one check of many. */
function readReasons(): ReadonlyMap<string, string> {
  const entries = readFileSync(join(import.meta.dirname, baseline), "utf8").matchAll(
    /^ +- ([^\s:]+)\S* # (.+)$/gm,
  );
  return new Map([...entries].map(([, scenario = "", reason = ""]) => [scenario, reason]));
}

function runSuite(revision: string): { readonly output: string; readonly passed: boolean } {
  const of = ["--requirements", revision, "--expected-failures", baseline];
  // The suite starts all clients of a revision at once, and a small machine takes its time over forty of them.
  const to = ["--output-dir", join(results, revision), "--timeout", "120000"];
  const { status, stdout, error } = spawnSync(
    "conformance",
    // By name: the suite splits the command at its spaces.
    ["client", "--command", "node client.ts", ...of, ...to, "--verbose"],
    { cwd: import.meta.dirname, encoding: "utf8", timeout: 300_000, maxBuffer: 64 * 1024 * 1024 },
  );
  if (error !== undefined) throw error;
  return { output: stdout, passed: status === 0 };
}

function report(revision: string, { output, passed }: ReturnType<typeof runSuite>): void {
  const scenarios = [...output.matchAll(/^([✓✗]) (\S+): \d+ passed/gm)];
  const announced = Number(/\((\d+) scenarios\)/.exec(output)?.[1]);
  if (scenarios.length !== announced) throw new Error(`The suite's report is not understood:\n${output}`);

  const rows = scenarios.map(([, mark, name = ""]) => [name, verdict(revision, name, mark === "✓")] as const);
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, result]) => `${name.padEnd(width)} | ${result}`);
  console.log([`${"scenario".padEnd(width)} | ${revision}`, ...table, ""].join("\n"));

  if (!passed) console.error(output.slice(output.indexOf("=== SUITE SUMMARY ===")));
  if (!passed || rows.some(([, result]) => result.startsWith("FAILED"))) process.exitCode = 1;
}

function verdict(revision: string, scenario: string, passed: boolean): string {
  const reason = expected.get(scenario);
  if (!passed) return reason === undefined ? "FAILED" : `expected failure: ${reason}`;
  if (reason !== undefined) return `FAILED: it passes, take it out of ${baseline}`;
  // The suite does not look at how the client itself ended.
  const [said] = globSync(join(results, revision, `${scenario}-20*`, "stdout.txt"));
  const ended = said !== undefined && readFileSync(said, "utf8") === "done\n";
  return ended ? "passed" : "FAILED: every check passed, but the client did not end well";
}
