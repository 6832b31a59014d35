/** Counts what is under way, by whose it is, and lets nobody have more than the bound. */
export class Tally {
  readonly #max: number;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  /** How many have anything under way. */
  get owners(): number {
    return this.#counts.size;
  }

  /** Counts one more; `false` where there is no room, and then nothing is counted. */
  enter(key: string): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(key, count + 1);
    this.#total++;
    return true;
  }

  leave(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count === 0) return;
    this.#total--;
    if (count === 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }
}
