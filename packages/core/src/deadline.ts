import { raceAbort, type AbortableOptions } from "./abort.ts";
import type { Clock } from "./clock.ts";

/** How long work may take, and what it fails with then. */
export interface DeadlineOptions extends AbortableOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether the process stays alive until then, because somebody waits; defaults to `false`. */
  readonly keepAlive?: boolean | undefined;
  /** Makes the error of a deadline that has passed. */
  readonly expired: () => unknown;
}

/**
 * Runs work until it settles, its deadline passes or the caller's signal aborts. The signal that the work is given
 * aborts in the last two cases with the reason that is thrown, even where the work ignores it; after the work it is left
 * alone.
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, keepAlive, expired, signal } = options;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const leave = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  const timer = clock.after(timeoutMs, () => controller.abort(expired()), { keepAlive });
  try {
    return await raceAbort(work(controller.signal), controller.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", leave);
  }
}
