import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const options = { cwd: import.meta.dirname, timeout: 60_000 };

test("every line that the program prints is true", async () => {
  // Only what this program needs: elizaOS configures itself from the environment.
  const env = { PATH: process.env["PATH"], LOG_LEVEL: "error" };
  const { stdout, stderr } = await run(process.execPath, ["main.ts"], { ...options, env });
  expect(stdout).toContain("✓ sockets and processes of this process");
  expect(stderr).toBe("");
}, 60_000);

test("the plugin has the types of the real elizaOS", async () => {
  const tsc = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
  await expect(run(process.execPath, [tsc], options)).resolves.toMatchObject({ stdout: "" });
}, 60_000);
