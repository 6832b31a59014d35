import type { Context } from "./contexts.ts";
import type { Kind } from "./kind.ts";

/** So often within so many milliseconds a server is asked again for names that its list does not have. */
const maxMisses = 3;
const windowMs = 5_000;

interface Window {
  readonly since: number;
  count: number;
}

/** The names that were looked for in vain of late: whoever makes them up does not have a server asked for each. */
export class Misses {
  readonly #windows = new WeakMap<Context, Partial<Record<Kind, Window>>>();

  /** Counts one more; `false` where there were too many of late. */
  add(context: Context, kind: Kind, now: number): boolean {
    const windows = this.#windows.get(context) ?? {};
    this.#windows.set(context, windows);
    const open = windows[kind];
    if (open === undefined || now - open.since >= windowMs) windows[kind] = { since: now, count: 1 };
    else if (++open.count > maxMisses) return false;
    return true;
  }
}
