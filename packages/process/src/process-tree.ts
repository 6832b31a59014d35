import { execFile } from "node:child_process";
import type { Clock } from "@tenantry/core";
import type { ProcessEntry, ProcessTable } from "./process-table.ts";
import { pause } from "./wait.ts";

/** What names a tree: its root, and a `NAME=value` that only its members were started with. */
export interface TreeOptions {
  readonly root: number;
  readonly marker: string | undefined;
  readonly table: ProcessTable;
}

/**
 * A child and everything that it started. Members are the child's group and session, the descendants of any member,
 * and whoever carries the marker; a member once seen stays one, whoever its parent becomes. Nothing that started
 * before the child can be a member, and a number that was given to another process is told by its start.
 */
export class ProcessTree {
  /** When the root started, as the table tells it. */
  readonly startedAt: number | undefined;
  readonly #root: number;
  readonly #marker: string | undefined;
  readonly #table: ProcessTable;
  #known: readonly ProcessEntry[] = [];
  #rootEnded = false;

  /** Must be built in the same turn as the child was started: later its number may be somebody else's. */
  constructor({ root, marker, table }: TreeOptions) {
    this.#root = root;
    this.#marker = marker;
    this.#table = table;
    this.startedAt = table.startOf(root);
  }

  /** Says that the child itself has ended and was collected, so that its number is free. */
  rootEnded(): void {
    this.#rootEnded = true;
  }

  /** Finds the members that run now. */
  async survey(): Promise<readonly ProcessEntry[]> {
    const begin = this.startedAt;
    if (begin === undefined) return [];
    const all = await this.#table.list();
    const byPid = new Map(all.map((one) => [one.pid, one]));
    const young = all.filter((one) => one.startedAt >= begin && one.pid !== process.pid);
    const members = new Map(young.filter((one) => this.#isSeed(one)).map((one) => [one.pid, one]));
    addDescendants(members, young);
    for (const one of young) {
      // Only an orphan can be unknown here, and orphans are adopted by a process that is older than the child.
      const adopter = byPid.get(one.parent);
      if (members.has(one.pid) || (adopter !== undefined && adopter.startedAt >= begin)) continue;
      if (this.#marker !== undefined && this.#table.markerOf(one) === this.#marker) members.set(one.pid, one);
    }
    addDescendants(members, young);
    this.#known = [...members.values()];
    return this.#known;
  }

  /** Sends a signal to every member; says whether there was any. */
  async signal(signal: Signal): Promise<boolean> {
    if (process.platform === "win32") return this.#taskkill();
    const members = await this.survey();
    // Once the child was collected, its number is safe as a group's name only while the group has members.
    if (!this.#rootEnded || members.some((one) => one.group === this.#root)) send(-this.#root, signal);
    for (const one of members) {
      if (one.group !== this.#root && this.#table.isAlive(one)) send(one.pid, signal);
    }
    return members.length > 0 || !this.#rootEnded;
  }

  /** Ends every member: SIGTERM, `graceMs`, SIGKILL; resolves at once where there is none. */
  async end(clock: Clock, graceMs: number): Promise<void> {
    if (!(await this.signal("SIGTERM")) || (await this.#gone(clock, graceMs))) return;
    // Again and again, because a member may have had a child since it was looked for.
    for (let round = 0; round < killRounds; round++) {
      await this.#freeze();
      if (!(await this.signal("SIGKILL")) || (await this.#gone(clock, killRoundMs))) return;
    }
  }

  /** Who is stopped starts nobody else, who might be lost with its parent. */
  async #freeze(): Promise<void> {
    for (let round = 0, stopped = ""; round < freezeRounds; round++) {
      await this.signal("SIGSTOP");
      const found = this.#known.map(({ pid }) => pid).join();
      if (found === stopped) return;
      stopped = found;
    }
  }

  #isSeed(one: ProcessEntry): boolean {
    if (one.group === this.#root || one.session === this.#root) return true;
    return this.#known.some(({ pid, startedAt }) => pid === one.pid && startedAt === one.startedAt);
  }

  async #gone(clock: Clock, withinMs: number): Promise<boolean> {
    const deadline = clock.now() + withinMs;
    for (let delayMs = 2; ; delayMs = Math.min(2 * delayMs, 50)) {
      const known = !this.#rootEnded || this.#known.some((one) => this.#table.isAlive(one));
      if (!known && (await this.survey()).length === 0) return true;
      const leftMs = deadline - clock.now();
      if (leftMs <= 0) return false;
      await pause(clock, Math.min(delayMs, leftMs));
    }
  }

  #taskkill(): Promise<boolean> {
    if (this.#rootEnded) return Promise.resolve(false);
    const args = ["/pid", String(this.#root), "/T", "/F"];
    return new Promise((resolve) => {
      execFile("C:\\Windows\\System32\\taskkill.exe", args, { windowsHide: true }, () => resolve(true));
    });
  }
}

type Signal = "SIGSTOP" | "SIGTERM" | "SIGKILL";

const freezeRounds = 10;
const killRounds = 6;
const killRoundMs = 50;

/** Adds whoever descends from a member, at any depth. */
function addDescendants(members: Map<number, ProcessEntry>, all: readonly ProcessEntry[]): void {
  const children = Map.groupBy(all, (one) => one.parent);
  const open = [...members.keys()];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (members.has(child.pid)) continue;
      members.set(child.pid, child);
      open.push(child.pid);
    }
  }
}

function send(target: number, signal: Signal): void {
  try {
    process.kill(target, signal);
  } catch {
    // It has just ended, or it runs as another user and cannot be reached.
  }
}
