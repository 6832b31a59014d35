// Servers in processes of their own, beside the one that measures.
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A server in a process of its own. */
export interface Beside extends Disposable {
  readonly url: URL;
}

/** Starts a script of this folder and waits until it listens; rejects where it ends before. */
export async function startBeside(script: string, ...args: readonly string[]): Promise<Beside> {
  const child = fork(join(import.meta.dirname, script), args, { execArgv: [] });
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${script} has ended.`)));
  const [port] = (await Promise.race([once(child, "message"), ended])) as [number];
  ended.catch(() => {});
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** In such a process: listens on loopback, tells the parent on which port, and ends with it. */
export function serveBeside(server: Server): void {
  // Longer than any pause between two rounds of one case: all of them find their sockets warm.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1", () => void process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit());
}
