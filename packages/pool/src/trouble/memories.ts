import type { Clock, Timer } from "@tenantry/core";
import { LinkedList, type Place } from "../caps/linked-list.ts";

/** What may have something to remember. */
export interface Remembering {
  /** Until when it has; 0 where it has nothing. */
  readonly remembersUntil: number;
}

/** A value under its key, for as long as it is used or has something to remember. */
export interface Memory<T extends Remembering> {
  readonly value: T;
  readonly key: string;
  readonly home: Map<string, Memory<T>>;
  /** What the value uses itself. */
  readonly parent: Memory<Remembering> | undefined;
  /** Whose it is; what several use is that of whoever used it last. */
  owner: string;
  uses: number;
  /** When it is looked at, once nobody uses it. */
  lookAt: number;
  /** Where it stands among those that nobody uses. */
  place: Place<Memory<Remembering>> | undefined;
  /** Where it stands among those of its owner. */
  ownPlace: Place<Memory<Remembering>> | undefined;
}

/** How memories are kept. */
export interface MemoriesOptions {
  readonly clock: Clock;
  /** How often those that nobody uses are looked at, in milliseconds. */
  readonly periodMs: number;
  /** How many of those there may be; the oldest is forgotten for another. */
  readonly most: number;
  /** How many of those of one owner. */
  readonly mostPerOwner: number;
}

/**
 * Counts the uses of memories and keeps the unused ones while they have something to remember. One timer serves all
 * of them, and there is none while every memory is used.
 */
export class Memories {
  readonly #options: MemoriesOptions;
  readonly #unused = new LinkedList<Memory<Remembering>>();
  /** The unused ones by their owner; one who has very many pushes out nobody else's. */
  readonly #owners = new Map<string, LinkedList<Memory<Remembering>>>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: MemoriesOptions) {
    this.#options = options;
  }

  /** The memory under a key of `home`, or a new one; {@link drop} ends this use of it. */
  use<T extends Remembering>(
    home: Map<string, Memory<T>>,
    key: string,
    owner: string,
    make: () => Pick<Memory<T>, "value" | "parent">,
  ): Memory<T> {
    const known = home.get(key);
    if (known && this.#isThere(known)) {
      known.uses++;
      return known;
    }
    const memory: Memory<T> = {
      ...make(),
      key,
      home,
      owner,
      uses: 1,
      lookAt: 0,
      place: undefined,
      ownPlace: undefined,
    };
    home.set(key, memory);
    return memory;
  }

  /** Ends one use. */
  drop(memory: Memory<Remembering>): void {
    if (--memory.uses > 0) return;
    const { remembersUntil } = memory.value;
    if (this.#isClosed || remembersUntil === 0) return this.#forget(memory);
    this.#keepOrForget(memory, this.#options.clock.now());
  }

  /** Forgets what nobody uses, at once and from now on. */
  close(): void {
    this.#isClosed = true;
    for (let memory = this.#unused.first; memory; memory = this.#unused.first) this.#forget(memory);
  }

  /** Whether a memory is still in use, or can be used again. */
  #isThere(memory: Memory<Remembering>): boolean {
    if (memory.uses > 0) return true;
    if (memory.value.remembersUntil <= this.#options.clock.now()) {
      this.#forget(memory);
      return false;
    }
    this.#take(memory);
    return true;
  }

  #keepOrForget(memory: Memory<Remembering>, now: number): void {
    if (memory.value.remembersUntil <= now) return this.#forget(memory);
    memory.lookAt = now + this.#options.periodMs;
    this.#keep(memory);
    this.#setTimer(now);
  }

  #forget(memory: Memory<Remembering>): void {
    this.#take(memory);
    memory.home.delete(memory.key);
    if (memory.parent === undefined) return;
    memory.parent.owner = memory.owner;
    this.drop(memory.parent);
  }

  #take(memory: Memory<Remembering>): void {
    this.#leave(memory);
    if (this.#unused.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Keeps an unused one, and forgets the oldest of its owner or of all for it where there are too many. */
  #keep(memory: Memory<Remembering>): void {
    const { most, mostPerOwner } = this.#options;
    const own = this.#owners.get(memory.owner) ?? new LinkedList<Memory<Remembering>>();
    this.#owners.set(memory.owner, own);
    memory.ownPlace = own.append(memory);
    memory.place = this.#unused.append(memory);
    if (own.first && own.size > mostPerOwner) this.#forget(own.first);
    while (this.#unused.first && this.#unused.size > most) this.#forget(this.#unused.first);
  }

  #leave(memory: Memory<Remembering>): void {
    const { place, ownPlace, owner } = memory;
    if (place === undefined || ownPlace === undefined) return;
    const own = this.#owners.get(owner);
    own?.remove(ownPlace);
    if (own?.size === 0) this.#owners.delete(owner);
    this.#unused.remove(place);
    memory.place = undefined;
    memory.ownPlace = undefined;
  }

  /** It may have been set for a memory that is used again meanwhile, so that using one need not set it anew. */
  #setTimer(now: number): void {
    const { first } = this.#unused;
    if (first) this.#timer ??= this.#options.clock.after(first.lookAt - now, this.#look);
  }

  readonly #look = (): void => {
    const now = this.#options.clock.now();
    this.#timer = undefined;
    const due: Memory<Remembering>[] = [];
    for (let { first } = this.#unused; first && first.lookAt <= now; { first } = this.#unused) {
      this.#leave(first);
      due.push(first);
    }
    for (const memory of due) this.#keepOrForget(memory, now);
    this.#setTimer(now);
  };
}
