import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, onTestFinished, test } from "vitest";
import { stdioServerPath } from "./index.ts";

interface Facts {
  readonly userKey: string | null;
  readonly variables: readonly string[];
  readonly cwd: string;
  readonly pid: number;
  readonly grandchild: number | null;
}

async function connect(mode: "legacy" | "auto", args: readonly string[] = []) {
  const cwd = realpathSync(tmpdir());
  const env = { USER_KEY: "key-of-ada" };
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [stdioServerPath, ...args],
    cwd,
    env,
  });
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return { client, transport };
}

/** A child by hand: what it writes line by line, and how it ends. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [stdioServerPath, ...args], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  const ask = (method: string, params: object = {}) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
  return { child, next, ask, ended: once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]> };
}

const initialize = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "test", version: "1.0.0" },
} as const;

function alive(pid: number | null | undefined): boolean {
  try {
    return pid !== null && pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killLater(pid: number | null) {
  onTestFinished(() => {
    if (alive(pid)) process.kill(Number(pid), "SIGKILL");
  });
}

test.each(["legacy", "auto"] as const)(
  "speaks to a stock client in %s mode and tells what it was given",
  async (mode) => {
    const { client, transport } = await connect(mode);
    expect(client.getProtocolEra()).toBe(mode === "legacy" ? "legacy" : "modern");
    const facts = (await client.callTool({ name: "whoami" })).structuredContent as unknown as Facts;
    expect(facts).toMatchObject({
      userKey: "key-of-ada",
      cwd: realpathSync(tmpdir()),
      pid: transport.pid,
      grandchild: null,
    });
    expect(facts.variables).toContain("USER_KEY");
  },
);

test("ends when its stdin does", async () => {
  const { child, ask, next, ended } = start();
  ask("initialize", initialize);
  expect(JSON.parse(await next())).toMatchObject({ id: 1, result: { protocolVersion: "2025-11-25" } });
  child.stdin.end();
  expect(await ended).toEqual([0, null]);
});

test("dies in the handshake", async () => {
  const { ask, ended } = start("--die-in-handshake");
  ask("initialize", initialize);
  expect(await ended).toEqual([3, null]);
});

test("makes noise at the start and before an answer, and a stock client copes", async () => {
  const { ask, next } = start("--noise");
  ask("initialize", initialize);
  const lines = [await next(), await next(), await next(), await next()];
  expect(lines.slice(0, 3)).toEqual(["fake-stdio-server: listening", '{"level":"info","msg":"ready"}', ""]);
  expect(JSON.parse(lines[3] ?? "")).toHaveProperty("result");
  const { client } = await connect("legacy", ["--noise"]);
  expect(await client.callTool({ name: "echo", arguments: { text: "hello" } })).toMatchObject({
    content: [{ text: "hello" }],
  });
});

test("crashes and hangs when its tools are called", async () => {
  const crashing = start();
  crashing.ask("tools/call", { name: "crash" });
  expect(await crashing.ended).toEqual([4, null]);
  const { client } = await connect("legacy");
  await expect(client.callTool({ name: "hang" }, { timeout: 100 })).rejects.toThrow();
});

test("ignores SIGTERM and the end of its stdin, but not SIGKILL", async () => {
  const { child, ask, next, ended } = start("--ignore-term");
  ask("initialize", initialize);
  await next();
  child.kill("SIGTERM");
  child.stdin.end();
  await expect(Promise.race([ended, quiet(child)])).resolves.toBe("still alive");
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test("leaves a grandchild behind", async () => {
  const { client } = await connect("legacy", ["--grandchild"]);
  const { pid, grandchild } = (await client.callTool({ name: "whoami" }))
    .structuredContent as unknown as Facts;
  killLater(grandchild);
  await client.close();
  await expect.poll(() => alive(pid)).toBe(false);
  expect(alive(grandchild)).toBe(true);
});

/** There is no event for "nothing happened"; the time only bounds how long a wrong exit may take to show. */
async function quiet(child: ChildProcess): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return child.exitCode === null && child.signalCode === null ? "still alive" : "ended";
}
