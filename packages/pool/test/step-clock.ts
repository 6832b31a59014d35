import type { Clock } from "@tenantry/core";

/** A clock that moves when it is told to, at once and without giving way to promises. */
export interface StepClock extends Clock {
  step(ms: number): void;
  /** Moves to the next timer that is due until `time` and runs it; moves to `time` and gives `false` where there is none. */
  fire(time: number): boolean;
  readonly pending: number;
}

export function stepClock(): StepClock {
  const timers = new Set<{ readonly dueAt: number; readonly task: () => void }>();
  let now = 0;
  const clock: StepClock = {
    now: () => now,
    after(delayMs, task) {
      const timer = { dueAt: now + delayMs, task };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    step(ms) {
      const until = now + ms;
      while (clock.fire(until));
    },
    fire(time) {
      let due: { readonly dueAt: number; readonly task: () => void } | undefined;
      for (const timer of timers)
        if (timer.dueAt <= time && (due === undefined || timer.dueAt < due.dueAt)) due = timer;
      now = due?.dueAt ?? time;
      if (due === undefined) return false;
      timers.delete(due);
      due.task();
      return true;
    },
    get pending() {
      return timers.size;
    },
  };
  return clock;
}
