/** Where one item stands in a {@link LinkedList}; its owner keeps it, to take the item out again. */
export interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * Items in the order in which they came. Every operation takes constant time, and nothing is looked up: whoever
 * appends an item keeps its place.
 */
export class LinkedList<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item that has been here longest. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** Adds an item at the end. */
  append(item: T): Place<T> {
    const place: Place<T> = { item, before: undefined, after: undefined };
    this.rejoin(place);
    return place;
  }

  /** Adds an item that was taken out at the end again; it keeps its place, so that this allocates nothing. */
  rejoin(place: Place<T>): void {
    place.before = this.#last;
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.#size++;
  }

  /** Takes the item at a place of this list out, wherever it stands; does nothing when it is no longer here. */
  remove(place: Place<T>): void {
    const { before, after } = place;
    if (before === undefined && this.#first !== place) return;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    // A place that its owner forgets late must keep no neighbour alive.
    place.before = undefined;
    place.after = undefined;
    this.#size--;
  }

  /** Takes an item out that will be back: {@link remove}, where there is nothing to gain by knowing that. */
  suspend(place: Place<T>): void {
    this.remove(place);
  }

  /** Takes the first item out. */
  shift(): T | undefined {
    const place = this.#first;
    if (place) this.remove(place);
    return place?.item;
  }
}
