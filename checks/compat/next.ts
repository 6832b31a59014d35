// Builds and starts real Next applications with the packed packages: one in which an authorization is finished, and the
// example with a chat route. Next is 340 MB, and therefore installed when this is run and not with everything else.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deepStrictEqual } from "node:assert";
import { startFakeServer } from "@tenantry/testing";
import { startAuthorizationServer, visit } from "@tenantry/testing/oauth";
import { npmInstall } from "./npm-install.ts";
import { repository, tarballs } from "./tarballs.ts";

const packages = ["next@16.4.6", "react@19.2.7", "react-dom@19.2.7"];
/** What the example takes beside the packed packages, and what Next asks for where it finds TypeScript. */
const forExample = ["ai@7.0.173", "@hono/node-server@2.1.8", "hono@4.13.19"];
const forTypes = ["typescript@6.0.3", "@types/node@26.6.6", "@types/react@19.2.7"];
const project = mkdtempSync(join(tmpdir(), "tenantry-next-"));
const next = (...args: readonly string[]) => [join(project, "node_modules/next/dist/bin/next"), ...args];

try {
  cpSync(join(import.meta.dirname, "next-app"), project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const adapter = tarballs("adapters").filter((path) => path.includes("tenantry-ai-sdk-"));
  npmInstall(project, [...packages, ...forExample, ...forTypes, ...tarballs("packages"), ...adapter]);
  await using issuer = await startAuthorizationServer();
  await using mail = await startFakeServer({ authenticate: { authorizationServer: issuer } });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    MAIL_URL: mail.url.href,
    PUBLIC_URL: `${url}/tenantry`,
  };
  execFileSync(process.execPath, next("build"), {
    cwd: project,
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const args = next("start", "-p", String(port), "-H", "127.0.0.1");
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] });
  try {
    await visitApplication(url, child);
  } finally {
    child.kill("SIGKILL");
  }
  runExample(join(project, "nextjs-chat-route"));
} finally {
  rmSync(project, { recursive: true, force: true });
}

async function visitApplication(url: string, child: ChildProcess): Promise<void> {
  await started(`${url}/tenantry/health`, child);
  const [before] = await serversOf(url);
  check("before", before?.status, "needs_authorization");
  const callback = await visit(new URL(before?.url ?? ""), { login: "ada" });
  check("a browser that nobody has signed in at", await statusAt(callback), 401);
  check("another person's browser", await statusAt(callback, "bob"), 400);
  check("ada's own", await statusAt(callback, "ada"), 200);
  check("and once more", await statusAt(callback, "ada"), 400);
  check("after", (await serversOf(url))[0]?.status, "ready");
}

async function serversOf(
  url: string,
): Promise<readonly { readonly status: string; readonly url?: string }[]> {
  const response = await fetch(`${url}/status`);
  return (await response.json()) as readonly { status: string; url?: string }[];
}

/** The example checks itself; a folder outside of the workspace has a compiler's options of its own. */
function runExample(folder: string): void {
  const files = join(repository, "examples/nextjs-chat-route");
  const own = (path: string) => !/(node_modules|[.]next|[.]test[.]ts|tsconfig[.]json)$/u.test(path);
  cpSync(files, folder, { recursive: true, filter: own });
  const compilerOptions = {
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  execFileSync(process.execPath, ["main.ts", "--next"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
}

async function statusAt(url: URL, user?: string): Promise<number> {
  const response = await fetch(url, { headers: user === undefined ? {} : { cookie: `session=${user}` } });
  await response.body?.cancel();
  return response.status;
}

async function started(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 120 && child.exitCode === null; tries++) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok === true) return;
    await sleep(250);
  }
  throw new Error("The application did not start.");
}

function check(what: string, actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected, `${what}: expected ${String(expected)}, got ${String(actual)}`);
  console.log(`✓ ${what}: ${String(actual)}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
