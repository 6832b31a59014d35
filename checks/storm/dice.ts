/** Chance that can be had again: the same numbers for the same seed. */
export interface Dice {
  /** A number from 0 to 1, 1 excluded. */
  roll(): number;
  /** A whole number from 0 to `end`, `end` excluded. */
  below(end: number): number;
  /** `true` with this probability. */
  chance(probability: number): boolean;
  /** One of the list, each as likely; throws for an empty one. */
  pick<T>(list: readonly T[]): T;
}

/**
 * Dice of their own for whatever the parts name. Who rolls for one request never shifts what is rolled for another, so
 * that a seed means the same however requests overtake each other.
 */
export function diceOf(...parts: readonly (string | number)[]): Dice {
  let state = hash(JSON.stringify(parts));
  /** Mulberry32. */
  const roll = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number) => Math.floor(roll() * end);
  return {
    roll,
    below,
    chance: (probability) => roll() < probability,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError("There is nothing to pick from.");
      return list[below(list.length)] as T;
    },
  };
}

/** FNV-1a, and a last mixing because texts that end alike would roll alike. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return value ^ (value >>> 13);
}
