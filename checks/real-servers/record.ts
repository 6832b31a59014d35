// Starts published servers as npm has them, asks each for its tools, and keeps names, descriptions and schemas as fixtures
// of `@tenantry/tool-schema`. A server's name records it alone.
import { createConnector } from "@tenantry/client";
import type { Tool } from "@tenantry/core";
import { spawnPipe } from "@tenantry/process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaryOf, install } from "./installed.ts";
import { recordedServers, type RecordedServer } from "./recorded-servers.ts";

const fixtures = join(import.meta.dirname, "../../packages/tool-schema/test/servers");
const installed = join(import.meta.dirname, "node_modules/.cache/recorded");
const scratch = mkdtempSync(join(tmpdir(), "tenantry-record-"));
try {
  const wanted = process.argv.slice(2);
  install(recordedServers(scratch), installed);
  mkdirSync(fixtures, { recursive: true });
  for (const server of recordedServers(scratch)) {
    if (wanted.length === 0 || wanted.includes(server.name)) await record(server);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function record(server: RecordedServer): Promise<void> {
  try {
    const tools = await toolsOf(server);
    if (tools.length === 0) throw new Error("it has no tools");
    writeFileSync(join(fixtures, `${server.name}.json`), fixtureOf(server, tools));
    console.log(`${server.name}: ${tools.length} tools`);
  } catch (failure) {
    console.error(`${server.name}: ${failure instanceof Error ? failure.message : String(failure)}`);
    process.exitCode = 1;
  }
}

/** One tool a line, so that a newer version shows what it changed, and nothing of the machine that it was recorded on. */
function fixtureOf({ package: name, version }: RecordedServer, tools: readonly Tool[]): string {
  const head = `{ "server": ${JSON.stringify(name)}, "version": ${JSON.stringify(version)}, "tools": [\n`;
  const lines = tools.map(({ name, description, inputSchema }) =>
    JSON.stringify({ name, description, inputSchema }),
  );
  return `${head}${lines.join(",\n")}\n] }\n`.replaceAll(scratch, "/home/ada");
}

async function toolsOf(server: RecordedServer): Promise<Tool[]> {
  const { args = [], env = {} } = server;
  const connector = createConnector({
    egress: { target: noRequest, exchange: noRequest },
    limits: { handshakeTimeoutMs: 120_000 },
  });
  const command = {
    command: process.execPath,
    args: [binaryOf(server, installed), ...args],
    env: { HOME: scratch, PATH: process.env["PATH"] ?? "", ...env },
    cwd: scratch,
  };
  const open = ({ signal }: { signal?: AbortSignal | undefined }) =>
    spawnPipe({ ...command, ...(signal && { signal }) });
  const connection = await connector.open({ kind: "pipe", open }, undefined, {});
  try {
    const tools: Tool[] = [];
    for (let cursor: string | undefined, more = true; more;) {
      const page = await connection.request("tools/list", cursor === undefined ? {} : { cursor });
      tools.push(...page.tools);
      cursor = page.nextCursor;
      more = cursor !== undefined && tools.length < 1_000;
    }
    return tools;
  } finally {
    await connection.close();
  }
}

function noRequest(): never {
  throw new Error("A pipe makes no HTTP request.");
}
