/** What ends with its gateway. */
export interface Ending {
  end(): void;
}

/** Whatever is under way. Once it was ended, what begins all the same ends at once: a caller may have been known just then. */
export class Endings {
  readonly #open = new Set<Ending>();
  #isOver = false;

  add(ending: Ending): void {
    if (this.#isOver) ending.end();
    else this.#open.add(ending);
  }

  delete(ending: Ending): void {
    this.#open.delete(ending);
  }

  /** Ends everything. */
  end(): void {
    this.#isOver = true;
    for (const one of this.#open) one.end();
  }
}
