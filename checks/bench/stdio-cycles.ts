// Starts and ends a stdio server a thousand times, kills it two hundred times in the middle of a call, and shows what
// that took and what is left. `pnpm cycles --quick` shows that it runs.
import { live, type Holdings } from "./lives.ts";

const quick = process.argv.includes("--quick");
const plan = quick
  ? { cycles: 25, kills: 10, concurrency: 8 }
  : { cycles: 1_000, kills: 200, concurrency: 8 };
const begin = performance.now();
const { before, after, openMs, closeMs, lostMs, reapMs } = await live(plan);
const seconds = ((performance.now() - begin) / 1_000).toFixed(0);

console.log(`${plan.cycles} cycles and ${plan.kills} kills, ${plan.concurrency} at once, in ${seconds} s\n`);
row("milliseconds", "p50", "p99", "max");
row("start and handshake", ...spread(openMs));
row("close", ...spread(closeMs));
row("kill until the call is lost", ...spread(lostMs));
row("from there until all is gone", ...spread(reapMs));
console.log();
row("left", "before", "after");
for (const name of ["processes", "descriptors", "timers", "handles"] as const)
  row(name, count(before[name]), count(after[name]));
if (JSON.stringify(after) !== JSON.stringify(before)) {
  console.error("\nSomething is left.");
  process.exitCode = 1;
}

function row(name: string, ...cells: string[]): void {
  console.log([name.padEnd(30), ...cells.map((cell) => cell.padStart(9))].join(""));
}

function spread(values: readonly number[]): string[] {
  const sorted = values.toSorted((one, other) => one - other);
  return [0.5, 0.99, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1]!.toFixed(1));
}

function count(held: Holdings[keyof Holdings]): string {
  return typeof held === "number" ? String(held) : held.length === 0 ? "0" : held.join(" ");
}
