import { systemClock, type Clock } from "@tenantry/core";

/** The system's clock, which counts its timers: those that keep no process awake show nowhere else. */
export class CountedClock implements Clock {
  readonly now = systemClock.now;
  readonly #set = new Set<object>();

  /** How many timers are neither over nor taken back. */
  get timers(): number {
    return this.#set.size;
  }

  after: Clock["after"] = (delayMs, task, options) => {
    const key = {};
    this.#set.add(key);
    const fire = () => {
      this.#set.delete(key);
      task();
    };
    const timer = systemClock.after(delayMs, fire, options);
    return {
      cancel: () => {
        this.#set.delete(key);
        timer.cancel();
      },
    };
  };
}
