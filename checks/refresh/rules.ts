import type { RefreshLimits } from "./messages.ts";
import type { Round } from "./round.ts";

/** What a round breaks of what it has to keep, in words; empty: nothing. */
export function breachesOf(round: Round, limits: RefreshLimits): readonly string[] {
  const { point, isKilled, tokenRequests, uses, outcomes, grantsAgain, afterwards, leasesLeft } = round;
  const { least, most } = point.tokenRequests;
  const said: string[] = [];
  if (!isKilled && point.moment.kind !== "none")
    said.push("no process came to the moment at which one is killed");
  if (uses > 1) said.push(`one refresh token was used ${uses} times`);
  if (tokenRequests < least || tokenRequests > most)
    said.push(`${tokenRequests} token requests, where ${least} to ${most} are right`);
  if (grantsAgain > (point.mayLoseGrant ? 1 : 0)) said.push(`the person had to grant ${grantsAgain} times`);
  for (const { code, message } of outcomes) {
    // Whoever calls before the person has granted is told so.
    if (code === undefined || (code === "AUTHORIZATION_REQUIRED" && point.mayLoseGrant)) continue;
    said.push(`a call failed with ${code}: ${message}`);
  }
  for (const { code, message } of afterwards)
    if (code !== undefined) said.push(`a call after the round failed with ${code}: ${message}`);
  const longestMs = longestOf(round);
  if (isKilled && longestMs > longestAllowedMs(round, limits)) said.push(`a call took ${longestMs} ms`);
  if (leasesLeft > 0) said.push(`${leasesLeft} leases were left`);
  const counts = Map.groupBy(said, (what) => what);
  return [...counts].map(
    ([what, { length }]) => `${point.name}: ${what}${length > 1 ? ` (${length} times)` : ""}`,
  );
}

/** How long the slowest call of a round took, in milliseconds. */
export function longestOf({ outcomes, afterwards }: Round): number {
  return Math.max(0, ...[...outcomes, ...afterwards].map(({ tookMs }) => tookMs));
}

/** Whoever waits for a process that was killed waits for its lease, then for one refresh, and then has a call to make. */
function longestAllowedMs({ usualMs }: Round, { refreshLeaseMs, refreshTimeoutMs }: RefreshLimits): number {
  return refreshLeaseMs + refreshTimeoutMs + usualMs;
}
