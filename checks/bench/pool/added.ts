// What the pool adds to a call: the same call on the same connection, through `run()` and without it, in turns.
import type { Connection, Era } from "@tenantry/core";
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import { table } from "../table.ts";
import { call, eras } from "../variant.ts";
import type { PoolBench } from "./measure-pool.ts";
import { PoolHost } from "./pool-host.ts";
import { contextOf } from "./target.ts";

/** One slot of one round, in microseconds a call. */
export interface AddedSlot {
  readonly bare: number;
  readonly pooled: number;
}

/** By era and concurrency, and the control. */
export type AddedResult = Rounds<AddedSlot>;

const concurrencies = [1, 32] as const;
/** What is measured twice, so that the difference is nothing but the measurement's own. */
const control = "legacy, 1 at once, bare beside bare";

/** The name of a case. */
export const addedName = (era: Era, concurrency: number) => `${era}, ${concurrency} at once`;
/** How much later a pooled call is answered than a bare one, by the medians of one slot. */
export const added = ({ bare, pooled }: AddedSlot) => pooled - bare;

/** Measures both eras, one call at a time and 32 at once. */
export async function measureAdded({ serving, rounds, quick }: PoolBench): Promise<AddedResult> {
  const listener = await serving.listen(0);
  const url = listener.url("both", { reply: "json", bytes: 200 });
  const hosts = eras.map((era) => ({ era, host: new PoolHost({ url, era }) }));
  const cases: Case[] = [];
  for (const { era, host } of hosts) {
    const pair = await pairOf(host);
    for (const concurrency of concurrencies)
      cases.push({ name: addedName(era, concurrency), concurrency, ...pair });
    if (era === "legacy") cases.push({ name: control, concurrency: 1, ...pair, pooled: pair.bare });
  }
  // Long enough for the code to be as hot as it becomes.
  for (const one of cases) await measureSlot(one, quick ? 200 : 8_000);
  const result = await interleave(cases, 2 * rounds, (one) => measureSlot(one, quick ? 128 : 1_024));
  for (const { host } of hosts) await host.close();
  await listener.close();
  console.log(addedTable(result));
  return result;
}

type Call = () => Promise<unknown>;

interface Case {
  readonly name: string;
  readonly concurrency: number;
  readonly bare: Call;
  readonly pooled: Call;
}

/** Both call on the connection that the pool keeps for the user, so that nothing but the pool is between them. */
async function pairOf({ pool, targetOf }: PoolHost): Promise<{ readonly bare: Call; readonly pooled: Call }> {
  const options = { context: contextOf("token-of-ada"), resend: "refused" } as const;
  const target = targetOf("ada");
  const lease = await pool.acquire(target, options);
  const { connection } = lease;
  lease.release();
  const work = (lent: Connection) => lent.request("tools/call", call);
  return {
    bare: () => connection.request("tools/call", call),
    pooled: () => pool.run(target, work, options),
  };
}

/** They take turns, one call or one block of calls each, and each is as often the first of the two. */
async function measureSlot({ concurrency, bare, pooled }: Case, times: number): Promise<AddedSlot> {
  const one = new Float64Array(times);
  const other = new Float64Array(times);
  const block = concurrency === 1 ? 1 : 2 * concurrency;
  for (let from = 0; from < times; from += block) {
    const to = Math.min(from + block, times);
    const isFirst = (from / block) % 2 === 0;
    if (isFirst) await take(bare, one, from, to);
    await take(pooled, other, from, to);
    if (!isFirst) await take(bare, one, from, to);
  }
  return { bare: quantile(one, 0.5), pooled: quantile(other, 0.5) };
}

/** Notes how long each call takes. One block is as wide as half of it; a block of one is a call by itself. */
async function take(one: Call, times: Float64Array, from: number, to: number): Promise<void> {
  let next = from;
  const caller = async () => {
    while (next < to) {
      const at = next++;
      const began = performance.now();
      await one();
      times[at] = (performance.now() - began) * 1_000;
    }
  };
  if (to - from === 1) return caller();
  await Promise.all(Array.from({ length: (to - from) / 2 }, caller));
}

function addedTable(result: AddedResult): string {
  const rows = Object.entries(result).map(([name, slots]) => {
    const over = (share: number) => quantile(slots.map(added), share).toFixed(1);
    return [
      name,
      typical(slots, ({ bare }) => bare).toFixed(1),
      typical(slots, ({ pooled }) => pooled).toFixed(1),
      over(0.5),
      `${over(0.25)} … ${over(0.75)}`,
    ];
  });
  const heads = ["bare p50 µs", "run() p50 µs", "added µs", "middle half of slots"];
  return table(["run() beside the bare request", ...heads], rows);
}
