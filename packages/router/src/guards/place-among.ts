import type { TenantryError } from "@tenantry/core";
import type { Place } from "../calls/find-place.ts";
import type { Candidate } from "../routing.ts";
import type { Reach } from "../views/reach.ts";

/** What is looked for in several servers' lists. */
export interface SharedName {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  /** The error for what none of them has, or more than one. */
  readonly unknown: () => TenantryError;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the one server that has something under a name, as far as the principal may see it: what somebody must not know of
 * makes no name ambiguous. A server that cannot be asked may have it, where no other does.
 */
export async function placeAmong(
  reach: Reach,
  kind: "tools" | "prompts",
  { name, candidates, unknown, signal }: SharedName,
): Promise<Place> {
  const answers = await reach.list(kind, { signal });
  const places = answers.flatMap(({ candidate, shown }): Place[] => {
    const at = shown?.places.get(name);
    const own = at === undefined ? undefined : shown?.own[at];
    const meant = candidates.find(({ listing }) => listing === candidate?.listing);
    return own === undefined || meant === undefined ? [] : [{ candidate: meant, name: own.name }];
  });
  const [place, ...others] = places;
  if (place !== undefined && others.length === 0) return place;
  if (place !== undefined) throw unknown();
  throw answers.find(({ error, shown }) => error !== undefined && shown === undefined)?.error ?? unknown();
}
