/**
 * A map that keeps what was used last and forgets the rest. `lru-cache` would tell a channel of the whole process what
 * is in it, and what is in here is secret.
 */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #max: number;

  /** Keeps at most `max` entries. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    // A map lists its keys in the order in which they were set: used last is set last.
    if (value !== undefined && this.#entries.delete(key)) this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as K);
  }

  /** Forgets an entry and gives it. */
  take(key: K): V | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** Forgets all and gives them, the least recently used first. */
  takeAll(): readonly (readonly [K, V])[] {
    const all = [...this.#entries];
    this.#entries.clear();
    return all;
  }
}
