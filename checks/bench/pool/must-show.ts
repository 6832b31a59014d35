// What the pool has to reach, beside what it did reach in this run.
import { ratio, typical } from "../interleave.ts";
import { eras } from "../variant.ts";
import { atLeast, atMost, type Verdict } from "../verdict.ts";
import { acquireName, growth, mapAlone, providers, type AcquireResult } from "./acquire.ts";
import { added, addedName, type AddedResult } from "./added.ts";
import { pooledName, type ColdUsersResult } from "./cold-users.ts";
import type { IdleHeapResult } from "./idle-heap.ts";
import { besideQuiet, floods, type NoiseResult } from "./noise.ts";
import type { SameTickResult } from "./same-tick.ts";
import type { SoakResult } from "./soak.ts";

/** What was measured; a part that was not asked for is absent. */
export interface PoolResults {
  "pool-acquire"?: AcquireResult;
  "pool-added"?: AddedResult;
  "pool-noise"?: NoiseResult;
  "pool-tick"?: SameTickResult;
  "pool-heap"?: IdleHeapResult;
  "pool-cold"?: ColdUsersResult;
  "pool-soak"?: SoakResult;
}

/** Judges every line. */
export function judgePool(results: PoolResults): readonly Verdict[] {
  return [
    ...judgeAcquire(results["pool-acquire"]),
    ...judgeAdded(results["pool-added"]),
    ...judgeColdUsers(results["pool-cold"]),
    ...judgeSameTick(results["pool-tick"]),
    ...judgeIdleHeap(results["pool-heap"]),
    ...judgeNoise(results["pool-noise"]),
    ...judgeSoak(results["pool-soak"]),
  ];
}

function judgeAcquire({ alone, beside }: Partial<AcquireResult> = {}): readonly Verdict[] {
  return Object.keys(providers).flatMap((provider) => {
    const few = acquireName(provider, "few");
    const own = alone?.[few] ?? [];
    return [
      atMost(
        `µs of an acquire, median, ${provider}`,
        2,
        typical(own, ({ p50 }) => p50),
      ),
      atMost(
        `µs of an acquire, p99, ${provider}`,
        20,
        typical(own, ({ p99 }) => p99),
      ),
      atMost(
        `acquire of the same 100 keys, beside 100,000 ÷ alone, ${provider}`,
        1.3,
        typical(beside?.[few] ?? [], ({ p50 }) => p50) / typical(own, ({ p50 }) => p50),
      ),
      atMost(
        `growth of an acquire from 100 to 100,000 keys ÷ a bare Map's, ${provider}`,
        1.3,
        growth(beside, provider) / growth(beside, mapAlone),
      ),
    ];
  });
}

function judgeAdded(result: AddedResult = {}): readonly Verdict[] {
  return eras.map((era) =>
    atMost(`µs that run() adds to p50, ${era}`, 5, typical(result[addedName(era, 1)] ?? [], added)),
  );
}

const coldLimits = { legacy: [5.5, 3], modern: [3.5, 1.5] } as const;

function judgeColdUsers({ slots = {}, peers = [] }: Partial<ColdUsersResult> = {}): readonly Verdict[] {
  const [floor] = Object.values(slots);
  const times = (name: string, other: ColdUsersResult["slots"][string] | undefined) =>
    ratio(slots[name], other, ({ wallMs }) => wallMs);
  // Each peer is compared with the pool in the peer's own era.
  const eraOf = (peer: string) => (slots[peer]?.[0]?.isModern === true ? "modern" : "legacy");
  const [nearest = { name: "a peer", times: NaN }] = peers
    .map((name) => ({ name, times: times(name, slots[pooledName(eraOf(name))]) }))
    .sort((one, other) => one.times - other.times);
  return [
    ...eras.map((era) => {
      const [limit, aim] = coldLimits[era];
      return atMost(`cold users ÷ bare requests, ${era}`, limit, times(pooledName(era), floor), aim);
    }),
    atLeast(`cold users of ${nearest.name} ÷ the pool's`, 3, nearest.times),
  ];
}

function judgeSameTick(result: SameTickResult = {}): readonly Verdict[] {
  const limits = { legacy: { initialize: 1, "tools/list": 1 }, modern: { initialize: 0, "tools/list": 1 } };
  return eras.flatMap((era) =>
    Object.entries(limits[era]).map(([method, limit]) =>
      atMost(`${method} for 100 first calls in one tick, ${era}`, limit, result[era]?.[method] ?? NaN),
    ),
  );
}

function judgeIdleHeap(result: IdleHeapResult = {}): readonly Verdict[] {
  const limits = { legacy: 1, modern: 2 };
  return eras.flatMap((era) => [
    atMost(`KiB of heap of an idle user, ${era}`, limits[era], result[era]?.parkedKiB ?? NaN),
    atMost(`% of heap left of users who are gone, ${era}`, 5, result[era]?.leftPercent ?? NaN),
  ]);
}

function judgeNoise(result?: NoiseResult): readonly Verdict[] {
  const moved = (name: string) => (result === undefined ? NaN : (besideQuiet(result, name, "p99") - 1) * 100);
  return [
    ...[floods.elsewhere, floods.here].map((name) =>
      atMost(`% by which ${name} moves another user's p99`, 10, moved(name)),
    ),
    atMost("failed calls beside a user who is always refused", 0, result?.refusals.failed ?? NaN),
  ];
}

function judgeSoak({ growthPercent = NaN, left }: Partial<SoakResult> = {}): readonly Verdict[] {
  return [
    atMost("% of heap that the soak adds", 5, growthPercent),
    atMost("sockets left by the soak", 0, left?.sockets ?? NaN),
    atMost("sessions left by the soak", 0, left?.sessions ?? NaN),
  ];
}
