// What the pool adds to a call: the same call on the same connection, through `run()` and without it, in turns.
import type { Connection, Era } from "@tenantry/core";
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import { timePair, type Pair } from "../paired.ts";
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
    if (era === "legacy") cases.push({ name: control, concurrency: 1, ...pair, dressed: pair.bare });
  }
  // Long enough for the code to be as hot as it becomes.
  for (const one of cases) await measureSlot(one, quick ? 200 : 8_000);
  const result = await interleave(cases, 2 * rounds, (one) => measureSlot(one, quick ? 128 : 1_024));
  for (const { host } of hosts) await host.close();
  await listener.close();
  console.log(addedTable(result));
  return result;
}

interface Case extends Pair {
  readonly name: string;
}

/** Both call on the connection that the pool keeps for the user, so that nothing but the pool is between them. */
async function pairOf({ pool, targetOf }: PoolHost): Promise<Pick<Pair, "bare" | "dressed">> {
  const options = { context: contextOf("token-of-ada"), resend: "refused" } as const;
  const target = targetOf("ada");
  const lease = await pool.acquire(target, options);
  const { connection } = lease;
  lease.release();
  const work = (lent: Connection) => lent.request("tools/call", call);
  return {
    bare: () => connection.request("tools/call", call),
    dressed: () => pool.run(target, work, options),
  };
}

async function measureSlot(one: Case, times: number): Promise<AddedSlot> {
  const { bare, dressed } = await timePair(one, times);
  return { bare: quantile(bare, 0.5), pooled: quantile(dressed, 0.5) };
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
