// Measures what is above the pool: an instance's own share of a call, its catalog, and the gateway.
import { attempt, chosen, type Options, type Outcome } from "../outcome.ts";
import { startServing, type Serving } from "../serving.ts";
import { atMost, type Verdict } from "../verdict.ts";
import { typical } from "../interleave.ts";
import { measureAdded, type AddedResult } from "./added.ts";
import { judgeGateway, measureGateway, type GatewayResult } from "./gateway.ts";
import { measureListing, type ListingResult } from "./listing.ts";
import { measureViewsHeap, type ViewsHeapResult } from "./views-heap.ts";

/** What a measurement of the router works with. */
export interface RouterBench {
  readonly serving: Serving;
  readonly rounds: number;
  /** Whether it only has to be seen that it runs. */
  readonly quick: boolean;
}

/** What was measured; a part that was not asked for is absent. */
interface RouterResults {
  "router-added"?: AddedResult;
  "router-listing"?: ListingResult;
  "router-heap"?: ViewsHeapResult;
  "router-gateway"?: GatewayResult;
}

const parts: Readonly<
  Record<keyof RouterResults, (bench: RouterBench) => Promise<RouterResults[keyof RouterResults]>>
> = {
  "router-added": measureAdded,
  "router-listing": measureListing,
  "router-heap": measureViewsHeap,
  "router-gateway": measureGateway,
};

/** Measures the parts that are wanted; throws for a part that there is not. */
export async function measureRouter({ only, rounds, quick }: Options): Promise<Outcome> {
  const results: RouterResults = {};
  using serving = startServing();
  for (const [part, measure] of chosen(parts, only))
    Object.assign(results, { [part]: await attempt(part, () => measure({ serving, rounds, quick })) });
  return { results, absent: [], verdicts: judgeRouter(results) };
}

function judgeRouter(results: RouterResults): readonly Verdict[] {
  const added = Object.entries(results["router-added"] ?? {}).flatMap(([era, slots]) => [
    atMost(
      `µs added to a call, median, ${era}`,
      20,
      typical(slots, ({ median }) => median),
    ),
    atMost(
      `µs added to a call, p99, ${era}`,
      50,
      typical(slots, ({ p99 }) => p99),
    ),
  ]);
  return [
    ...added,
    atMost("ms of a warm listing of 500 tools, median", 1, results["router-listing"]?.p50 ?? NaN),
    atMost("ms of a warm listing of 500 tools, p99", 1, results["router-listing"]?.p99 ?? NaN),
    atMost("KiB of a principal with the same view", 2, results["router-heap"]?.addedKiB ?? NaN),
    ...judgeGateway(results["router-gateway"]),
  ];
}
