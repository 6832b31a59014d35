/** A map that forgets what was not used lately where it holds too much; nobody outside hears of what it holds. */
export class Recent<V> {
  readonly #most: number;
  readonly #values = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The value, made where there is none. */
  get(key: string, make: () => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) this.#values.delete(key);
    const value = known ?? make();
    this.#values.set(key, value);
    if (this.#values.size > this.#most) this.#values.delete(this.#values.keys().next().value as string);
    return value;
  }

  /** The value, which is not used by that. */
  peek(key: string): V | undefined {
    return this.#values.get(key);
  }

  values(): Iterable<V> {
    return this.#values.values();
  }
}
