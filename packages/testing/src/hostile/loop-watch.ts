/**
 * Tells how long the event loop stood still at most. Only time that this process computed in counts: on a busy machine
 * everybody stands still, and that is nobody's doing.
 */
export class LoopWatch {
  #timer: ReturnType<typeof setInterval> | undefined;
  #wall = 0;
  #cpu = 0;
  #longestMs = 0;

  start(): void {
    this.#mark();
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** Stops, and gives the longest stall in milliseconds. */
  stop(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#longestMs;
  }

  #look(): void {
    const { user, system } = process.cpuUsage();
    const computedMs = (user + system - this.#cpu) / 1_000;
    const stalledMs = performance.now() - this.#wall - everyMs;
    this.#longestMs = Math.max(this.#longestMs, Math.min(computedMs, stalledMs));
    this.#mark();
  }

  #mark(): void {
    const { user, system } = process.cpuUsage();
    this.#wall = performance.now();
    this.#cpu = user + system;
  }
}

const everyMs = 10;
