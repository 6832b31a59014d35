import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

const options = { cwd: import.meta.dirname, timeout: 120_000 };

test("every line that the program prints is true", async () => {
  const { stdout, stderr } = await run(process.execPath, ["main.ts"], options);
  expect(stdout).toContain("✓ the server saw: ada@mail.example");
  expect(stderr).toBe("");
}, 120_000);
