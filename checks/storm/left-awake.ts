import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, type Clock } from "@tenantry/core";

/** What keeps this process awake beside what did `before`, once what was closed has had a moment to go. */
export async function leftAwake(before: readonly string[]): Promise<readonly string[]> {
  for (let look = 1; ; look++) {
    const left = beside(before, process.getActiveResourcesInfo());
    if (left.length === 0 || look === maxLooks) return left;
    await sleep(lookEveryMs);
  }
}

const maxLooks = 10;
const lookEveryMs = 50;

function beside(before: readonly string[], now: readonly string[]): readonly string[] {
  const known = [...before];
  return now.filter((kind) => {
    const index = known.indexOf(kind);
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
}

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
