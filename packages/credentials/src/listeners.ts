/** Those who want to hear of something; one of them that throws hurts nobody. */
export class Listeners<E> {
  readonly #listeners = new Set<(event: E) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  add(listener: (event: E) => void): Disposable {
    // One of its own, because the same function may listen twice.
    const own = (event: E) => listener(event);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  tell(event: E): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch {
        // One listener's trouble is not the others'.
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
