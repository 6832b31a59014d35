import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { secret, TenantryError } from "@tenantry/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChildPipe } from "./child-pipe.ts";
import {
  childrenOf,
  echo,
  heldBytes,
  inbox,
  isAlive,
  nodeChild,
  until,
  type Message,
} from "./children.fixture.ts";
import { defaultPath } from "./default-path.ts";
import { spawnPipe, type SpawnOptions } from "./spawn-pipe.ts";

const opened: ChildPipe[] = [];
let folder: string;

async function open(options: SpawnOptions): Promise<ChildPipe> {
  const pipe = await spawnPipe(options);
  opened.push(pipe);
  return pipe;
}

async function failure(options: SpawnOptions): Promise<TenantryError> {
  const error: unknown = await open(options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TenantryError);
  return error as TenantryError;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tenantry-process-"));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pipe) => pipe.close()));
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

describe("the child's environment", () => {
  const report = "say({ params: process.env });";

  it("is what was declared, a standard PATH and the marker, and nothing of the host's", async () => {
    vi.stubEnv("HOST_SECRET", "leaked");
    vi.stubEnv("NODE_V8_COVERAGE", folder);
    const env = Object.freeze({ PLAIN: "one", TOKEN: secret("two"), EMPTY: "" });
    const { params } = await inbox(await open(nodeChild(report, { env }))).next();
    const { TENANTRY_INSTANCE, ...rest } = params ?? {};
    expect(rest).toEqual({ PLAIN: "one", TOKEN: "two", EMPTY: "", PATH: defaultPath() });
    expect(TENANTRY_INSTANCE).toMatch(/^[0-9a-f]{32}$/u);
  });

  it("keeps a declared PATH and declared variables that Node itself reads", async () => {
    const env = { PATH: "/usr/bin", NODE_OPTIONS: "--no-warnings", NODE_V8_COVERAGE: folder };
    const { params } = await inbox(await open(nodeChild(report, { env }))).next();
    expect(params).toMatchObject(env);
  });

  it("finds node and the standard tools by name", async () => {
    const pipe = await open({
      command: "node",
      args: ["-e", `console.log('{"jsonrpc":"2.0","id":5}')`],
      env: {},
    });
    expect((await inbox(pipe).next()).id).toBe(5);
    expect(defaultPath().split(":")).toEqual(
      expect.arrayContaining([dirname(process.execPath), "/usr/bin", "/bin"]),
    );
  });

  it.each([{ "A=B": "x" }, { "": "x" }, { "A\0B": "x" }, { A: secret("hush\0hush") }])(
    "refuses what no process can have, without repeating it (%#)",
    async (env) => {
      const error = await failure(nodeChild(echo, { env }));
      expect(error.code).toBe("SPAWN_FAILED");
      expect(inspect(error, { depth: 9 })).not.toContain("hush");
    },
  );
});

describe("a failed start", () => {
  it("names the PATH on which the command was not found", async () => {
    const error = await failure({ command: "no-such-command", env: { PATH: "/usr/bin:/bin" } });
    expect(error).toMatchObject({ code: "SPAWN_FAILED", delivery: "unsent", retryable: false });
    expect(error.message).toContain(
      `"no-such-command" was not found on the PATH "/usr/bin:/bin"; install it`,
    );
    expect(error.cause).toMatchObject({ code: "ENOENT" });
  });

  it("shows neither a secret PATH nor the arguments", async () => {
    const error = await failure({
      command: "no-such-command",
      args: ["--token=t0ken"],
      env: { PATH: secret("/hidden") },
    });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/t0ken|hidden/u);
  });

  it("shows no variable, nor has the child one in its arguments", async () => {
    const env = { TOKEN: secret("s3cr3t-value"), PLAIN: "pl4in-value" };
    const starts = [{ command: "no-such-command" }, { command: "cat", args: ["x".repeat(8 * 1024 * 1024)] }];
    for (const start of starts) {
      const error = await failure({ ...start, env });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/s3cr3t|pl4in/u);
    }
    const pipe = await open(nodeChild(echo, { env }));
    expect(readFileSync(`/proc/${pipe.pid}/cmdline`, "latin1")).not.toMatch(/s3cr3t|pl4in/u);
  });

  it("names the folder that does not exist", async () => {
    const error = await failure(nodeChild(echo, { cwd: join(folder, "absent") }));
    expect(error.code).toBe("SPAWN_FAILED");
    expect(error.message).toContain("absent");
    expect(error.message).toContain("correct cwd");
  });

  it("says that a file is not executable", async () => {
    const file = join(folder, "server.sh");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o644);
    const error = await failure({ command: file, env: {} });
    expect(error.message).toContain("make it executable");
    expect(error.cause).toMatchObject({ code: "EACCES" });
  });

  it("says that an interpreter is missing", async () => {
    const file = join(folder, "server.sh");
    writeFileSync(file, "#!/no/such/interpreter\n", { mode: 0o755 });
    expect((await failure({ command: file, env: {} })).message).toContain("interpreter");
  });

  it("says that arguments are too long", async () => {
    const error = await failure({ command: "cat", args: ["x".repeat(8 * 1024 * 1024)], env: {} });
    expect(error.message).toContain("too long");
    expect(error.message.length).toBeLessThan(300);
  });

  it("refuses an empty command and NUL characters without repeating the arguments", async () => {
    expect((await failure({ command: "", env: {} })).code).toBe("SPAWN_FAILED");
    expect(inspect(await failure({ command: "cat", args: ["hush\0"], env: {} }))).not.toContain("hush");
  });
});

