import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemClock } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { isAlive, nodeChild } from "./children.fixture.ts";
import { parsePs, processTable, type ProcessEntry, type ProcessTable } from "./process-table.ts";
import { ProcessTree } from "./process-tree.ts";

describe("ProcessTree", () => {
  it.each(["linux", "darwin"] as const)("finds and ends a tree with the table of %s", async (platform) => {
    const script = `const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }); console.log(child.pid); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, nodeChild(script).args!, {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const tree = new ProcessTree({ root: child.pid!, marker: undefined, table: processTable(platform) });
    child.once("exit", () => tree.rootEnded());
    const [output] = (await once(child.stdout, "data")) as [Buffer];
    const stray = Number(output);
    try {
      expect((await tree.survey()).map(({ pid }) => pid).toSorted((a, b) => a - b)).toEqual(
        [child.pid!, stray].toSorted((a, b) => a - b),
      );
      await tree.end(systemClock, 1_000);
      expect([child.pid!, stray].filter(isAlive)).toEqual([]);
    } finally {
      for (const pid of [child.pid!, stray]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  });

  it("takes nobody who was there before the child, or who got a number that was free again", async () => {
    const entry = (pid: number, facts: Partial<ProcessEntry> = {}): ProcessEntry => ({
      pid: base + pid,
      parent: 1,
      group: base + pid,
      session: base + pid,
      startedAt: 100 + pid,
      ...facts,
    });
    const root = entry(1);
    const child = entry(2, { parent: root.pid });
    const marked = entry(3, { startedAt: 200 });
    const marks = new Set([marked.pid]);
    let list = [
      root,
      child,
      marked,
      entry(4, { parent: root.pid, startedAt: 50 }),
      entry(5, { group: root.pid, startedAt: 50 }),
    ];
    const table: ProcessTable = {
      readsEnvironments: true,
      startOf: () => root.startedAt,
      list: () => Promise.resolve(list),
      isAlive: () => true,
      markerOf: ({ pid }) => (marks.has(pid) ? "M=1" : undefined),
    };
    const tree = new ProcessTree({ root: root.pid, marker: "M=1", table });
    const pids = async () => (await tree.survey()).map(({ pid }) => pid - base);
    expect(await pids()).toEqual([1, 2, 3]);
    tree.rootEnded();
    list = [
      { ...child, parent: 1 },
      { ...marked, startedAt: 300 },
    ];
    marks.clear();
    expect(await pids()).toEqual([2]);
  });
});

const base = 10_000_000;

describe("processTable", () => {
  it("reads once for all who ask before it begins, and anew for who asks after", async () => {
    const { list } = processTable();
    const [one, other] = [list(), list()];
    expect(other).toBe(one);
    await Promise.resolve();
    // It has begun, and may miss who starts now.
    const later = list();
    expect(later).not.toBe(one);
    expect(list()).toBe(later);
    expect((await later).map(({ pid }) => pid)).toContain(process.pid);
    expect(await list()).not.toBe(await later);
  });
});

describe("parsePs", () => {
  it("reads numbers and start times, and leaves out the dead", () => {
    const output = `
    1     0     1 Ss   Thu Nov 20 11:50:01 2025
 4711     1  4711 S+   Fri Feb  6 09:08:07 2026
 4712  4711  4711 Z    Fri Feb  6 09:08:07 2026
`;
    expect(parsePs(output)).toEqual([
      { pid: 1, parent: 0, group: 1, session: 0, startedAt: Date.UTC(2025, 10, 20, 11, 50, 1) },
      { pid: 4711, parent: 1, group: 4711, session: 0, startedAt: Date.UTC(2026, 1, 6, 9, 8, 7) },
    ]);
  });
});
