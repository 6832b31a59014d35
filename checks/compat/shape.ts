// Checks each tarball as a consumer's tools see it: its files and exports (publint), its types (attw); then compiles a
// consumer against all of them.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { compileConsumer, linkProject } from "./consumer.ts";
import { tarballs } from "./tarballs.ts";

const run = promisify(execFile);
const queue = [...tarballs("packages"), ...tarballs("adapters")];
const failures: string[] = [];

async function check(tarball: string): Promise<void> {
  for (const [tool, ...args] of [
    ["publint", "--strict", tarball],
    ["attw", tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji"],
  ] as const) {
    try {
      await run(tool, args);
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      failures.push(`${tool} ${basename(tarball)}\n${stdout}${stderr}`);
    }
  }
}

async function worker(): Promise<void> {
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) await check(next);
}

async function checkConsumer(): Promise<void> {
  const project = mkdtempSync(join(tmpdir(), "tenantry-consumer-"));
  try {
    await linkProject(project);
    failures.push(...(await compileConsumer(project)));
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

await Promise.all([worker(), worker()]);
await checkConsumer();
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exitCode = 1;
}
