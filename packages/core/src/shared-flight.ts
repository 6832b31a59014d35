import { raceAbort, type AbortableOptions } from "./abort.ts";

/** What a {@link SharedFlight} does beside its start. */
export interface SharedFlightOptions<T> {
  /** Takes back what the start delivered after its last waiter had left. */
  readonly onAbandoned?: (value: T) => void;
}

/**
 * One start shared by all who wait for it. A waiter's abort ends that waiter's wait only; the abort of the
 * last one ends the start itself.
 */
export class SharedFlight<T> {
  readonly #abort = new AbortController();
  readonly #started: Promise<T>;
  #waiters = 0;
  #settled = false;

  /** Begins the start at once; `start` is given a signal that aborts when nobody waits any more. */
  constructor(start: (signal: AbortSignal) => Promise<T>, options: SharedFlightOptions<T> = {}) {
    this.#started = start(this.#abort.signal);
    this.#started.then(
      (value) => {
        this.#settled = true;
        if (this.abandoned) options.onAbandoned?.(value);
      },
      () => {
        this.#settled = true;
      },
    );
  }

  /** Whether every waiter has left before the start was done; an abandoned flight takes no new waiter. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Waits for the start; rejects as it does, or with the reason of the waiter's own signal. */
  async join({ signal }: AbortableOptions = {}): Promise<T> {
    let waits = true;
    // A waiter leaves with its abort and not when it hears of it, so that nobody joins what has been left by then.
    const leave = () => {
      if (!waits) return;
      waits = false;
      const last = --this.#waiters === 0;
      if (last && signal?.aborted && !this.#settled) this.#abort.abort(signal.reason);
    };
    this.#waiters++;
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await raceAbort(this.#started, signal);
    } finally {
      signal?.removeEventListener("abort", leave);
      leave();
    }
  }
}
