import type { Clock, Timer } from "@tenantry/core";

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward by `ms` milliseconds and runs the timers that fall due, in order, each at its own time.
   * Promises get to settle before, between and after them, so that a timer set meanwhile fires too if it falls due.
   */
  advance(ms: number): Promise<void>;
  /** How many timers are set and have not fired. */
  readonly pending: number;
}

/** How a manual clock begins. */
export interface ManualClockOptions {
  /** The first `now()`, in milliseconds since the Unix epoch; defaults to the start of the year 2026. */
  readonly startMs?: number;
}

/** Creates a clock for tests that do not wait. */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  const { startMs = Date.UTC(2026, 0, 1) } = options;
  const timers = new Set<DueTimer>();
  let now = startMs;
  return {
    now: () => now,
    after(delayMs, task): Timer {
      const timer = { dueAt: now + Math.max(0, delayMs), task };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    async advance(ms) {
      const until = now + ms;
      for (;;) {
        await settle();
        const next = earliest(timers);
        if (next === undefined || next.dueAt > until) break;
        timers.delete(next);
        now = Math.max(now, next.dueAt);
        next.task();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}

interface DueTimer {
  readonly dueAt: number;
  readonly task: () => void;
}

/** A set keeps its order of insertion, so of two timers for the same moment the older one wins. */
function earliest(timers: ReadonlySet<DueTimer>): DueTimer | undefined {
  let first: DueTimer | undefined;
  for (const timer of timers) if (first === undefined || timer.dueAt < first.dueAt) first = timer;
  return first;
}

/** A turn of the event loop runs every microtask that is queued, and those that they queue. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
