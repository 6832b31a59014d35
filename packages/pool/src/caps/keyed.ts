/** What a {@link Keyed} keeps. */
export interface Held {
  readonly key: string;
  /** How often it is held. */
  holders: number;
}

/** Items by key, each for as long as somebody holds it. */
export class Keyed<T extends Held> {
  readonly #items = new Map<string, T>();

  get size(): number {
    return this.#items.size;
  }

  /** Holds the item of this key, which `make` makes where there is none. */
  hold(key: string, make: () => T): T {
    let item = this.#items.get(key);
    if (item === undefined) {
      item = make();
      this.#items.set(key, item);
    }
    item.holders++;
    return item;
  }

  /** Takes back one {@link hold}; tells whether it was the last one, with which the item is forgotten. */
  drop(item: T): boolean {
    if (--item.holders > 0) return false;
    return this.#items.delete(item.key);
  }
}
