import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secret, systemClock } from "@tenantry/core";
import { afterEach, describe, expect, it } from "vitest";
import {
  carriersOf,
  childrenOf,
  echo,
  inbox,
  isAlive,
  nodeChild,
  runningWith,
  statOf,
  until,
} from "./children.fixture.ts";
import { startOrphanGuard } from "./orphan-guard.ts";
import { spawnPipe } from "./spawn-pipe.ts";

const started: ChildProcess[] = [];
const pids: number[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  for (const pid of [...pids.splice(0), ...runningWith(token)])
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
});

/** Starts a host that runs this program, and gives the numbers that it prints as its one line. */
async function startHost(program: string): Promise<{ host: ChildProcess; numbers: number[] }> {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const imports = `import { spawnPipe } from ${from("./spawn-pipe.ts")};
    import { startOrphanGuard } from ${from("./orphan-guard.ts")};
    import { systemClock } from ${JSON.stringify(import.meta.resolve("@tenantry/core"))};`;
  const args = ["--input-type=module", "-e", `${imports}\n${program}`];
  const host = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(host);
  const [output] = (await once(host.stdout, "data")) as [Buffer];
  const numbers = String(output).trim().split(" ").map(Number);
  pids.push(...numbers);
  return { host, numbers };
}

async function gone(numbers: readonly number[], limitMs = 5_000): Promise<void> {
  await until(() => !numbers.some(isAlive), limitMs);
}

/** By which everybody of a family is found, whatever has become of it. */
const token = `family-${process.pid}`;

/** A server that ignores SIGTERM and the end of its stdin, and so do those that it started in four ways. */
const deafFamily = nodeChild(`
  const start = (command, args, detached) => spawn(command, args, { detached, stdio: ["ignore", "pipe", "ignore"] });
  const told = deaf + "console.log(process.pid);//${token}";
  const family = [
    start(process.execPath, ["-e", told], false),
    start(process.execPath, ["-e", told], true),
    start("env", ["-i", process.execPath, "-e", told], true),
    start("sh", ["-c", "setsid \\"$0\\" -e \\"$1\\" 2>/dev/null &", process.execPath, told], true),
  ];
  process.on("SIGTERM", () => {});
  // Nobody reads it once the host is gone, and this one is not to die of that.
  process.stdout.on("error", () => {});
  setInterval(() => {}, 1000);
  Promise.all(family.map((one) => new Promise((resolve) => one.stdout.once("data", resolve)))).then((lines) =>
    say({ params: lines.map(Number) }));
`);
const openFamily = `
  const pipe = await spawnPipe(${JSON.stringify(deafFamily)});
  const family = await new Promise((resolve) => pipe.start((message) => resolve(message.params)));
  console.log([pipe.pid, ...family].join(" "));`;

