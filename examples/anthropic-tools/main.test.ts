import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("two users of one model get their own answers, and an abort reaches the server", async () => {
  // Without whatever key there is, so that no real model is asked.
  const options = { cwd: import.meta.dirname, timeout: 60_000, env: { PATH: process.env["PATH"] } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    "Ada and Bob ask at once:",
    "  ada: ada wrote: My door code is heron-41.; My door code is heron-41.",
    "  bob: bob wrote: My door code is otter-73.; My door code is otter-73.",
    "Ada leaves while a tool works for her, and Bob does not:",
    "  the server: The caller left.",
    "  bob: bob",
    "",
  ]);
}, 60_000);
