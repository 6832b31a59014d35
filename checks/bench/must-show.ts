// What the client has to reach, beside what it did reach in this run.
import { typical, ratio } from "./interleave.ts";
import type { ColdResult } from "./cold.ts";
import type { ConnectResult } from "./connects.ts";
import { parkedName, type HeapResult } from "./heap.ts";
import { clientName } from "./ours.ts";
import { eras } from "./variant.ts";
import { atLeast, atMost, type Verdict } from "./verdict.ts";
import type { WarmResult, WarmSlot } from "./warm.ts";
import type { WarningResult } from "./warnings.ts";

/** What was measured; a part that was not asked for is absent. */
export interface Results {
  warm?: readonly WarmResult[];
  cold?: ColdResult;
  connect?: ConnectResult;
  heap?: HeapResult;
  warnings?: WarningResult;
}

/** Judges every line; `peers` are the names of those that were measured. */
export function judge(results: Results, peers: readonly string[]): readonly Verdict[] {
  return [...judgeWarm(results.warm ?? []), ...judgePeers(results.warm ?? [], peers), ...judgeRest(results)];
}

const cpu = (slot: WarmSlot) => slot.cpu;
const p50 = (slot: WarmSlot) => slot.p50;

/** The limit of the CPU of one call, divided by the floor's. */
const cpuLimits = {
  "JSON 200 B": { legacy: 1.8, modern: 2 },
  "SSE 200 B": { legacy: 2, modern: 2 },
  "JSON 100 KB": { legacy: 1.5, modern: 1.5 },
} as const;

function judgeWarm(warm: readonly WarmResult[]): readonly Verdict[] {
  return Object.entries(cpuLimits).flatMap(([form, limits]) =>
    [1, 32].flatMap((concurrency) => {
      const { slots = {} } = warm.find((one) => one.form === form && one.concurrency === concurrency) ?? {};
      const [floor = []] = Object.values(slots);
      return eras.flatMap((era) => {
        const own = slots[clientName(era)];
        const where = `${form}, ${era}, ${concurrency} at once`;
        return [
          atMost(`CPU ÷ floor, ${where}`, limits[era], ratio(own, floor, cpu)),
          atMost(`p50 ÷ floor, ${where}`, 1.4, ratio(own, floor, p50)),
        ];
      });
    }),
  );
}

/** The peer that comes nearest to the client, each compared with the client in the peer's own era. */
function judgePeers(warm: readonly WarmResult[], peers: readonly string[]): readonly Verdict[] {
  return Object.entries({ "JSON 200 B": 4, "SSE 200 B": 6 }).flatMap(([form, limit]) =>
    [1, 32].map((concurrency) => {
      const { slots = {}, traffic = {} } =
        warm.find((one) => one.form === form && one.concurrency === concurrency) ?? {};
      const all = peers.map((name) => ({
        name,
        times: ratio(slots[name], slots[clientName(traffic[name]?.era ?? "legacy")], cpu),
      }));
      const nearest = all.sort((one, other) => one.times - other.times)[0] ?? { name: "a peer", times: NaN };
      return atLeast(
        `CPU of ${nearest.name} ÷ client, ${form}, ${concurrency} at once`,
        limit,
        nearest.times,
      );
    }),
  );
}

function judgeRest({ cold = {}, heap = {}, warnings }: Results): readonly Verdict[] {
  const trips = (name: string) => typical(cold[name] ?? [], (slot) => slot.roundTrips);
  const warned = Object.values(warnings ?? { none: NaN }).reduce((sum, count) => sum + count, 0);
  return [
    atMost("warnings in 100,000 calls", 0, warned),
    atMost("round trips, legacy, cold", 2, trips(`${clientName("legacy")} → legacy server`)),
    atMost("round trips, legacy, resumed", 1, trips("@tenantry/client, resumed → legacy server")),
    atMost("round trips, modern, era known", 1, trips(`${clientName("modern")} → modern server`)),
    ...eras.map((era) => atMost(`KiB of heap, ${era}`, 8, heap[clientName(era)] ?? NaN)),
    atMost("KiB of heap, parked", 1, heap[parkedName] ?? NaN),
  ];
}
