/** Counts by key; a key that counts nothing is not kept. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** How many keys count something. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: string, count: number): void {
    const sum = this.of(key) + count;
    if (sum === 0) this.#counts.delete(key);
    else this.#counts.set(key, sum);
  }
}
