import { execFileSync } from "node:child_process";
import { secret } from "@tenantry/core";
import { afterEach, describe, expect, it } from "vitest";
import type { ChildPipe } from "./child-pipe.ts";
import {
  carriersOf,
  echo,
  inbox,
  isAlive,
  markerOf,
  nodeChild,
  statOf,
  until,
  type Message,
} from "./children.fixture.ts";
import { processTable } from "./process-table.ts";
import { spawnPipe, type SpawnOptions } from "./spawn-pipe.ts";

const opened: ChildPipe[] = [];
const pids: number[] = [];

async function open(options: SpawnOptions): Promise<ChildPipe> {
  const pipe = await spawnPipe(options);
  opened.push(pipe);
  return pipe;
}

/** Waits for the child to name its descendant. */
async function announced(pipe: ChildPipe): Promise<number> {
  const pid = Number((await inbox(pipe).next()).params?.["pid"]);
  expect(isAlive(pid)).toBe(true);
  pids.push(pid);
  return pid;
}

async function timed(task: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await task;
  return performance.now() - begin;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pipe) => pipe.close()));
  for (const pid of pids.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

const quick = { closeGraceMs: 150 };

describe("close", () => {
  it("ends a child that ends with its stdin without a signal, and gives the same promise every time", async () => {
    const pipe = await open(
      nodeChild(`${echo} process.on("SIGTERM", () => process.exit(9)); say({ params: {} });`),
    );
    await inbox(pipe).next();
    const closing = pipe.close();
    expect(pipe.close()).toBe(closing);
    expect(await timed(closing)).toBeLessThan(700);
    expect(await pipe.closed).toEqual({ kind: "closed" });
    expect(isAlive(pipe.pid)).toBe(false);
  });

  it("waits for no grace where the child ends at once", async () => {
    const pipe = await open({ command: "cat", env: {} });
    expect(await timed(pipe.close())).toBeLessThan(500);
  });

  it.each([
    ["child", false],
    ["child that left the group", true],
  ])("ends a child that ignores SIGTERM, and its %s, within 2.5 seconds", async (_, detached) => {
    const pipe = await open(
      nodeChild(`
        const stdio = ["ignore", "ignore", "ignore", "ipc"];
        const child = spawn(process.execPath, ["-e", deaf + "process.send('up')"], { detached: ${detached}, stdio });
        child.on("message", () => say({ params: { pid: child.pid } }));
        process.on("SIGTERM", () => {});`),
    );
    const grandchild = await announced(pipe);
    const tookMs = await timed(pipe.close());
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(2_500);
    expect([pipe.pid, grandchild].filter(isAlive)).toEqual([]);
  });

  it("ends fifty children at once with few readings of the system's processes", async () => {
    const table = processTable();
    const readings = new Set<unknown>();
    const list = async () => {
      const all = await table.list();
      readings.add(all);
      return all;
    };
    const start = () => open({ command: "cat", env: {}, processes: { ...table, list } });
    const pipes = await Promise.all(Array.from({ length: 50 }, start));
    await Promise.all(pipes.map((pipe) => pipe.close()));
    expect(pipes.filter(({ pid }) => isAlive(pid))).toEqual([]);
    // Each alone reads twice or more; how many come together depends on the machine.
    expect(readings.size).toBeLessThan(80);
  });

  it("lets a child finish its work after SIGTERM", async () => {
    const pipe = await open(
      nodeChild(
        `process.on("SIGTERM", () => { process.stderr.write("saved\\n"); process.exit(0); });
         setInterval(() => {}, 1000); say({});`,
        { limits: quick },
      ),
    );
    await inbox(pipe).next();
    await pipe.close();
    expect(pipe.stderrTail()).toBe("saved\n");
  });

  it("ends what runs behind a shell wrapper", async () => {
    const script = `process.stdin.resume(); setInterval(() => {}, 1000);
      console.log(JSON.stringify({ jsonrpc: "2.0", params: { pid: process.pid } }));`;
    const command = `"$NODE" -e '${script}'; exit 0`;
    const pipe = await open({
      command: "sh",
      args: ["-c", command],
      env: { NODE: process.execPath },
      limits: quick,
    });
    const server = await announced(pipe);
    expect(server).not.toBe(pipe.pid);
    await pipe.close();
    expect([pipe.pid, server].filter(isAlive)).toEqual([]);
  });

  it.each([
    [
      "left the session, without its environment",
      `spawn("env", ["-i", process.execPath, "-e", deaf], { detached: true, stdio: "ignore" })`,
    ],
    ["left the session", `spawn(process.execPath, ["-e", deaf], { detached: true, stdio: "ignore" })`],
  ])("ends a descendant that %s", async (_how, start) => {
    const pipe = await open(
      nodeChild(
        `const child = ${start}; child.unref(); setTimeout(() => say({ params: { pid: child.pid } }), 200); ${echo}`,
        {
          limits: quick,
        },
      ),
    );
    const stray = await announced(pipe);
    await pipe.close();
    expect([pipe.pid, stray].filter(isAlive)).toEqual([]);
  });

  it("ends a daemon: a descendant in a session of its own whose parent is gone", async () => {
    // It tells of itself once it runs: its shell could only tell of a process that is still starting.
    const daemon = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);
      console.log(JSON.stringify({ jsonrpc: "2.0", params: { pid: process.pid } }))`;
    const fork = `(setsid "$NODE" -e '${daemon}' </dev/null 2>/dev/null &); exec cat >&2`;
    const pipe = await open({
      command: "sh",
      args: ["-c", fork],
      env: { NODE: process.execPath },
      limits: quick,
    });
    const pid = await announced(pipe);
    await until(() => statOf(pid)[3] === pid);
    expect(statOf(pid)[1]).not.toBe(pipe.pid);
    await pipe.close();
    expect([pipe.pid, pid].filter(isAlive)).toEqual([]);
  });

  it("ends the tree of a child that went by itself, and tells of it before that", async () => {
    const pipe = await open(
      nodeChild(
        `const announce = "console.log(JSON.stringify({ jsonrpc: '2.0', params: { pid: process.pid } }))";
         spawn(process.execPath, ["-e", deaf + announce], { detached: true, stdio: "inherit" });
         onMessage(() => process.exit(3));`,
        { limits: { closeGraceMs: 600 } },
      ),
    );
    const stray = await announced(pipe);
    await pipe.send({});
    expect(await timed(pipe.closed)).toBeLessThan(450);
    expect(isAlive(stray)).toBe(true);
    await pipe.close();
    expect(isAlive(stray)).toBe(false);
  });

  it("ends nobody else", async () => {
    const neighbour = await open(nodeChild(echo));
    const box = inbox(neighbour);
    const pipe = await open(
      nodeChild(`process.stdin.resume(); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`, {
        limits: quick,
      }),
    );
    await pipe.close();
    await neighbour.send({ id: 1, params: "still here" });
    expect((await box.next()).result).toBe("still here");
  });

  it("leaves no process behind after fifty starts", async () => {
    const markers: string[] = [];
    for (let round = 0; round < 10; round++) {
      const pipes = await Promise.all(
        Array.from({ length: 5 }, () =>
          open({ command: "sh", args: ["-c", "sleep 1000 & (setsid sleep 1000 &); cat"], env: {} }),
        ),
      );
      for (const pipe of pipes) markers.push(markerOf(pipe.pid) ?? "none");
      await Promise.all(pipes.map((pipe) => pipe.close()));
    }
    expect(new Set(markers).size).toBe(50);
    expect(markers).not.toContain("none");
    expect(carriersOf(markers)).toEqual([]);
  }, 20_000);

  it("leaves no handle, timer or listener behind", () => {
    const report = runHost(`
      // Node opens these two of its own on the way.
      void [process.stdout, process.stderr];
      const state = () => [process.getActiveResourcesInfo(), process.eventNames().map((name) => [String(name), process.listenerCount(name)])];
      const before = state();
      const pipe = await spawnPipe({ command: "cat", env: {} });
      const received = new Promise((resolve) => pipe.start(resolve));
      await pipe.send({ jsonrpc: "2.0", id: 1 });
      await received;
      const open = process.getActiveResourcesInfo();
      await pipe.close();
      const after = state();
      console.log(JSON.stringify({ before, open, after }));`);
    const {
      before,
      open: during,
      after,
    } = JSON.parse(report) as Record<"before" | "open" | "after", unknown[]>;
    expect(during).toContain("ProcessWrap");
    expect(after).toEqual(before);
  });

  it("leaves no handle behind either where the exit and the end of the output are noticed together", () => {
    const kept = runHost(`
      void [process.stdout, process.stderr];
      const before = process.getActiveResourcesInfo().length;
      const kept = [];
      for (let round = 0; round < 20; round++) {
        const pipe = await spawnPipe({ command: "cat", env: {} });
        pipe.start(() => {});
        const closing = pipe.close();
        // Blocks, so that both are there at once.
        for (const end = performance.now() + 20; performance.now() < end;);
        await closing;
        kept.push(...process.getActiveResourcesInfo().slice(before));
      }
      console.log(JSON.stringify(kept));`);
    expect(JSON.parse(kept)).toEqual([]);
  });

  it("lets the host end by itself, and only once every descendant is gone", () => {
    const child = `const child = require("node:child_process").spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" }); child.unref(); console.log(JSON.stringify({ jsonrpc: "2.0", params: child.pid })); setTimeout(() => {}, 300)`;
    const output = runHost(`
      const args = ["-e", ${JSON.stringify(child)}];
      const pipe = await spawnPipe({ command: process.execPath, args, env: {}, limits: { closeGraceMs: 200 } });
      const stray = await new Promise((resolve) => pipe.start((message) => resolve(message.params)));
      const reason = await pipe.closed;
      await pipe.close();
      console.log(stray, reason.kind);`);
    const [pid, kind] = output.trim().split(" ");
    expect(kind).toBe("lost");
    pids.push(Number(pid));
    expect(isAlive(Number(pid))).toBe(false);
  }, 10_000);
});

