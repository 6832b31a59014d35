import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("every line that the program prints is true", async () => {
  const options = { cwd: import.meta.dirname, timeout: 120_000 };
  const { stdout } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stdout).toContain("✓ what it read: Acme's plans");
}, 120_000);
