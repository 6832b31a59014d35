import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("every line that the program prints is true", async () => {
  // Only what this program needs: elizaOS configures itself from the environment.
  const env = { PATH: process.env["PATH"], LOG_LEVEL: "error" };
  const options = { cwd: import.meta.dirname, timeout: 60_000, env };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stdout).toContain("✓ sockets and processes of this process");
  expect(stderr).toBe("");
}, 60_000);
