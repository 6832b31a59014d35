import type { Clock } from "@tenantry/core";

/** A clock that moves when it is told to, at once and without giving way to promises. */
export interface StepClock extends Clock {
  step(ms: number): void;
  readonly pending: number;
}

export function stepClock(): StepClock {
  const timers = new Set<{ readonly dueAt: number; readonly task: () => void }>();
  let now = 0;
  return {
    now: () => now,
    after(delayMs, task) {
      const timer = { dueAt: now + delayMs, task };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    step(ms) {
      const until = now + ms;
      for (;;) {
        const due = [...timers].filter(({ dueAt }) => dueAt <= until).sort((a, b) => a.dueAt - b.dueAt)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = due.dueAt;
        due.task();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
