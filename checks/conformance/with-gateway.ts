import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline/promises";

/** Starts the gateway as a process of its own, in front of a server of one era, for as long as `work` takes. */
export async function withGateway(era: "legacy" | "modern", work: (url: string) => void): Promise<void> {
  const child = spawn(process.execPath, ["gateway.ts", era], {
    cwd: import.meta.dirname,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  try {
    const [url] = (await once(createInterface(child.stdout), "line")) as [string];
    work(url);
  } finally {
    child.stdin.end();
    const [code] = (await exit) as [number | null];
    if (code !== 0) throw new Error(`The gateway did not end well (${code}).`);
  }
}
