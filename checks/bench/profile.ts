// Calls one variant for a few seconds, to be run under a profiler: node --cpu-prof profile.ts "tenantry by name, modern"
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openVariants } from "./variants.ts";

const [name, concurrency = "32", seconds = "5"] = process.argv.slice(2);
const server = fork(join(import.meta.dirname, "server.ts"), { execArgv: [] });
try {
  const [port] = (await once(server, "message")) as [number];
  const variants = await openVariants(new URL(`http://127.0.0.1:${port}/mcp`));
  const variant = variants.find((one) => one.name === name);
  if (variant === undefined) throw new Error(`Name one of: ${variants.map((one) => one.name).join("; ")}`);
  const end = Date.now() + Number(seconds) * 1_000;
  let calls = 0;
  const caller = async () => {
    for (; Date.now() < end; calls++) await variant.call();
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, caller));
  console.log(`${calls} calls`);
  await Promise.all(variants.map((one) => one.close()));
} finally {
  server.kill();
}
