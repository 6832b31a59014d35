// Measures what one warm call costs, in variants that take turns: A B C, B C A, C A B. What the machine does
// meanwhile then befalls all of them, and the ratios within one round say more than any absolute time.
//
// mitata and tinybench run one variant to its end before the next, and time it on the wall clock only; neither reads
// process.cpuUsage() for each slot of an interleaved round. Hence the loop below.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openVariants, type Variant } from "./variants.ts";

/** What one slot of one round showed, in microseconds. */
interface Slot {
  readonly cpu: number;
  readonly p50: number;
}

const quick = process.argv.includes("--quick");
const rounds = quick ? 3 : 12;
const plans = [
  { concurrency: 1, calls: quick ? 40 : 300 },
  { concurrency: 32, calls: quick ? 160 : 640 },
] as const;
const file = join(import.meta.dirname, "node_modules/.cache/bench.json");

const server = fork(join(import.meta.dirname, "server.ts"), { execArgv: [] });
try {
  const [port] = (await once(server, "message")) as [number];
  const variants = await openVariants(new URL(`http://127.0.0.1:${port}/mcp`));
  await warmUp(variants, server);
  const results = [];
  for (const plan of plans) {
    const slots = await measure(variants, plan);
    print(plan.concurrency, slots);
    results.push({ ...plan, slots: Object.fromEntries(slots) });
  }
  await Promise.all(variants.map((variant) => variant.close()));
  save({
    at: new Date(),
    node: process.version,
    cpus: cpus().length,
    load: loadavg(),
    quick,
    rounds,
    results,
  });
} finally {
  server.kill();
}

/** Lets the code become hot, and makes sure that the variants do the same work: one message a call, the whole answer. */
async function warmUp(variants: readonly Variant[], counter: ChildProcess): Promise<void> {
  const calls = quick ? 50 : 500;
  for (const { name, call } of variants) {
    await call();
    const before = await messages(counter);
    for (let at = 0; at < calls; at++) {
      const { content } = (await call()) as { content: readonly { text: string }[] };
      if (content[0]?.text.length !== 200) throw new Error(`${name}: the answer is not the server's.`);
    }
    const sent = (await messages(counter)) - before;
    if (sent !== calls) throw new Error(`${name}: ${calls} calls were ${sent} messages.`);
  }
}

async function messages(counter: ChildProcess): Promise<number> {
  counter.send("how many?");
  const [count] = (await once(counter, "message")) as [number];
  return count;
}

type Plan = (typeof plans)[number];

async function measure(variants: readonly Variant[], plan: Plan): Promise<ReadonlyMap<string, Slot[]>> {
  const slots = new Map<string, Slot[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % variants.length;
    for (const { name, call } of [...variants.slice(first), ...variants.slice(0, first)]) {
      slots.get(name)?.push(await measureSlot(call, plan));
    }
  }
  return slots;
}

async function measureSlot(call: Variant["call"], { concurrency, calls }: Plan): Promise<Slot> {
  // Nobody pays for the sockets that were opened before, or for another's garbage.
  await Promise.all(Array.from({ length: concurrency }, call));
  globalThis.gc?.();
  await setTimeout(5);

  const times = new Float64Array(calls);
  let next = 0;
  const caller = async () => {
    while (next < calls) {
      const at = next++;
      const began = performance.now();
      await call();
      times[at] = (performance.now() - began) * 1_000;
    }
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: concurrency }, caller));
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / calls, p50: median(times) };
}

function print(concurrency: number, slots: ReadonlyMap<string, readonly Slot[]>): void {
  const [floor = []] = slots.values();
  const table = [...slots].map(([name, own]) => {
    const ratio = (of: keyof Slot) =>
      median(own.map((slot, round) => slot[of] / (floor[round]?.[of] ?? NaN)));
    const micros = (of: keyof Slot) => median(own.map((slot) => slot[of]));
    const figures = [ratio("cpu").toFixed(2), ratio("p50").toFixed(2), micros("cpu").toFixed(0)];
    return [name, ...figures, micros("p50").toFixed(0)];
  });
  const heads = [`concurrency ${concurrency}`, "CPU ÷ floor", "p50 ÷ floor", "CPU µs", "p50 µs"];
  const lines = [heads, ...table].map(([name = "", ...cells]) =>
    [name.padEnd(38), ...cells.map((cell) => cell.padStart(12))].join(""),
  );
  console.log(lines.join("\n") + "\n");
}

function save(report: object): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(report, null, 2));
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `medians of ${rounds} rounds, load ${load} on ${cpus().length} processors; every slot in ${file}`,
  );
  if (quick) console.log("--quick shows that it runs; measure without it.");
}

function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
