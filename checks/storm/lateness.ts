/** A moment at which a process was late: it did then what it was to do `lateMs` before. */
export interface LateMoment {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly lateMs: number;
}

/** Notes how late this process is, until it is disposed of; it keeps no process awake. */
export class Lateness implements Disposable {
  readonly moments: LateMoment[] = [];
  readonly #pulse: NodeJS.Timeout;
  #last = Date.now();

  constructor() {
    this.#pulse = setInterval(() => this.#beat(), beatMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pulse);
  }

  #beat(): void {
    const at = Date.now();
    const lateMs = at - this.#last - beatMs;
    this.#last = at;
    if (lateMs >= noteworthyMs) this.moments.push({ at, lateMs });
  }
}

const beatMs = 20;
const noteworthyMs = 10;

/**
 * Whether a process was late for so much of a time that a time-out in it tells nothing of the other side: a machine that
 * does other things meanwhile is slow.
 */
export function wasLate(moments: readonly LateMoment[], from: number, to: number): boolean {
  const within = moments.filter(({ at }) => at >= from && at <= to);
  return within.reduce((sum, { lateMs }) => sum + lateMs, 0) > (to - from) * tolerated;
}

const tolerated = 0.25;

/** Whether a process stood still at or after a time for so long that closing something may have been given up unsent. */
export function stoodStill(moments: readonly LateMoment[], since: number): boolean {
  return moments.some(({ at, lateMs }) => at >= since && lateMs >= standstillMs);
}

/** Half of what closing may take, in milliseconds. */
const standstillMs = 500;
