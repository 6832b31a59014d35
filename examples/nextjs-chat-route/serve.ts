import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createAdaptorServer } from "@hono/node-server";

/** The application, until it is disposed of. */
export interface Application extends AsyncDisposable {
  readonly url: URL;
}

/** Serves the route as Next calls it, a `Request` in and a `Response` out, without Next itself, which is 340 MB. */
export async function serveRoute(): Promise<Application> {
  const { POST } = await import("./app/api/chat/route.ts");
  const { tenantry } = await import("./lib/tenantry.ts");
  const server = createAdaptorServer({ fetch: POST, overrideGlobalObjects: false });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      server.close();
      await tenantry.close();
    },
  };
}

/** Builds the application with Next, which has to be installed, and starts it. */
export async function serveNext(): Promise<Application> {
  const next = fileURLToPath(import.meta.resolve("next/dist/bin/next"));
  const options = { cwd: import.meta.dirname, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" } };
  await promisify(execFile)(process.execPath, [next, "build"], options);
  const args = [next, "start", "--port", "0", "--hostname", "127.0.0.1"];
  const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<URL>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`Next ended with ${code} before it had started.`)));
    createInterface(child.stdout).on("line", (line) => {
      const [found] = /http:\/\/127[^\s]+/u.exec(line) ?? [];
      if (found !== undefined) resolve(new URL(found));
    });
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