describe("closed", () => {
  it("names the exit code and the last line of stderr, quoted and without secrets", async () => {
    const script = `process.stderr.write("first\\nbad token " + process.env.TOKEN + " \\u001b[31m!\\n\\n"); process.exitCode = 7;`;
    const pipe = await open(nodeChild(script, { env: { TOKEN: secret("s3cr3t-value") } }));
    const { kind, cause } = await pipe.closed;
    expect(kind).toBe("lost");
    expect(cause).toMatchObject({ code: "CONNECTION_LOST", delivery: "unknown", recover: "reconnect" });
    expect(String(cause)).toContain("exited with code 7");
    expect(String(cause)).toContain(String.raw`"bad token [redacted] \u001b[31m!"`);
    expect(pipe.stderrTail()).toBe("first\nbad token [redacted] \u001b[31m!\n\n");
  });

  it("names the signal", async () => {
    const pipe = await open(nodeChild(`process.kill(process.pid, "SIGKILL")`));
    expect(String((await pipe.closed).cause)).toContain("was ended by SIGKILL");
  });

  it("comes after the last message", async () => {
    const pipe = await open(
      nodeChild(`for (let id = 0; id < 2000; id++) say({ id }); process.stdout.end(() => process.exit(1));`),
    );
    const { all } = inbox(pipe);
    await pipe.closed;
    expect(all.map((message: Message) => message.id)).toEqual(Array.from({ length: 2000 }, (_, id) => id));
  });

  it("comes after the last output, also where the exit is noticed first", async () => {
    const write = `const { writeSync } = require("node:fs");
      for (let id = 0; id < 8; id++) writeSync(1, JSON.stringify({ jsonrpc: "2.0", id, params: { pad: "x".repeat(10_000) } }) + "\\n");
      writeSync(2, "y".repeat(60_000) + "\\nlast words\\n");
      process.exit(1);`;
    const pipe = await open(nodeChild(write));
    const { all } = inbox(pipe);
    // Blocks, so that the exit and all the output are there at once.
    while (isAlive(pipe.pid));
    const { cause } = await pipe.closed;
    expect(all).toHaveLength(8);
    expect(String(cause)).toContain("last words");
  });

  it("comes where the child shuts its stdout and runs on", async () => {
    const pipe = await open(
      nodeChild(`require("node:fs").closeSync(1); setInterval(() => {}, 1000)`, { limits: quick }),
    );
    pipe.start(() => {});
    const { kind, cause } = await pipe.closed;
    expect(kind).toBe("lost");
    expect(String(cause)).toContain("closed its stdout");
    await pipe.close();
    expect(isAlive(pipe.pid)).toBe(false);
  });
});

/** Runs a program that has `spawnPipe` and nothing else to do, and gives its output. */
function runHost(program: string): string {
  const source = JSON.stringify(new URL("./spawn-pipe.ts", import.meta.url).href);
  const args = ["--input-type=module", "-e", `import { spawnPipe } from ${source};\n${program}`];
  return execFileSync(process.execPath, args, { encoding: "utf8", timeout: 8_000 });
}
