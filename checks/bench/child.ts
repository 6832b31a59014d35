import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** How a child is run. */
export interface ChildOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether what it prints is shown; defaults to `false`. */
  readonly printing?: boolean;
}

/**
 * Runs a script of this folder in a process of its own, where it can ask for a collection, and gives the one message
 * that it sends. Rejects with what it wrote to its stderr where it ends without one.
 */
export async function runChild<T>(
  script: string,
  args: readonly string[],
  { timeoutMs, printing = false }: ChildOptions,
): Promise<T> {
  const child = fork(join(import.meta.dirname, script), args, {
    // V8 forgets the code of what has not run for a while; several MiB less at any moment would hide what is kept.
    execArgv: ["--expose-gc", "--no-flush-bytecode"],
    stdio: ["ignore", printing ? "inherit" : "ignore", "pipe", "ipc"],
    timeout: timeoutMs,
  });
  let said = "";
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${script} ${args[0]}: ${said}`)));
  const [message] = (await Promise.race([once(child, "message"), ended])) as [T];
  ended.catch(() => {});
  return message;
}
