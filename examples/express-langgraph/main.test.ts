import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("each user is told their own, and every line that the program prints is true", async () => {
  // Without a key for a real model, whatever the machine has.
  const options = { cwd: import.meta.dirname, timeout: 60_000, env: { PATH: process.env["PATH"] } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stdout).toContain('✓ of the two words, Ada was told: ["osprey"]');
  expect(stdout).toContain('✓ and Bob: ["heron"]');
  expect(stdout).toContain("✓ sessions that the server still has: 0");
  expect(stderr).toBe("");
}, 60_000);
