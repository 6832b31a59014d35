import { raceAbort, type AbortableOptions, type Clock } from "@tenantry/core";

/** How long work may take, and what it fails with then. */
export interface DeadlineOptions extends AbortableOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether the process stays alive until then, because somebody waits; defaults to `false`. */
  readonly keepAlive?: boolean;
  /** Makes the error of a deadline that has passed. */
  readonly expired: () => unknown;
}

/**
 * Runs work until it settles, its deadline passes or the caller's signal aborts. The signal that the work is given
 * aborts in the last two cases with the reason that is thrown; after the work it is left alone.
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

/** Does work that may fail and that nobody can wait for long: it is left behind, aborted, at its time. Never rejects. */
export async function atMost(
  options: Pick<DeadlineOptions, "clock" | "timeoutMs" | "keepAlive">,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const expired = () => "The connection is closing.";
  await withDeadline({ ...options, expired }, work).catch(() => {});
}