describe("a child that ends at once", () => {
  it("is lost with the error that it died of, not with what Node writes after it", async () => {
    const options = { command: process.execPath, args: ["./no-such-file.js"], cwd: folder, env: {} };
    const { kind, cause } = await (await open(options)).closed;
    expect(kind).toBe("lost");
    expect(cause).toMatchObject({ code: "CONNECTION_LOST" });
    expect(String(cause)).toMatch(
      /exited with code 1; its stderr said "Error: Cannot find module '.*no-such-file/u,
    );
  });

  it("is lost without its secrets, however it wrote them", async () => {
    const key = 'Gr"ün+k3y\nSECOND-LINE';
    const script = `
      console.error(JSON.stringify({ key: process.env.KEY }), encodeURIComponent(process.env.KEY));
      throw new Error(process.env.KEY.split("\\n")[1]);`;
    const pipe = await open(nodeChild(script, { env: { KEY: secret(key) } }));
    const { cause } = await pipe.closed;
    const shown = `${pipe.stderrTail()}\n${inspect(cause, { depth: 9, showHidden: true })}`;
    expect(shown).toContain('{"key":"[redacted]"} [redacted]');
    expect(shown).toContain('its stderr said "Error: [redacted]"');
    expect(shown).not.toMatch(/k3y|SECOND/u);
  });
});

describe("the start's signal", () => {
  it("starts nothing where it has aborted before", async () => {
    const reason = new Error("enough");
    const marker = join(folder, "started");
    const options = { command: "touch", args: [marker], env: {}, signal: AbortSignal.abort(reason) };
    await expect(spawnPipe(options)).rejects.toBe(reason);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(existsSync(marker)).toBe(false);
  });

  it("ends the child where it aborts during the start, and throws its reason", async () => {
    const before = childrenOf(process.pid);
    const abort = new AbortController();
    const reason = { not: "even an error" };
    const lock = join(folder, "pid");
    const starting = spawnPipe({
      command: "sh",
      args: ["-c", 'echo $$ >"$0"; sleep 1000', lock],
      env: {},
      signal: abort.signal,
    });
    abort.abort(reason);
    await expect(starting).rejects.toBe(reason);
    const pid = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
    expect(pid !== 0 && isAlive(pid)).toBe(false);
    expect(childrenOf(process.pid)).toEqual(before);
  });

  it("means nothing once the child runs", async () => {
    const abort = new AbortController();
    const pipe = await open(nodeChild(echo, { signal: abort.signal }));
    const box = inbox(pipe);
    abort.abort();
    await pipe.send({ id: 1, params: "alive" });
    expect((await box.next()).result).toBe("alive");
  });
});

