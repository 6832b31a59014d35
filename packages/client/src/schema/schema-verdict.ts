/**
 * What a schema says of a value. `unknown` where a part of the schema that decides is not looked at, so that nothing
 * follows from it; `unusable` where such a part cannot be used by anybody, or not here.
 */
export type Verdict = "holds" | "breaks" | "unknown" | "unusable";

/** Says in the words of {@link Verdict} whether something is so. */
export function verdictOf(holds: boolean): Verdict {
  return holds ? "holds" : "breaks";
}

/** What is known where every item from `first` on must hold; asks no further than the first that breaks. */
export function every<T>(
  items: readonly T[],
  judge: (item: T, index: number) => Verdict,
  first = 0,
): Verdict {
  let verdict: Verdict = "holds";
  for (let index = first; index < items.length; index++) {
    const one = judge(items[index] as T, index);
    if (one === "breaks") return one;
    if (one !== "holds" && verdict !== "unusable") verdict = one;
  }
  return verdict;
}

/** What is known where at least `least` and at most `most` of the items must hold. */
export function between<T>(
  items: readonly T[],
  least: number,
  most: number,
  judge: (item: T) => Verdict,
): Verdict {
  let holding = 0;
  let undecided = 0;
  let doubt: Verdict = "unknown";
  for (const item of items) {
    const one = judge(item);
    if (one === "holds") holding++;
    else if (one !== "breaks") undecided++;
    if (one === "unusable") doubt = one;
    if (holding > most) return "breaks";
    if (holding >= least && most >= items.length) return "holds";
  }
  if (holding + undecided < least) return "breaks";
  return holding >= least && holding + undecided <= most ? "holds" : doubt;
}

/** What is known of the opposite. */
export function opposite(verdict: Verdict): Verdict {
  if (verdict === "holds") return "breaks";
  return verdict === "breaks" ? "holds" : verdict;
}
