/** Things that happen one at a time, in the order that somebody chooses. */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** Settles when its turn has come. */
  take(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives somebody who waits the turn; `false` where nobody does. */
  give(index: number): boolean {
    const [next] = this.#waiting.splice(index % Math.max(1, this.#waiting.length), 1);
    next?.();
    return next !== undefined;
  }
}
