import type { Clock } from "@tenantry/core";

/** Those who wait for a change of something, by its name. */
export class Bells {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Wakes all who wait for `name`. */
  ring(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  /** Wakes everybody. */
  ringAll(): void {
    for (const name of [...this.#waiting.keys()]) this.ring(name);
  }

  /** Waits until `name` is rung, `ms` milliseconds have passed or the signal aborts; rejects with its reason then. */
  wait(name: string, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      const end = (settle: () => void) => {
        timer.cancel();
        signal.removeEventListener("abort", leave);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
        settle();
      };
      const wake = () => end(resolve);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
      const leave = () => end(() => reject(signal.reason));
      const timer = clock.after(ms, wake, { keepAlive: true });
      this.#waiting.set(name, waiting.add(wake));
      signal.addEventListener("abort", leave, { once: true });
      if (signal.aborted) leave();
    });
  }
}
