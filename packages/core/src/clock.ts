/** A timer that was set and can be taken back. */
export interface Timer {
  /** Takes the timer back; does nothing once it has fired. */
  cancel(): void;
}

/** How a timer is set. */
export interface TimerOptions {
  /** Whether the process stays alive for it, because a caller waits for what it brings; defaults to `false`. */
  readonly keepAlive?: boolean | undefined;
}

/** Where time comes from, so that tests need not wait. */
export interface Clock {
  /** The current time in milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `task` once, `delayMs` milliseconds from now; the timer keeps the process alive only where `options` say so. */
  after(delayMs: number, task: () => void, options?: TimerOptions): Timer;
}

/** The real clock. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  after(delayMs: number, task: () => void, { keepAlive = false }: TimerOptions = {}): Timer {
    const timer: unknown = setTimeout(task, delayMs);
    // Only Node, Bun and Deno give an object; browsers and Workers give a number, which keeps nothing alive.
    if (!keepAlive && typeof timer === "object" && timer !== null && "unref" in timer)
      (timer as NodeJS.Timeout).unref();
    return { cancel: () => clearTimeout(timer as NodeJS.Timeout) };
  },
});
