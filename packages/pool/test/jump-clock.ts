import { stepClock, type StepClock } from "./step-clock.ts";

/** A clock that can be set to another time, which its timers do not notice. */
export interface JumpClock extends StepClock {
  jump(ms: number): void;
}

export function jumpClock(): JumpClock {
  const clock = stepClock();
  let offset = 0;
  return {
    now: () => clock.now() + offset,
    after: (delayMs, task) => clock.after(delayMs, task),
    step: (ms) => clock.step(ms),
    fire: (time) => clock.fire(time - offset),
    jump: (ms) => void (offset += ms),
    get pending() {
      return clock.pending;
    },
  };
}
