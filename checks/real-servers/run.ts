// Visits published servers as npm has them, each directly and through npx, and one over HTTP too: connect, list, one
// harmless call, close. Fails where one does not answer, or where anything of it is left. A server's name visits it alone.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpawnOptions } from "@tenantry/process";
import { binaryOf, folder, install } from "./installed.ts";
import { realServers, type RealServer } from "./servers.ts";
import { visitHttp, visitPipe, type Visit } from "./visit.ts";

/** The time within which nothing may be left after a close began. */
const closeLimitMs = 2_500;
const columns = [20, 8, 8, 12, 7, 7, 12, 10, 10, 7] as const;

const scratch = mkdtempSync(join(tmpdir(), "tenantry-real-servers-"));
try {
  const wanted = process.argv.slice(2);
  const servers = realServers(scratch).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  install(realServers(scratch));
  // What Node makes once and keeps is there before descriptors are counted.
  const [first] = servers;
  if (first !== undefined) await visitPipe(first, direct(first));
  print(
    "server",
    "way",
    "era",
    "version",
    "tools",
    "pages",
    "connect ms",
    "call",
    "close ms",
    "noise",
    "left",
  );
  for (const server of servers) {
    await report(server, "direct", () => visitPipe(server, direct(server)));
    await report(server, "npx", () => visitPipe(server, throughNpx(server)));
    if (server.name === "everything") await report(server, "http", () => overHttp(server));
  }
} catch (failure) {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function direct(server: RealServer): SpawnOptions {
  const { args = [], env = {} } = server;
  return { command: process.execPath, args: [binaryOf(server), ...args], env, cwd: scratch };
}

/** A real wrapper: npm, a shell, and the server below both. */
function throughNpx(server: RealServer): SpawnOptions {
  const { args = [], env = {} } = server;
  const spec = `${server.package}@${server.version}`;
  return {
    command: "npx",
    args: ["--no", "--offline", "--", spec, ...args],
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: scratch, npm_config_update_notifier: "false", ...env },
  };
}

async function overHttp(server: RealServer): Promise<Visit> {
  const port = await freePort();
  const start = direct(server);
  const args = [...(start.args ?? []), "streamableHttp"];
  const env = { ...start.env, PORT: String(port) };
  return visitHttp(server, { ...start, args, env }, new URL(`http://127.0.0.1:${port}/mcp`));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function report({ name }: RealServer, way: string, visit: () => Promise<Visit>): Promise<void> {
  try {
    const { era, protocolVersion, tools, pages, connectMs, call, closeMs, noise, left } = await visit();
    const times = [connectMs.toFixed(0), call, closeMs.toFixed(0)];
    const counts = [String(tools), String(pages), ...times, String(noise)];
    print(name, way, era, protocolVersion, ...counts, left.join(", ") || "nothing");
    if (left.length > 0 || tools === 0 || closeMs > closeLimitMs) process.exitCode = 1;
  } catch (failure) {
    print(name, way, `failed: ${failure instanceof Error ? failure.message : String(failure)}`);
    process.exitCode = 1;
  }
}

function print(...cells: string[]): void {
  console.log(
    cells
      .map((cell, index) => cell.padEnd(columns[index] ?? 0))
      .join(" ")
      .trimEnd(),
  );
}
