// Connects, calls, rotates and evicts, over and over, and tells its parent what that left behind.
import { setTimeout } from "node:timers/promises";
import { heapUsed } from "../heap-used.ts";
import { startServing, type Listener } from "../serving.ts";
import type { PoolHost } from "./pool-host.ts";
import { SoakLife } from "./soak-life.ts";
import type { SoakMark, SoakResult } from "./soak.ts";
import { growth, slopeOf } from "./trend.ts";

const [, , cycles = ""] = process.argv;
const parts = 10;

process.send?.(await soak(Number(cycles)), () => process.exit());

async function soak(cycles: number): Promise<SoakResult> {
  using serving = startServing();
  const listener = await serving.listen(0);
  const life = new SoakLife(listener.url("legacy", { reply: "json", bytes: 200 }));
  const began = performance.now();
  const secondsSince = () => (performance.now() - began) / 1_000;
  const marks: SoakMark[] = [];
  for (let part = 1; part <= parts; part++) {
    await life.cycles(Math.round(cycles / parts));
    const mark = await markOf(Math.round((cycles * part) / parts), life.host, listener);
    marks.push(mark);
    console.log(`${mark.cycles} cycles in ${secondsSince().toFixed(0)} s`);
  }
  const seconds = secondsSince();
  await life.host.close();
  const left = await leftOf(life.host, listener);
  const points = marks.slice(1).map((mark) => [mark.cycles, mark.heapBytes] as const);
  const growthPercent = growth(points.map(([, heapBytes]) => heapBytes));
  return { cycles, seconds, counts: life.counts, marks, growthPercent, slope: slopeOf(points), left };
}

async function markOf(cycles: number, host: PoolHost, listener: Listener): Promise<SoakMark> {
  // Whatever is idle is parked by then, and whatever was evicted has ended.
  await setTimeout(500);
  const heapBytes = await heapUsed();
  const kept = host.pool.stats().connections + (host.parked ?? 0);
  const { open, begun } = await listener.tally();
  return { cycles, heapBytes, kept, sessions: open.sessions, begun };
}

/** Waits a little for the server to see the last socket go. */
async function leftOf(host: PoolHost, listener: Listener): Promise<SoakResult["left"]> {
  for (let time = 0; ; time++) {
    const { open } = await listener.tally();
    const left = { sockets: Math.max(open.sockets, host.sockets), sessions: open.sessions };
    if (time === 50 || left.sockets + left.sessions === 0) return left;
    await setTimeout(100);
  }
}
