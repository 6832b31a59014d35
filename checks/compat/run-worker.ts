import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import type { Runtime } from "./runtimes.ts";
import type { Order, Outcome } from "./visits.ts";

const visitMs = 30_000;

/** The date is one from before Workers had Node's modules unasked; and there is no way out but to this machine. */
const config = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "visitor", worker = (
      modules = [(name = "worker.js", esModule = embed "bundle.js")],
      compatibilityDate = "2025-11-01",
      globalOutbound = "loopback",
    )),
    (name = "loopback", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "visitor")],
);
`;

/** Bundles the visitor as a Worker's tools do, serves it, and gives what it answers to one request. */
export async function runWorker({ binary }: Runtime, order: Order, project: string): Promise<Outcome> {
  await build({
    absWorkingDir: project,
    entryPoints: ["worker.js"],
    outfile: "bundle.js",
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    // Nothing loads them on this way.
    external: ["node:*"],
    logLevel: "warning",
  });
  writeFileSync(join(project, "config.capnp"), config);
  const child = spawn(binary, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: project,
    env: {},
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = once(child, "exit");
  try {
    const died = ended.then(([code]) => Promise.reject(new Error(`It ended with ${code}.`)));
    const signal = AbortSignal.timeout(visitMs);
    const port = await Promise.race([portOf(child.stdio[3] as Readable, signal), died]);
    const body = JSON.stringify(order);
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, signal });
    if (!response.ok) throw new Error(`It answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Outcome;
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** The port that it listens on, which it tells in a line of JSON. */
async function portOf(control: Readable, signal: AbortSignal): Promise<number> {
  const [line] = (await once(control, "data", { signal })) as [Buffer];
  return (JSON.parse(line.toString()) as { port: number }).port;
}
