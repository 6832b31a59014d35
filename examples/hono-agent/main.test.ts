import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("two users of one agent get their own answers, and their own way to grant access", async () => {
  // Without whatever key there is, so that no real model is asked.
  const env = { PATH: process.env["PATH"], MASTRA_TELEMETRY_DISABLED: "1" };
  const options = { cwd: import.meta.dirname, timeout: 60_000, env };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["main.ts"], options);
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    "Ada and Bob ask at once:",
    "  ada: ada wrote: My door code is heron-41.; My door code is heron-41. (connect: /connect/mail)",
    "  bob: bob wrote: My door code is otter-73.; My door code is otter-73. (connect: /connect/mail)",
    "Ada follows the link and grants access to her mail; both ask once more:",
    "  ada: ada@mail.example",
    "  bob: I have no such tool. (connect: /connect/mail)",
    "",
  ]);
}, 60_000);