describe("when the host is gone without a word, its guard", { timeout: 20_000 }, () => {
  it("ends a deaf child and all that it started, also who left the group, its environment or its parent", async () => {
    const { host, numbers } = await startHost(openFamily);
    expect(numbers).toHaveLength(5);
    expect(numbers.filter(isAlive)).toEqual(numbers);
    const guards = childrenOf(host.pid!).filter((pid) => pid !== numbers[0]);
    expect(guards).toHaveLength(1);
    host.kill("SIGKILL");
    await gone(numbers, 2_000);
    await gone(guards);
    expect(runningWith(token)).toEqual([]);
  });

  it("does so too where the host ends itself, or is killed right after the start", async () => {
    const { numbers: left } = await startHost(`${openFamily} process.exit(3);`);
    await gone(left);
    const { numbers: atOnce } = await startHost(`
      const { readFileSync, writeSync } = await import("node:fs");
      void spawnPipe(${JSON.stringify(deafFamily)});
      writeSync(1, readFileSync("/proc/thread-self/children", "latin1").split(" ")[0]);
      process.kill(process.pid, "SIGKILL");`);
    await gone(atOnce);
    await until(() => runningWith(token).length === 0);
  });

  it("leaves a child that ends with its stdin the time to do so", async () => {
    const script = `process.stdin.on("end", () => setTimeout(() => { process.stderr.write(""); process.exit(); }, 150)).resume();
      process.on("SIGTERM", () => process.exit(9)); say({});`;
    const { host, numbers } = await startHost(`
      const pipe = await spawnPipe({ ...${JSON.stringify(nodeChild(script))} });
      await new Promise((resolve) => pipe.start(resolve));
      console.log(pipe.pid);`);
    host.kill("SIGKILL");
    await gone(numbers);
  });

  it("ends nobody who was there before, got the number later, or is another's", async () => {
    const strangers = Array.from({ length: 2 }, () =>
      spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }),
    );
    started.push(...strangers);
    const [older, later] = strangers.map(({ pid }) => pid!) as [number, number];
    const neighbour = await spawnPipe(nodeChild(echo));
    const begin = statOf(older)[19]!;
    const { host, numbers } = await startHost(`
      const guard = (root, startedAt) => startOrphanGuard({ root, startedAt, marker: "TENANTRY_INSTANCE=nobody" }, systemClock);
      guard(${older}, ${begin + 1});
      guard(${later}, ${begin - 1});
      setInterval(() => {}, 1000);
      console.log(process.pid);`);
    const guards = childrenOf(host.pid!);
    expect(guards).toHaveLength(2);
    host.kill("SIGKILL");
    await gone([...numbers, ...guards]);
    expect([older, later, neighbour.pid].filter(isAlive)).toEqual([older, later, neighbour.pid]);
    await neighbour.close();
  });

  it.each(["dash", "bash", "busybox", "mksh", "ksh"].filter((name) => existsSync(`/bin/${name}`)))(
    "works where sh is %s",
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), "tenantry-shell-"));
      const shell = join(folder, "sh");
      symlinkSync(`/bin/${name}`, shell);
      const marker = `TENANTRY_INSTANCE=${shell}`;
      const loop = "trap '' TERM; echo $$; while :; do sleep 1; done";
      const { host, numbers } = await startHost(`
        import { spawn } from "node:child_process";
        import { createInterface } from "node:readline";
        import { processTable } from ${JSON.stringify(new URL("./process-table.ts", import.meta.url).href)};
        const [shell, marker, loop] = ${JSON.stringify([shell, marker, loop])};
        const script = 'echo $$; setsid sh -c "$0" & env -i sh -c "$0" & wait';
        const env = { PATH: "/usr/bin:/bin", TENANTRY_INSTANCE: shell };
        const child = spawn("/bin/sh", ["-c", script, loop], { env, detached: true, stdio: ["ignore", "pipe", "ignore"] });
        const root = child.pid;
        startOrphanGuard({ root, startedAt: processTable().startOf(root), marker, shell }, systemClock);
        const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
        const family = [await lines.next(), await lines.next(), await lines.next()];
        console.log(family.map(({ value }) => value).join(" "));`);
      expect(new Set(numbers).size).toBe(3);
      host.kill("SIGKILL");
      await gone(numbers);
      await until(() => carriersOf([marker]).length === 0);
      rmSync(folder, { recursive: true });
    },
  );
});

describe("while the host runs, its guard", { timeout: 20_000 }, () => {
  const own = () => childrenOf(process.pid);

  it("is a process without environment and secrets, and gone after close", async () => {
    const before = own();
    const pipe = await spawnPipe(nodeChild(echo, { env: { TOKEN: secret("s3cr3t-value") } }));
    const [guard, ...more] = own().filter((pid) => pid !== pipe.pid && !before.includes(pid));
    expect(more).toEqual([]);
    const told =
      readFileSync(`/proc/${guard}/environ`, "latin1") + readFileSync(`/proc/${guard}/cmdline`, "latin1");
    expect(readFileSync(`/proc/${guard}/environ`, "latin1")).toMatch(/^PATH=[^\0]+\0LC_ALL=C\0$/u);
    expect(told).not.toMatch(/s3cr3t|TENANTRY_INSTANCE/u);
    expect(statOf(guard!)[3]).toBe(guard);
    await pipe.close();
    expect(own()).toEqual(before);
  });

  it("is gone as soon as a child's tree is that went by itself", async () => {
    const before = own();
    const pipe = await spawnPipe({ command: "true", env: {} });
    await pipe.closed;
    await pipe.close();
    expect(own()).toEqual(before);
  });

  it("is missed by nobody where it was killed", async () => {
    const before = own();
    const pipe = await spawnPipe(nodeChild(echo));
    for (const pid of own()) if (pid !== pipe.pid && !before.includes(pid)) process.kill(pid, "SIGKILL");
    const box = inbox(pipe);
    await pipe.send({ id: 1, params: "still here" });
    expect((await box.next()).result).toBe("still here");
    await pipe.close();
    expect(own()).toEqual(before);
  });

  it("is none where its shell cannot be started", async () => {
    const tree = { root: process.pid, startedAt: 0, marker: "TENANTRY_INSTANCE=x", shell: "/no/such/shell" };
    await startOrphanGuard(tree, systemClock).release();
  });

  it("does not hear what ends the host's terminal", async () => {
    const { host, numbers } = await startHost(openFamily);
    const [guard] = childrenOf(host.pid!).filter((pid) => pid !== numbers[0]);
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.kill(guard!, signal);
    host.kill("SIGKILL");
    await gone(numbers);
  });
});
