import { quantile } from "./interleave.ts";

/** Makes one call. */
export type Call = () => Promise<unknown>;

/** The same call made in two ways. */
export interface Pair {
  /** How many calls are under way at once. */
  readonly concurrency: number;
  readonly bare: Call;
  readonly dressed: Call;
}

/** How long the calls of one slot took, in microseconds. */
export interface PairTimes {
  readonly bare: Float64Array;
  readonly dressed: Float64Array;
}

/** They take turns, one call or one block of calls each, and each is as often the first of the two. */
export async function timePair({ concurrency, bare, dressed }: Pair, times: number): Promise<PairTimes> {
  const one = new Float64Array(times);
  const other = new Float64Array(times);
  const block = concurrency === 1 ? 1 : 2 * concurrency;
  for (let from = 0; from < times; from += block) {
    const to = Math.min(from + block, times);
    const isFirst = (from / block) % 2 === 0;
    if (isFirst) await take(bare, one, from, to);
    await take(dressed, other, from, to);
    if (!isFirst) await take(bare, one, from, to);
  }
  return { bare: one, dressed: other };
}

/** How much longer the dressed calls took, at one share of both. */
export function addedAt(share: number, { bare, dressed }: PairTimes): number {
  return quantile(dressed, share) - quantile(bare, share);
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
