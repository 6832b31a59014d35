import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Runtime } from "./runtimes.ts";
import type { Order, Outcome } from "./visits.ts";

const visitMs = 30_000;
/** Less than the five seconds after which the server itself would end an idle socket. */
const endMs = 4_000;

/**
 * Runs the visitor as a script and gives what it tells. Throws where it crashes or hangs, and where it does not end by
 * itself once it has told: something is open then.
 */
export async function runScript(
  { binary, args = () => [] }: Runtime,
  order: Order,
  project: string,
): Promise<Outcome> {
  const child = spawn(binary, [...args(order.way), "visitor.js", JSON.stringify(order)], {
    cwd: project,
    // Nothing of the caller's: a proxy would be asked for the loopback. Caches go where they are removed.
    env: { HOME: project, DENO_DIR: project, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: visitMs,
    killSignal: "SIGKILL",
  });
  let told = "";
  let patience: NodeJS.Timeout | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told += text;
    if (told.endsWith("\n")) patience ??= setTimeout(() => child.kill("SIGKILL"), endMs);
  });
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(patience);
  if (code === null) {
    throw new Error(
      told === "" ? `It took longer than ${visitMs} ms.` : "It told its outcome and did not end.",
    );
  }
  if (code !== 0) throw new Error(`It ended with ${code}.`);
  return JSON.parse(told) as Outcome;
}
