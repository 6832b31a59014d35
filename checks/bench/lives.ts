// Lives of a child process: start, MCP handshake, one call, close; or an end by SIGKILL in the middle of a call. What
// the host holds before and after them must be the same. Linux only, because `/proc` tells it.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createConnector } from "@tenantry/client";
import { systemClock, TenantryError, type Clock, type Connection, type PipeEndpoint } from "@tenantry/core";
import { processTable, spawnPipe, type ChildPipe } from "@tenantry/process";
import { stdioServerPath } from "@tenantry/testing";

/** How many lives there are, and how many at once. */
export interface Plan {
  readonly cycles: number;
  readonly kills: number;
  readonly concurrency: number;
}

/** What a host holds. */
export interface Holdings {
  /** Children, and whoever carries the marker of one that there was. */
  readonly processes: number;
  readonly descriptors: number;
  /** Timers that were set and neither fired nor were taken back, also those that keep nothing alive. */
  readonly timers: number;
  /** What keeps the event loop running. */
  readonly handles: readonly string[];
}

/** What the lives took, in milliseconds each, and what was held before and after them. */
export interface Report {
  readonly before: Holdings;
  readonly after: Holdings;
  readonly openMs: readonly number[];
  readonly closeMs: readonly number[];
  /** From the kill to the answer that the call is lost, and from there to the end of the tree. */
  readonly lostMs: readonly number[];
  readonly reapMs: readonly number[];
}

/** Lives them all; throws where a call has not the outcome that it must have. */
export async function live({ cycles, kills, concurrency }: Plan): Promise<Report> {
  const host = new Host();
  // What Node makes once and keeps is there before anything is counted.
  await share(concurrency, concurrency, () => host.cycle());
  await host.kill();
  const before = host.holdings();
  const closed = await share(cycles, concurrency, () => host.cycle());
  const killed = await share(kills, concurrency, () => host.kill());
  const after = host.holdings();
  return {
    before,
    after,
    openMs: closed.map(([openMs]) => openMs),
    closeMs: closed.map(([, closeMs]) => closeMs),
    lostMs: killed.map(([lostMs]) => lostMs),
    reapMs: killed.map(([, reapMs]) => reapMs),
  };
}

class Host {
  readonly #clock = new CountingClock();
  readonly #processes = processTable();
  readonly #markers = new Set<string>();
  readonly #connector = createConnector({
    egress: { target: noRequest, exchange: noRequest },
    clock: this.#clock,
  });

  async cycle(): Promise<readonly [openMs: number, closeMs: number]> {
    const begin = performance.now();
    const { connection } = await this.#open();
    const opened = performance.now();
    const { content } = await connection.request("tools/call", {
      name: "echo",
      arguments: { text: "alive" },
    });
    if (JSON.stringify(content) !== '[{"type":"text","text":"alive"}]') throw new Error("No answer.");
    const called = performance.now();
    await connection.close();
    return [opened - begin, performance.now() - called];
  }

  /** The child has a child of its own, which its end leaves to us. */
  async kill(): Promise<readonly [lostMs: number, reapMs: number]> {
    const { connection, pipe } = await this.#open("--grandchild");
    const call = connection.request("tools/call", { name: "hang" }).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    await sleep(5);
    const begin = performance.now();
    process.kill(pipe.pid, "SIGKILL");
    const failure = await call;
    const lost = performance.now();
    if (!(failure instanceof TenantryError && failure.delivery === "unknown")) throw failure;
    await connection.close();
    return [lost - begin, performance.now() - lost];
  }

  holdings(): Holdings {
    return {
      processes: running().filter((pid) => parentOf(pid) === process.pid || this.#markers.has(markerOf(pid)))
        .length,
      descriptors: readdirSync("/proc/self/fd").length,
      timers: this.#clock.pending,
      handles: process.getActiveResourcesInfo().toSorted(),
    };
  }

  async #open(...args: string[]): Promise<{ connection: Connection; pipe: ChildPipe }> {
    let pipe: ChildPipe | undefined;
    const endpoint: PipeEndpoint = {
      kind: "pipe",
      era: "legacy",
      open: async ({ signal }) => {
        const command = { command: process.execPath, args: [stdioServerPath, ...args], env: {} };
        pipe = await spawnPipe({
          ...command,
          clock: this.#clock,
          processes: this.#processes,
          ...(signal && { signal }),
        });
        return pipe;
      },
    };
    const connection = await this.#connector.open(endpoint, undefined, {});
    if (pipe === undefined) throw new Error("Opened without a pipe.");
    this.#markers.add(markerOf(pipe.pid));
    return { connection, pipe };
  }
}

/** The real clock, which knows how many of its timers are set. */
class CountingClock implements Clock {
  pending = 0;
  now = systemClock.now;

  after(...[delayMs, task, options]: Parameters<Clock["after"]>) {
    let set = true;
    const unset = () => {
      if (set) this.pending--;
      set = false;
    };
    this.pending++;
    const fire = () => {
      unset();
      task();
    };
    const timer = systemClock.after(delayMs, fire, options);
    return {
      cancel() {
        unset();
        timer.cancel();
      },
    };
  }
}

/** Does something so many times, never more than `concurrency` at once. */
async function share<T>(times: number, concurrency: number, task: () => Promise<T>): Promise<readonly T[]> {
  const outcomes: T[] = [];
  let left = times;
  const worker = async () => {
    while (left-- > 0) outcomes.push(await task());
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return outcomes;
}

function noRequest(): never {
  throw new Error("A pipe makes no HTTP request.");
}

function running(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
}

/** Also of one that has ended and was not collected, which is one that is left. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function markerOf(pid: number): string {
  const assignment = /(?:^|\0)TENANTRY_INSTANCE=([^\0]*)/u.exec(read(`/proc/${pid}/environ`));
  return assignment?.[1] ?? "none";
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
