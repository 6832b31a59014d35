import { raceAbort } from "@tenantry/core";

/** Operations that end with their caller's signal, or all together. */
export class Lifetime {
  readonly #operations = new Set<AbortController>();
  #ended: Error | undefined;

  /** Runs an operation until `signal` aborts or the lifetime ends, and rejects with the reason of whichever does. */
  async during<T>(signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const operation = new AbortController();
    const follow = () => operation.abort(signal?.reason);
    signal?.addEventListener("abort", follow, { once: true });
    this.#operations.add(operation);
    try {
      return await raceAbort(start(operation.signal), operation.signal);
    } finally {
      this.#operations.delete(operation);
      signal?.removeEventListener("abort", follow);
    }
  }

  /** Ends what is running, and everything that would start later. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const operation of this.#operations) operation.abort(reason);
  }
}