describe("messages", () => {
  it("go both ways in order, whatever text they hold", async () => {
    const pipe = await open(nodeChild(echo));
    const box = inbox(pipe);
    const texts = ["a\nb\r\u2028c", "grüße 👩‍👩‍👧 漢字", "x".repeat(1_000_000), "\ud800"];
    await Promise.all(texts.map((params, id) => pipe.send({ jsonrpc: "2.0", id, params })));
    for (const [id, result] of texts.entries())
      expect(await box.next()).toEqual({ jsonrpc: "2.0", id, result });
  });

  it("are told from noise, which is counted", async () => {
    const pipe = await open(
      nodeChild(`
        console.log("listening on stdio");
        console.log(JSON.stringify({ level: 30, msg: "a log line" }));
        console.log("[1]"); console.log("null"); console.log(""); console.log("{ broken");
        process.stdout.write('\\ufeff{"jsonrpc":"2.0","id":1}\\r\\n');
        process.stdout.write('{"jsonrpc":"2.0","id":2}');
        process.stdin.resume();`),
    );
    const box = inbox(pipe);
    expect((await box.next()).id).toBe(1);
    expect(pipe.noiseCount).toBe(5);
    pipe.send({}).catch(() => {});
    expect(box.all).toHaveLength(1);
  });

  it("are all told from the noise between them, a hundred thousand of each", async () => {
    const pipe = await open(
      nodeChild(`
        const lines = Array.from({ length: 100_000 }, (_, id) => '{"jsonrpc":"2.0","id":' + id + '}\\n#' + id);
        process.stdout.write(lines.join("\\n") + "\\n");
        onMessage(() => process.exit());`),
    );
    let wanted = 0;
    pipe.start((message) => (wanted += Number((message as Message).id === wanted)));
    await until(() => pipe.noiseCount === 100_000, 20_000);
    expect(wanted).toBe(100_000);
  }, 30_000);

  it("may hold bytes that are no text, which are replaced, or halves of characters that come apart", async () => {
    const pipe = await open(
      nodeChild(`
        const { writeSync } = require("node:fs");
        writeSync(1, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]));
        writeSync(1, Buffer.from('{"jsonrpc":"2.0","id":1,"params":{"a":"\\xc3\\x28 \\xed\\xa0\\x80"}}\\n', "latin1"));
        const whole = Buffer.from('{"jsonrpc":"2.0","id":2,"params":{"a":"😀","b":"\\\\ud83d"}}\\n');
        const half = whole.indexOf(0xf0) + 2;
        writeSync(1, whole.subarray(0, half));
        setTimeout(() => writeSync(1, whole.subarray(half)), 50);
        process.stdin.resume();`),
    );
    const box = inbox(pipe);
    expect((await box.next()).params).toEqual({ a: "\ufffd( \ufffd\ufffd\ufffd" });
    expect((await box.next()).params).toEqual({ a: "😀", b: "\ud83d" });
    expect(pipe.noiseCount).toBe(1);
  });

  it("that came before the start are delivered in order, also when the child is gone by then", async () => {
    const pipe = await open(
      nodeChild(`for (let id = 0; id < 500; id++) say({ id, params: { pad: "x".repeat(100) } });`),
    );
    expect((await pipe.closed).kind).toBe("lost");
    const { all } = inbox(pipe);
    await until(() => all.length === 500);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, id) => id));
  });

  it("that wait for the start are bounded by making the child wait", async () => {
    const pipe = await open(
      nodeChild(`for (let id = 0; id < 3000; id++)
          require("node:fs").writeSync(1, JSON.stringify({ jsonrpc: "2.0", id, params: { pad: "x".repeat(10_000) } }) + "\\n");
        process.stderr.write("all written"); process.stdin.resume();`),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(pipe.stderrTail()).toBe("");
    const { all } = inbox(pipe);
    await until(() => all.length === 3000);
    expect(all.every(({ id }, index) => id === index)).toBe(true);
  });

  it("are not delivered any more after close", async () => {
    const pipe = await open(
      nodeChild(`process.stdin.on("end", () => say({ id: 1 })).resume(); say({ id: 0 });`),
    );
    const box = inbox(pipe);
    await box.next();
    await pipe.close();
    expect(box.all).toHaveLength(1);
  });

  it("end the pipe where their receiver throws", async () => {
    const pipe = await open(nodeChild(`say({ id: 0 }); ${echo}`));
    const cause = new Error("receiver failed");
    pipe.start(() => {
      throw cause;
    });
    expect(await pipe.closed).toEqual({ kind: "lost", cause });
    await pipe.close();
    expect(isAlive(pipe.pid)).toBe(false);
  });

  it("have one receiver", async () => {
    const pipe = await open(nodeChild(echo));
    pipe.start(() => {});
    expect(() => pipe.start(() => {})).toThrow(TypeError);
  });
});

