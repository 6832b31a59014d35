/**
 * A hostile MCP server over stdio: `node hostile-stdio.ts <mode> <port> <bytes> <count>`. It holds a connection to that
 * port of 127.0.0.1 while it lives, and ends with that connection or with its stdin.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { politeResult } from "./hostile/polite.ts";

const [mode = "", port = "0", bytes = "0", count = "0"] = process.argv.slice(2);
const block = "a".repeat(64 * 1024);

connect(Number(port), "127.0.0.1")
  .on("error", () => {})
  .on("close", () => process.exit())
  .unref();
createInterface(process.stdin).on("line", (line) => void answer(line));

async function answer(line: string): Promise<void> {
  const { id, method } = JSON.parse(line) as { id?: number | string; method?: string };
  if (id === undefined || method === undefined) return;
  const message = { jsonrpc: "2.0", id, result: politeResult(method) };
  if (method === "tools/call") await misbehave(id, JSON.stringify(message));
  else if (message.result !== undefined) process.stdout.write(`${JSON.stringify(message)}\n`);
  else
    process.stdout.write(
      `${JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "No." } })}\n`,
    );
}

async function misbehave(id: number | string, usual: string): Promise<void> {
  const begin = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"`;
  switch (mode) {
    case "long-line":
      return write(process.stdout, [begin, blocks(Number(bytes)), '"}]}}\n']);
    case "no-newline":
      return write(process.stdout, [begin, blocks(Number(bytes))]);
    case "deep":
      return write(process.stdout, [
        `${begin}"}],"a":`,
        repeated("[", 100_000),
        repeated("]", 100_000),
        "}}\n",
      ]);
    case "noise":
      return write(process.stdout, [
        repeated('{"level":"info","msg":"just a log line"}\nplain\n', Number(count) / 2),
        usual,
        "\n",
      ]);
    case "notifications":
      return write(process.stdout, [repeated(`${notification}\n`, Number(count)), usual, "\n"]);
    case "odd-bytes":
      return writeOddly(usual);
    case "stderr":
      await write(process.stderr, [blocks(Number(bytes))]);
      return write(process.stdout, [usual, "\n"]);
  }
}

const notification = JSON.stringify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });

/** Writes as fast as it is read. */
async function write(out: Writable, parts: readonly (string | Iterable<string>)[]): Promise<void> {
  for (const part of parts) {
    for (const piece of typeof part === "string" ? [part] : part) {
      if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
    }
  }
}

async function writeOddly(usual: string): Promise<void> {
  const line = Buffer.from(`\ufeff${usual.replace("done", "d\u{1f600}ne")}\r\n`);
  const noise = Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0x0a, 0x0a, 0x0d, 0x0a]);
  for (const byte of Buffer.concat([noise, line])) {
    process.stdout.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function* blocks(size: number): Iterable<string> {
  for (let sent = 0; sent < size; sent += block.length) yield block;
}

function* repeated(piece: string, times: number): Iterable<string> {
  const together = 500;
  for (let n = 0; n < times; n += together) yield piece.repeat(Math.min(together, times - n));
}
