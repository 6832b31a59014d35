import { spawnSync } from "node:child_process";

/** Reasons why a scenario is expected to fail. */
export const baseline = "expected-failures.yaml";

/** What one run of the suite came to. */
export interface SuiteRun {
  readonly output: string;
  readonly passed: boolean;
}

/** Runs one frozen requirement set of the suite, which keeps its own account in a folder. */
export function runSuite(command: readonly string[], revision: string, folder: string): SuiteRun {
  const of = ["--requirements", revision, "--expected-failures", baseline];
  const { status, stdout, error } = spawnSync(
    "conformance",
    // The suite starts all clients of a revision at once, and a small machine takes its time over forty of them.
    [...command, ...of, "--output-dir", folder, "--verbose"],
    { cwd: import.meta.dirname, encoding: "utf8", timeout: 300_000, maxBuffer: 64 * 1024 * 1024 },
  );
  if (error !== undefined) throw error;
  return { output: stdout, passed: status === 0 };
}