describe("limits", () => {
  it("end the pipe at a line that is too long, with memory under twice the bound", async () => {
    const limit = 16 * 1024 * 1024;
    const pipe = await open(
      nodeChild(
        `const piece = "x".repeat(65536); let left = 800;
        const more = () => { while (left-- > 0) if (!process.stdout.write(piece)) return process.stdout.once("drain", more); };
        more(); process.stdin.resume(); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);`,
        { limits: { closeGraceMs: 200 } },
      ),
    );
    const before = heldBytes();
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, heldBytes() - before)), 5);
    pipe.start(() => {});
    const { kind, cause } = await pipe.closed;
    clearInterval(watch);
    expect(kind).toBe("lost");
    expect(cause).toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(peak).toBeGreaterThan(limit / 4);
    expect(peak).toBeLessThan(1.5 * limit);
    await expect(pipe.send({})).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await pipe.close();
    expect(isAlive(pipe.pid)).toBe(false);
  }, 20_000);

  it("let a message of just the limit pass", async () => {
    const maxMessageBytes = 100_000;
    const frame = '{"jsonrpc":"2.0","params":""}'.length;
    const script = `process.stdout.write('{"jsonrpc":"2.0","params":"' + "x".repeat(${maxMessageBytes - frame}) + '"}\\n'); process.stdin.resume();`;
    const pipe = await open(nodeChild(script, { limits: { maxMessageBytes } }));
    expect(await inbox(pipe).next()).toHaveProperty("params");
  });

  it("keep the end of a flood on stderr, which never stops the child", async () => {
    const pipe = await open(
      nodeChild(`const piece = "y".repeat(1024 * 1024 - 1) + "\\n";
        for (let i = 0; i < 50; i++) require("node:fs").writeSync(2, piece);
        require("node:fs").writeSync(2, "the end\\n"); say({ id: 1 }); process.stdin.resume();`),
    );
    const before = heldBytes();
    expect((await inbox(pipe).next()).id).toBe(1);
    await until(() => pipe.stderrTail().endsWith("y\nthe end\n"));
    expect(pipe.stderrTail()).toHaveLength(16 * 1024);
    expect(heldBytes() - before).toBeLessThan(1024 * 1024);
  });
});

describe("send", () => {
  it("waits until the child reads", async () => {
    const pipe = await open(nodeChild(`setTimeout(() => onMessage(({ id }) => say({ id })), 300);`));
    const box = inbox(pipe);
    let sent = false;
    const sending = pipe.send({ id: 1, params: "x".repeat(4 * 1024 * 1024) }).then(() => (sent = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent).toBe(false);
    await sending;
    expect((await box.next()).id).toBe(1);
  });

  it("rejects with an unknown delivery where the child is killed meanwhile", async () => {
    const pipe = await open(nodeChild(`setInterval(() => {}, 1000)`));
    pipe.start(() => {});
    const sends = [1, 2, 3].map((id) => pipe.send({ id, params: "x".repeat(4 * 1024 * 1024) }));
    const outcomes = Promise.allSettled(sends);
    process.kill(pipe.pid, "SIGKILL");
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "CONNECTION_LOST", delivery: "unknown" },
      });
    }
    await expect(pipe.send({})).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      delivery: "unsent",
      retryable: true,
    });
  });

  it("rejects, and the pipe is lost, where the child has shut its stdin", async () => {
    const pipe = await open(
      nodeChild(`require("node:fs").closeSync(0); say({}); setInterval(() => {}, 1000);`, {
        limits: { closeGraceMs: 150 },
      }),
    );
    await inbox(pipe).next();
    await expect(pipe.send({ id: 1 })).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(String((await pipe.closed).cause)).toContain("stopped reading its stdin");
  });

  it("rejects after close, and what is in the way then is settled too", async () => {
    const pipe = await open(nodeChild(`setInterval(() => {}, 1000)`, { limits: { closeGraceMs: 100 } }));
    const pending = pipe.send({ params: "x".repeat(4 * 1024 * 1024) });
    const refused = expect(pending).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await pipe.close();
    await refused;
    await expect(pipe.send({})).rejects.toMatchObject({ code: "CONNECTION_LOST", delivery: "unsent" });
  });

  it("refuses what is no JSON", async () => {
    const pipe = await open(nodeChild(echo));
    await expect(pipe.send(undefined)).rejects.toBeInstanceOf(TypeError);
  });
});
