// What a credential costs that every call asks for: the resolution alone, without pool or connection.
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import type { Options } from "../outcome.ts";
import { table } from "../table.ts";
import { prepare, type Prepared } from "./sources.ts";

/** One slot of one round. */
interface ResolveSlot {
  /** Microseconds of one resolution, over batches, so that the clock's own time hardly counts. */
  readonly p50: number;
  readonly p99: number;
  /** What the store was asked meanwhile. */
  readonly trips: number;
}

/** Every source with few users and with many. */
export interface ResolveResult {
  readonly slots: Rounds<ResolveSlot>;
}

const perBatch = 16;

/** Measures resolutions for 100 and for 10,000 users, in random order. */
export async function measureResolve({
  rounds,
  quick,
}: Pick<Options, "rounds" | "quick">): Promise<ResolveResult> {
  const batches = quick ? 500 : 5_000;
  const sizes = quick ? [100, 1_000] : [100, 10_000];
  const cases = (await Promise.all(sizes.map((users) => prepare(users)))).flat();
  for (const one of cases) await measureSlot(one, batches);
  const slots = await interleave(cases, rounds, (one) => measureSlot(one, batches));
  const rows = Object.entries(slots).map(([name, own]) => [
    name,
    ...[typical(own, ({ p50 }) => p50), typical(own, ({ p99 }) => p99)].map((figure) => figure.toFixed(2)),
    String(own.reduce((sum, { trips }) => sum + trips, 0)),
  ]);
  console.log(
    table(["resolution of a credential at hand", "p50 µs", "p99 µs", "round trips to the store"], rows),
  );
  return { slots };
}

async function measureSlot({ users, resolve, trips }: Prepared, batches: number): Promise<ResolveSlot> {
  const times = new Float64Array(batches);
  const order = new Int32Array(perBatch);
  const before = trips();
  for (let batch = 0; batch < batches; batch++) {
    // Drawn beforehand, and a turn of the loop now and then, as between calls.
    for (let at = 0; at < perBatch; at++) order[at] = Math.floor(Math.random() * users);
    if (batch % 64 === 0) await new Promise((turn) => setImmediate(turn));
    const began = performance.now();
    for (const user of order) resolve(user);
    times[batch] = ((performance.now() - began) * 1_000) / perBatch;
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), trips: trips() - before };
}
