import { join } from "node:path";
import { hostileCase, type HostileCase } from "./case.ts";
import { call, list } from "./scene.ts";
import { mustFail, mustSucceed } from "./verdict.ts";

interface Noisy {
  readonly mode: string;
  readonly title: string;
  readonly ends: "fails" | "succeeds";
}

const noises: readonly Noisy[] = [
  { mode: "long-line", title: "an answer of 300 MB in one line", ends: "fails" },
  { mode: "no-newline", title: "300 MB without a line feed, and silence", ends: "fails" },
  { mode: "deep", title: "an answer of 100,000 levels", ends: "fails" },
  { mode: "noise", title: "100,000 lines that are no messages, before each answer", ends: "succeeds" },
  { mode: "notifications", title: "100,000 notifications, before each answer", ends: "succeeds" },
  { mode: "odd-bytes", title: "a byte order mark, invalid UTF-8 and split characters", ends: "succeeds" },
  { mode: "stderr", title: "300 MB on stderr, before each answer", ends: "succeeds" },
];

/** Cases about child processes and what they write. */
export const stdioCases: readonly HostileCase[] = Object.freeze(
  noises.map(({ mode, title, ends }) =>
    hostileCase({
      id: "PROC-10",
      title,
      expected: `The call ${ends}, and closing leaves no process behind.`,
      eras: ["legacy"],
      async stage(scene) {
        // The child holds a connection to it for as long as it lives.
        const alive = await scene.server(undefined, "alive");
        const { limits, floodBytes, count, patienceMs } = scene.size;
        const args = [program(), mode, String(alive.port), String(floodBytes), String(count)];
        const target = { kind: "stdio", command: process.execPath, args, era: scene.era } as const;
        return {
          steps: [
            ...scene.visit(
              { ...target, limits: { ...limits, openTimeoutMs: patienceMs, timeoutMs: patienceMs / 2 } },
              list,
              call,
            ),
            // The end of a process takes a moment to be noticed.
            { do: "wait", ms: 100 },
          ],
          judge: (outcome) => [
            ends === "fails" ? mustFail(outcome, "call") : mustSucceed(outcome, "call"),
            alive.record.connections > 0 ? undefined : "The process was not started.",
            alive.record.openSockets === 0 ? undefined : "The process is still there.",
          ],
        };
      },
    }),
  ),
);

/** From the sources, Node runs the source beside this folder; from the build, what was built. */
function program(): string {
  return import.meta.filename.endsWith(".ts")
    ? join(import.meta.dirname, "../hostile-stdio.ts")
    : join(import.meta.dirname, "hostile-stdio.js");
}
