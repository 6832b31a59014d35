import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChildPipe } from "./child-pipe.ts";
import type { SpawnOptions } from "./spawn-pipe.ts";

/** Says how a Node child is started that runs `script`; the script has `say(object)` and `onMessage(task)`. */
export function nodeChild(script: string, more: Partial<SpawnOptions> = {}): SpawnOptions {
  return { command: process.execPath, args: ["-e", `${prelude}\n${script}`], env: {}, ...more };
}

const prelude = `
  const { spawn } = require("node:child_process");
  const say = (body) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...body }) + "\\n");
  const onMessage = (task) => {
    let text = "";
    process.stdin.setEncoding("utf8").on("data", (chunk) => {
      const lines = (text += chunk).split("\\n");
      text = lines.pop();
      for (const line of lines) task(JSON.parse(line));
    });
  };
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
`;

/** A child that answers every message with the same params, and ends with its stdin. */
export const echo = "onMessage(({ id, params }) => say({ id, result: params }));";

/** Starts the pipe and gives its messages one by one. */
export function inbox(pipe: ChildPipe): { readonly all: Message[]; next(): Promise<Message> } {
  const all: Message[] = [];
  let read = 0;
  pipe.start((message) => all.push(message as Message));
  return {
    all,
    async next() {
      await until(() => all.length > read);
      return all[read++]!;
    },
  };
}

/** What the children of these tests say. */
export interface Message {
  readonly jsonrpc: "2.0";
  readonly id?: number;
  readonly result?: unknown;
  readonly params?: Record<string, unknown>;
}

/** Waits until the check holds; fails after five seconds. */
export async function until(check: () => boolean, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!check()) {
    if (performance.now() > deadline)
      throw new Error(`Still not so after ${limitMs} ms: ${check.toString()}`);
    await sleep(5);
  }
}

/** Whether a process runs; one that has ended and was not collected does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /u.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The processes that carry the marker of one of these instances, as `/proc` tells. */
export function carriersOf(markers: readonly string[]): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && markers.includes(markerOf(pid) ?? ""));
}

/** The other processes that have this among their arguments. */
export function runningWith(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isAlive(pid) && argumentsOf(pid).includes(text));
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** The marker that a process was started with. */
export function markerOf(pid: number): string | undefined {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return environ.find((entry) => entry.startsWith("TENANTRY_INSTANCE="));
  } catch {
    return undefined;
  }
}

/** The processes whose parent this one is. */
export function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && statOf(pid)[1] === parent);
}

/** The fields of `/proc/<pid>/stat` after the name: state, parent, group, session … */
export function statOf(pid: number): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
}

/** The bytes of all buffers that are still in use. */
export function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  // Buffers are let go of in the background; the second run waits for the first one's.
  collect();
  return process.memoryUsage().arrayBuffers;
}
