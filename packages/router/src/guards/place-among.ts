import type { TenantryError } from "@tenantry/core";
import type { Place } from "../calls/find-place.ts";
import type { Candidate } from "../routing.ts";
import type { Answer } from "../views/list-all.ts";
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
 * makes no name ambiguous. A server that cannot be asked may have it, where no other does; one that did not answer in time of
 * late is asked only then.
 */
export async function placeAmong(
  reach: Reach,
  kind: "tools" | "prompts",
  { name, candidates, unknown, signal }: SharedName,
): Promise<Place> {
  const { silences } = reach.routing.catalog;
  // What lists say is the same whatever this one call answers of its server's requests.
  const all = candidates.map(({ listing }) => reach.to(listing));
  const isSilent = ({ route }: Candidate) => silences.has(route.target);
  const answers: Answer[] = [];
  for (const some of [all.filter((one) => !isSilent(one)), all.filter(isSilent)]) {
    const given = await reach.list(kind, { signal }, some);
    for (const { candidate, error } of given) if (candidate) silences.note(candidate.route.target, error);
    answers.push(...given);
    const [place, ...others] = placesIn(given, name, candidates);
    if (place !== undefined && others.length === 0) return place;
    if (place !== undefined) throw unknown();
  }
  throw answers.find(({ error, shown }) => error !== undefined && shown === undefined)?.error ?? unknown();
}

function placesIn(
  answers: readonly Answer<"tools" | "prompts">[],
  name: string,
  candidates: readonly Candidate[],
): readonly Place[] {
  return answers.flatMap(({ candidate, shown }): Place[] => {
    const at = shown?.places.get(name);
    const own = at === undefined ? undefined : shown?.own[at];
    const meant = candidates.find(({ listing }) => listing === candidate?.listing);
    return own === undefined || meant === undefined ? [] : [{ candidate: meant, name: own.name }];
  });
}
