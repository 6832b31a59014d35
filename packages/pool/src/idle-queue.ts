import type { Clock, Timer } from "@tenantry/core";
import { Queue } from "./queue.ts";

/** How long the items of an {@link IdleQueue} may stay, and what happens then. */
export interface IdleQueueOptions<T> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Is given each item whose time is over; it is no longer in the queue. */
  readonly expire: (item: T) => void;
}

/** Idle items, longest idle first. One timer serves all of them, and there is none while the queue is empty. */
export class IdleQueue<T> {
  readonly #options: IdleQueueOptions<T>;
  readonly #queue = new Queue<T>();
  readonly #dueAt = new Map<T, number>();
  #timer: Timer | undefined;

  constructor(options: IdleQueueOptions<T>) {
    this.#options = options;
  }

  /** The item that has been idle longest. */
  get first(): T | undefined {
    return this.#queue.first;
  }

  add(item: T): void {
    const { clock, timeoutMs } = this.#options;
    this.#queue.add(item);
    this.#dueAt.set(item, clock.now() + timeoutMs);
    this.#timer ??= clock.after(timeoutMs, this.#expire);
  }

  delete(item: T): void {
    this.#queue.delete(item);
    this.#dueAt.delete(item);
    if (this.#queue.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The timer was set for an item that may have left meanwhile, so that leaving need not set it anew. */
  readonly #expire = (): void => {
    const { clock, expire } = this.#options;
    this.#timer = undefined;
    for (let item = this.#queue.first; item !== undefined; item = this.#queue.first) {
      const leftMs = (this.#dueAt.get(item) ?? 0) - clock.now();
      if (leftMs > 0) {
        this.#timer ??= clock.after(leftMs, this.#expire);
        return;
      }
      this.delete(item);
      expire(item);
    }
  };
}
