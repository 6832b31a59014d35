import { LinkedList, type Place } from "./linked-list.ts";

/** One user's items, and where the user stands among those whose turn comes. */
interface Turn<T> {
  readonly user: string;
  readonly items: LinkedList<T>;
  place: Place<Turn<T>>;
}

/** Where one item stands in a {@link FairLine}; its owner keeps it, to take the item out again. */
export interface FairPlace<T> {
  readonly turn: Turn<T>;
  readonly place: Place<T>;
}

/**
 * Items that wait, users in turns: a user's own items are served first come, first served, and however many they are,
 * they delay another user's first item by one place. Every operation takes constant time.
 */
export class FairLine<T> {
  readonly #turnOf = new Map<string, Turn<T>>();
  readonly #turns = new LinkedList<Turn<T>>();

  /** How many users have an item here. */
  get users(): number {
    return this.#turns.size;
  }

  /** The item whose turn it is. */
  get next(): T | undefined {
    return this.#turns.first?.items.first;
  }

  /** Adds an item behind those of its user; a user who had none comes after all others. */
  add(item: T, user: string): FairPlace<T> {
    const turn = this.#turnOf.get(user) ?? this.#begin(user);
    return { turn, place: turn.items.append(item) };
  }

  /** Takes an item out that has not been taken yet, wherever it stands; its user keeps the turn for the next one. */
  remove({ turn, place }: FairPlace<T>): void {
    turn.items.remove(place);
    if (turn.items.size > 0) return;
    this.#turns.remove(turn.place);
    this.#turnOf.delete(turn.user);
  }

  /** Takes the next item out; its user's turn is over. */
  take(): T | undefined {
    const turn = this.#turns.shift();
    const item = turn?.items.shift();
    if (turn === undefined) return item;
    if (turn.items.size > 0) this.#turns.rejoin(turn.place);
    else this.#turnOf.delete(turn.user);
    return item;
  }

  #begin(user: string): Turn<T> {
    const turn = { user, items: new LinkedList<T>() } as Turn<T>;
    turn.place = this.#turns.append(turn);
    this.#turnOf.set(user, turn);
    return turn;
  }
}
