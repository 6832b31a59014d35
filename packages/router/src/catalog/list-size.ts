/** What a value costs beside its characters: the smallest ones take more memory than their text does. */
const eachValue = 16;

/**
 * How large something that was read from JSON is: the characters of its texts and keys, and 16 for each value.
 * It stops counting past `most`, so that even what has no end is measured.
 */
export function sizeUpTo(most: number, value: unknown): number {
  const waiting: unknown[] = [value];
  let size = 0;
  while (waiting.length > 0 && size <= most) {
    const next = waiting.pop();
    size += eachValue;
    if (typeof next === "string") size += next.length;
    else if (Array.isArray(next)) {
      // One that is too long to be within bounds need not be looked into.
      if (next.length * eachValue > most) return size + next.length * eachValue;
      for (const item of next) waiting.push(item);
    } else if (typeof next === "object" && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        size += key.length;
        waiting.push(member);
      }
    }
  }
  return size;
}
