// Measures what it costs to resolve a credential that is at hand.
import { attempt, chosen, type Options, type Outcome } from "../outcome.ts";
import { atMost, type Verdict } from "../verdict.ts";
import { typical } from "../interleave.ts";
import { measureResolve, type ResolveResult } from "./resolve.ts";

/** What was measured; a part that was not asked for is absent. */
interface CredentialResults {
  "credentials-resolve"?: ResolveResult;
}

const parts: Readonly<
  Record<keyof CredentialResults, (bench: Pick<Options, "rounds" | "quick">) => Promise<ResolveResult>>
> = { "credentials-resolve": measureResolve };

/** Measures the parts that are wanted; throws for a part that there is not. */
export async function measureCredentials({ only, rounds, quick }: Options): Promise<Outcome> {
  const results: CredentialResults = {};
  for (const [part, measure] of chosen(parts, only))
    Object.assign(results, { [part]: await attempt(part, () => measure({ rounds, quick })) });
  return { results, absent: [], verdicts: judgeResolve(results["credentials-resolve"]) };
}

function judgeResolve(result: ResolveResult | undefined): readonly Verdict[] {
  return Object.entries(result?.slots ?? {}).flatMap(([name, slots]) => [
    atMost(
      `µs of a resolution, median, ${name}`,
      2,
      typical(slots, ({ p50 }) => p50),
    ),
    atMost(
      `round trips to the store, ${name}`,
      0,
      slots.reduce((sum, { trips }) => sum + trips, 0),
    ),
  ]);
}
