import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Answered, HostSetup, Outcome, Task } from "./messages.ts";

/** Starts a host process and waits until it can be asked; rejects with what it wrote to its stderr where it ends first. */
export async function startHost(setup: HostSetup): Promise<Host> {
  const child = fork(join(import.meta.dirname, "host-child.ts"), [JSON.stringify(setup)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.on("data", (chunk) => (said += String(chunk)));
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`A host did not start: ${said}`)));
  await Promise.race([once(child, "message"), ended]);
  ended.catch(() => {});
  return new Host(child);
}

/** One host process, as the one who may kill it sees it. */
export class Host {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (outcomes: readonly Outcome[] | undefined) => void>();
  readonly #exited: Promise<unknown>;
  #asked = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit").then(() => {
      for (const id of [...this.#answers.keys()]) this.#settle(id, undefined);
    });
    child.on("message", ({ id, outcomes }: Answered) => this.#settle(id, outcomes));
  }

  /** Whether the process runs. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Gives how the task came out; `undefined` where the process died first. */
  ask(task: Task): Promise<readonly Outcome[] | undefined> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      if (!this.isAlive) return this.#settle(id, undefined);
      this.#child.send({ id, task }, (failure) => failure && this.#settle(id, undefined));
    });
  }

  /** Ends it as a machine that loses its power does: it learns nothing of it. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #settle(id: number, outcomes: readonly Outcome[] | undefined): void {
    this.#answers.get(id)?.(outcomes);
    this.#answers.delete(id);
  }
}
