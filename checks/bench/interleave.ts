/** What every slot of every round showed, by the name of whose turn it was. */
export type Rounds<Slot> = Readonly<Record<string, readonly Slot[]>>;

/**
 * Lets all take turns, in an order that is drawn for each round. What the machine does meanwhile then befalls all of
 * them, and the ratios within one round say more than any absolute figure. Were the order a rotation, each would always
 * come after the same one, and a collection that its predecessor made due would count as its own. None is forced between
 * rounds: it would drop optimised code too, and what is measured after it is the compiler, of whoever has the most code.
 *
 * mitata and tinybench run one variant to its end before the next, and time it on the wall clock only; neither reads
 * process.cpuUsage() for each slot of an interleaved round.
 */
export async function interleave<Entrant extends { readonly name: string }, Slot>(
  entrants: readonly Entrant[],
  rounds: number,
  measure: (entrant: Entrant) => Promise<Slot>,
): Promise<Rounds<Slot>> {
  const slots: Record<string, Slot[]> = Object.fromEntries(entrants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const entrant of shuffled(entrants)) slots[entrant.name]?.push(await measure(entrant));
  }
  return slots;
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  const drawn = items.map((item) => ({ item, at: Math.random() }));
  return drawn.sort((one, other) => one.at - other.at).map(({ item }) => item);
}

/** The median of one figure over all rounds. */
export function typical<Slot>(slots: readonly Slot[], of: (slot: Slot) => number): number {
  return quantile(slots.map(of), 0.5);
}

/** The median of the quotients of two that ran in the same rounds. */
export function ratio<Slot>(
  own: readonly Slot[] = [],
  other: readonly Slot[] = [],
  of: (slot: Slot) => number,
): number {
  const quotients = own.flatMap((slot, round) => {
    const beside = other[round];
    return beside === undefined ? [] : [of(slot) / of(beside)];
  });
  return quantile(quotients, 0.5);
}

/** The value below which this share of all values lies; NaN where there are none. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}
