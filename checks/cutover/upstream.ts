import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One of the two servers between which calls are moved, in a process of its own. */
export interface UpstreamProcess extends AsyncDisposable {
  readonly url: string;
  /** Ends the process at once, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** The ids of the calls whose work was done, in the order in which it was. */
  done(): Promise<readonly number[]>;
}

/** Starts an upstream that keeps its ledger in `folder`. */
export async function startUpstream(name: string, folder: string): Promise<UpstreamProcess> {
  const ledger = join(folder, name);
  const child = fork(fileURLToPath(new URL("server.ts", import.meta.url)), [name, ledger]);
  const [url] = (await once(child, "message")) as [string];
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url,
    kill,
    done: async () => (await readFile(ledger, "utf8")).split("\n").filter(Boolean).map(Number),
    [Symbol.asyncDispose]: kill,
  };
}
