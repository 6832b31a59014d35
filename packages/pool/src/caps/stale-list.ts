import type { Clock, Timer } from "@tenantry/core";
import { LinkedList, type Place } from "./linked-list.ts";

/** An item of a {@link StaleList}, which writes into it when its time is over, in milliseconds since the Unix epoch. */
export interface Stale {
  dueAt: number;
}

/** How long the items of a {@link StaleList} may stay, and what happens then. */
export interface StaleListOptions<T> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Is given each item whose time is over; it is no longer in the list. */
  readonly expire: (item: T) => void;
}

/** A list whose items go stale in the order in which they came. One timer serves all; there is none while it is empty and nothing is suspended. */
export class StaleList<T extends Stale> extends LinkedList<T> {
  readonly #options: StaleListOptions<T>;
  #timer: Timer | undefined;

  constructor(options: StaleListOptions<T>) {
    super();
    this.#options = options;
  }

  override rejoin(place: Place<T>): void {
    const { clock, timeoutMs } = this.#options;
    place.item.dueAt = clock.now() + timeoutMs;
    this.#timer ??= clock.after(timeoutMs, this.#expire);
    super.rejoin(place);
  }

  override remove(place: Place<T>): void {
    super.remove(place);
    this.rest();
  }

  /** Leaves the timer as it is: an item that comes and goes all the time must not set one each time. */
  override suspend(place: Place<T>): void {
    super.remove(place);
  }

  /** Takes the timer back where nothing is here. */
  rest(): void {
    if (this.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The timer was set for an item that may have left meanwhile, so that leaving need not set it anew. */
  readonly #expire = (): void => {
    const { clock, expire } = this.#options;
    this.#timer = undefined;
    for (let item = this.first; item !== undefined; item = this.first) {
      const leftMs = item.dueAt - clock.now();
      if (leftMs > 0) {
        this.#timer ??= clock.after(leftMs, this.#expire);
        return;
      }
      this.shift();
      expire(item);
    }
  };
}
