// What the pool adds to a call: the same call on the same connection, through `run()` and without it, in turns.
import type { Connection, Era } from "@tenantry/core";
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import { table } from "../table.ts";
import { call, eras } from "../variant.ts";
import { atOnce } from "./at-once.ts";
import type { PoolBench } from "./measure-pool.ts";
import { PoolHost } from "./pool-host.ts";
import { contextOf } from "./target.ts";

/** One slot of one round, in microseconds a call. */
export interface AddedSlot {
  readonly bare: number;
  readonly pooled: number;
  /** How much more CPU a pooled call takes. */
  readonly cpu: number;
}

/** By era and concurrency. */
export type AddedResult = Rounds<AddedSlot>;

const concurrencies = [1, 32] as const;

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
  }
  const times = quick ? 100 : 400;
  for (const one of cases) await measureSlot(one, 2 * times);
  const result = await interleave(cases, 2 * rounds, (one) => measureSlot(one, times));
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
  const block = concurrency === 1 ? 1 : 2 * concurrency;
  const one = new Times(bare, times);
  const other = new Times(pooled, times);
  for (let turn = 0; one.isLacking; turn++) {
    const [first, second] = turn % 2 === 0 ? [one, other] : [other, one];
    await first.take(block, concurrency);
    await second.take(block, concurrency);
  }
  return { bare: one.p50, pooled: other.p50, cpu: other.cpu - one.cpu };
}

/** What the calls of one kind took. */
class Times {
  readonly #call: Call;
  readonly #times: Float64Array;
  #taken = 0;
  #cpu = 0;

  constructor(call: Call, times: number) {
    this.#call = call;
    this.#times = new Float64Array(times);
  }

  get isLacking(): boolean {
    return this.#taken < this.#times.length;
  }

  get p50(): number {
    return quantile(this.#times, 0.5);
  }

  /** Of one call, in microseconds. */
  get cpu(): number {
    return this.#cpu / this.#taken;
  }

  async take(count: number, concurrency: number): Promise<void> {
    const before = process.cpuUsage();
    await atOnce(concurrency, count, async () => {
      const began = performance.now();
      await this.#call();
      this.#times[this.#taken++] = (performance.now() - began) * 1_000;
    });
    const { user, system } = process.cpuUsage(before);
    this.#cpu += user + system;
  }
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
      typical(slots, ({ cpu }) => cpu).toFixed(1),
    ];
  });
  const heads = ["bare p50 µs", "run() p50 µs", "added µs", "middle half of rounds", "added CPU µs"];
  return table(["run() beside the bare request", ...heads], rows);
}
