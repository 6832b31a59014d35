interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * Distinct items in the order in which they came. Every operation takes constant time; a `Set` keeps order too,
 * but walks over the places of deleted items each time its first one is asked for.
 */
export class Queue<T> {
  readonly #places = new Map<T, Place<T>>();
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get size(): number {
    return this.#places.size;
  }

  /** The item that has been here longest. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Adds an item at the end; one that is here already keeps its place. */
  add(item: T): void {
    if (this.#places.has(item)) return;
    const place: Place<T> = { item, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.#places.set(item, place);
  }

  /** Takes an item out, wherever it stands; does nothing when it is not here. */
  delete(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    if (place.before) place.before.after = place.after;
    else this.#first = place.after;
    if (place.after) place.after.before = place.before;
    else this.#last = place.before;
  }
}
