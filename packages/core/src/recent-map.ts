interface Entry<V> {
  readonly value: V;
  /** Whether it was asked for since it was last looked at for removal. */
  used: boolean;
}

/**
 * A map that forgets what was not used lately where it becomes too large. `lru-cache` would tell a channel of the whole
 * process what is in it, and what is in here is secret.
 *
 * A look-up leaves the map's order alone and only marks its entry, which gets a second chance (the clock algorithm):
 * every call makes one, and a `Map` whose keys are moved all the time is built anew again and again.
 */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #max: number;

  /** Keeps at most `max` entries. */
  constructor(max: number) {
    this.#max = max;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#max) this.#makeRoom();
    this.#entries.set(key, { value, used: false });
  }

  /** All that is kept; to look at them is not to ask for them. */
  *values(): Generator<V> {
    for (const { value } of this.#entries.values()) yield value;
  }

  /** Forgets an entry and gives it. */
  take(key: K): V | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry?.value;
  }

  /** Forgets all and gives them. */
  takeAll(): readonly V[] {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    return all.map(({ value }) => value);
  }

  /** Each round takes a mark away, so that it ends, and no mark is taken twice before it was set again. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.used) return;
      entry.used = false;
      // Goes to the end of what is iterated.
      this.#entries.set(key, entry);
    }
  }
}
