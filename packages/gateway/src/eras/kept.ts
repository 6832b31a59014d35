/** How much is kept. */
export interface KeptOptions<T> {
  readonly max: number;
  readonly maxEach: number;
  /** Whether something may be forgotten; defaults to everything. */
  readonly mayGo?: (value: T) => boolean;
}

interface Item<T> {
  readonly owner: string;
  readonly value: T;
}

/** What is kept by name, bounded in all and for each owner: whoever has very much loses its own, what was used least first. */
export class Kept<T> {
  readonly #options: KeptOptions<T>;
  readonly #all = new Map<string, Item<T>>();
  readonly #owned = new Map<string, Map<string, Item<T>>>();

  constructor(options: KeptOptions<T>) {
    this.#options = options;
  }

  /** Of how many owners anything is kept. */
  get owners(): number {
    return this.#owned.size;
  }

  get(name: string): T | undefined {
    return this.#all.get(name)?.value;
  }

  /** Keeps a value, as the one that was used last; it is not what is forgotten for itself. */
  put(name: string, owner: string, value: T): void {
    const { max, maxEach } = this.#options;
    const own = this.#owned.get(owner) ?? new Map<string, Item<T>>();
    this.#owned.set(owner, own);
    for (const line of [this.#all, own]) {
      // The last in line is who was used last.
      line.delete(name);
      line.set(name, { owner, value });
    }
    if (own.size > maxEach) this.#deleteOldest(own, name);
    if (this.#all.size > max) this.#deleteOldest(this.#all, name);
  }

  delete(name: string): void {
    const { owner = "" } = this.#all.get(name) ?? {};
    this.#all.delete(name);
    const own = this.#owned.get(owner);
    own?.delete(name);
    if (own?.size === 0) this.#owned.delete(owner);
  }

  #deleteOldest(line: ReadonlyMap<string, Item<T>>, newest: string): void {
    const { mayGo = () => true } = this.#options;
    for (const [name, { value }] of line) if (name !== newest && mayGo(value)) return this.delete(name);
  }
}
