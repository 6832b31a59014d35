/** What an attempt was let through with; its outcome is told together with it. */
export interface Admission {
  /** How many breakers had opened before: what was let through then says nothing of a breaker that opened later. */
  readonly epoch: number;
}

/** Counts the openings of all breakers of one pool. */
export class Epochs {
  #current: Admission = Object.freeze({ epoch: 0 });

  /** What attempts share that nobody has to tell apart: one object, so that a healthy call allocates none. */
  get current(): Admission {
    return this.#current;
  }

  /** Makes an admission that can be told from all others, as a probe's must be. */
  distinct(): Admission {
    return Object.freeze({ ...this.#current });
  }

  /** Begins the next epoch, and tells which it is. */
  advance(): number {
    const epoch = this.#current.epoch + 1;
    this.#current = Object.freeze({ epoch });
    return epoch;
  }
}
