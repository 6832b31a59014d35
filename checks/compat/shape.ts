// Checks each tarball as a consumer's tools see it: its files and exports (publint), its types (attw).
import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { tarballs } from "./tarballs.ts";

const run = promisify(execFile);
const queue = tarballs();
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

await Promise.all([worker(), worker()]);
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exitCode = 1;
}
