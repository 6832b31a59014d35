// What the pool alone costs: its connections are in memory and do nothing.
import { interleave, quantile, ratio, typical, type Rounds } from "../interleave.ts";
import { table } from "../table.ts";
import { MapBorrower, PoolBorrower, type Borrower } from "./borrower.ts";
import type { PoolBench } from "./measure-pool.ts";
import { boundBearer } from "./target.ts";

/** One slot of one round, in microseconds of an acquire and its release. */
interface AcquireSlot {
  /** Over batches, each divided by its size, so that the clock's own time hardly counts. */
  readonly p50: number;
  /** Of single ones, the clock's own time included. */
  readonly p99: number;
  /** Over all batches, collections of garbage included. */
  readonly mean: number;
}

/** A few keys in a heap of their own, and beside very many. */
export interface AcquireResult {
  /** The median time between two looks at the clock, in microseconds. */
  readonly clock: number;
  /** How many keys many are. */
  readonly many: number;
  readonly alone: Rounds<AcquireSlot>;
  readonly beside: Rounds<AcquireSlot>;
}

/** How credentials are resolved: there is none, or its value is in the context. */
export const providers = { "no credential": undefined, "bearer(fromContext)": boundBearer } as const;

/** The name of a case: how credentials are resolved and how many keys there are. */
export const acquireName = (kind: string, keys: "few" | "many") => `${kind}, ${keys} keys`;

/** The case that only looks keys like the pool's up. */
export const mapAlone = "a Map alone";
const few = 100;
const perBatch = 16;

/** Measures acquiring an idle connection, one of 100 and one of 100,000. */
export async function measureAcquire({ rounds, quick }: PoolBench): Promise<AcquireResult> {
  const many = quick ? 10_000 : 100_000;
  const plan = quick ? { batches: 200, singles: 2_000 } : { batches: 1_000, singles: 10_000 };
  const measure = async (cases: readonly Case[]) => {
    for (const { borrower } of cases) await measureSlot(borrower, plan);
    return interleave(cases, rounds, ({ borrower }) => measureSlot(borrower, plan));
  };

  const small = await openAll("few", few);
  const alone = await measure(small);
  const large = await openAll("many", many);
  const beside = await measure([...small, ...large]);
  for (const { borrower } of [...small, ...large]) await borrower.close();

  const result = { clock: clockTime(), many, alone, beside };
  console.log(acquireTable(result));
  return result;
}

interface Case {
  readonly name: string;
  readonly borrower: Borrower;
}

async function openAll(keys: "few" | "many", count: number): Promise<readonly Case[]> {
  const pools = Object.entries(providers).map(([provider, bind]) => ({
    name: acquireName(provider, keys),
    borrower: new PoolBorrower(count, bind?.()),
  }));
  const cases = [...pools, { name: acquireName(mapAlone, keys), borrower: new MapBorrower(count) }];
  for (const { borrower } of cases) await borrower.open();
  return cases;
}

async function measureSlot(
  borrower: Borrower,
  plan: { readonly batches: number; readonly singles: number },
): Promise<AcquireSlot> {
  const batches = await timesOf(borrower, plan.batches, perBatch);
  const singles = await timesOf(borrower, plan.singles, 1);
  const mean = batches.reduce((sum, time) => sum + time, 0) / plan.batches;
  return { p50: quantile(batches, 0.5), p99: quantile(singles, 0.99), mean };
}

/** In microseconds of one. */
async function timesOf(borrower: Borrower, count: number, size: number): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    borrower.users.prepare(size);
    const began = performance.now();
    await borrower.borrow(size);
    times[at] = ((performance.now() - began) * 1_000) / size;
  }
  return times;
}

function clockTime(): number {
  const times = new Float64Array(10_000);
  for (let at = 0; at < times.length; at++) {
    const began = performance.now();
    times[at] = (performance.now() - began) * 1_000;
  }
  return quantile(times, 0.5);
}

function acquireTable({ clock, many, alone, beside }: AcquireResult): string {
  const rowOf = (name: string, own: readonly AcquireSlot[] = []) => [
    name,
    ...[p50, p99, mean].map((of) => typical(own, of).toFixed(2)),
  ];
  const rows = [...Object.keys(providers), mapAlone].flatMap((kind) => {
    const small = beside[acquireName(kind, "few")];
    const large = beside[acquireName(kind, "many")];
    return [
      rowOf(`${kind}, ${few} keys`, alone[acquireName(kind, "few")]),
      rowOf(`${kind}, ${few} keys beside many`, small),
      [
        ...rowOf(`${kind}, ${many} keys`, large),
        ...[growth(beside, kind), ratio(large, small, mean), lessMap(beside, kind)].map(shown),
      ],
    ];
  });
  const head = `acquire and release; the clock takes ${clock.toFixed(2)} µs`;
  return table(
    [head, "p50 µs", "p99 µs", "mean µs", "p50 ÷ few", "mean ÷ few", "p50 ÷ few, less the Map's"],
    rows,
  );
}

/** How many times what it costs with a few keys an acquire costs with many, in random order. */
export function growth(beside: Rounds<AcquireSlot> = {}, kind: string): number {
  return ratio(beside[acquireName(kind, "many")], beside[acquireName(kind, "few")], p50);
}

/** The quotient of the medians, after what looking up the key takes has been subtracted from both. */
function lessMap(beside: Rounds<AcquireSlot>, kind: string): number {
  if (kind === mapAlone) return NaN;
  const own = (keys: "few" | "many") => {
    const lookups = beside[acquireName(mapAlone, keys)] ?? [];
    return typical(beside[acquireName(kind, keys)] ?? [], p50) - typical(lookups, p50);
  };
  return own("many") / own("few");
}

const shown = (figure: number) => (Number.isNaN(figure) ? "" : figure.toFixed(2));
const p50 = (slot: AcquireSlot) => slot.p50;
const p99 = (slot: AcquireSlot) => slot.p99;
const mean = (slot: AcquireSlot) => slot.mean;
