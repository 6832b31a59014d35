import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("two users of one chat route get their own answers, and a stop reaches the server", async () => {
  // Without whatever key there is, so that no real model is asked.
  const options = { cwd: import.meta.dirname, timeout: 60_000, env: { PATH: process.env["PATH"] } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    "Ada and Bob chat at once:",
    "  ada: ada wrote: My door code is heron-41.",
    "  bob: bob wrote: My door code is otter-73.",
    "  ada: My door code is heron-41.",
    "  bob: My door code is otter-73.",
    "Ada stops an answer while a tool works for it:",
    "  the server: The caller left.",
    "",
  ]);
}, 60_000);
