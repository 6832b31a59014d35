/** Who is told; a promise settles when what follows from it is done. */
export type Listener<E> = (event: E) => unknown;

/** Those who want to hear of something; one of them that throws hurts nobody. */
export class Listeners<E> {
  readonly #listeners = new Set<Listener<E>>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: Listener<E>): Disposable {
    // One of its own, because the same function may listen twice.
    const own = (event: E) => listener(event);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** Tells all at once, and resolves when what follows from it is done, however that went. */
  async tell(event: E): Promise<void> {
    await Promise.allSettled(
      [...this.#listeners].map((listener) => {
        try {
          return listener(event);
        } catch {
          // One listener's trouble is not the others'.
        }
      }),
    );
  }

  clear(): void {
    this.#listeners.clear();
  }
}
