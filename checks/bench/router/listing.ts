// How long a warm catalog takes to list many tools of many servers.
import { quantile } from "../interleave.ts";
import { table } from "../table.ts";
import { manyServers } from "./many-servers.ts";
import type { RouterBench } from "./measure-router.ts";

/** Milliseconds a listing. */
export interface ListingResult {
  readonly tools: number;
  readonly p50: number;
  readonly p99: number;
}

/** Measures 500 tools of 10 servers, listed again and again by one user. */
export async function measureListing({ serving, quick }: RouterBench): Promise<ListingResult> {
  const listener = await serving.listen(0);
  const tenantry = manyServers(listener);
  const workspace = tenantry.workspace("acme");
  const { tools } = await workspace.as("ada").listTools();
  const times = new Float64Array(quick ? 200 : 5_000);
  for (let at = 0; at < times.length; at++) {
    // A host makes a view for each of its own requests.
    const ada = workspace.as("ada");
    const began = performance.now();
    await ada.listTools();
    times[at] = performance.now() - began;
  }
  await tenantry.close();
  await listener.close();
  const result = { tools: tools.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  console.log(listingTable(result));
  return result;
}

function listingTable({ tools, p50, p99 }: ListingResult): string {
  const heads = ["a listing from a warm catalog", "p50 ms", "p99 ms"];
  return table(heads, [[`${tools} tools of 10 servers`, p50.toFixed(3), p99.toFixed(3)]]);
}
