import { raceAbort, type AbortableOptions, type Clock, type TenantryError } from "@tenantry/core";

/** How long something may take. */
export interface DeadlineOptions extends AbortableOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Builds the error that is thrown when the time is over. */
  readonly expired: () => TenantryError;
}

/**
 * Runs `work` and settles as it does, but no later than the deadline or the caller's abort, even where `work` ignores
 * the signal that it is given. That signal's reason is the caller's own or the error of the expired deadline.
 */
export async function withDeadline<T>(
  { clock, timeoutMs, expired, signal: caller }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted();
  const controller = new AbortController();
  const follow = () => controller.abort(caller?.reason);
  caller?.addEventListener("abort", follow, { once: true });
  // Somebody waits: without this a program whose last line waits for a server would end in the middle of it.
  const timer = clock.after(timeoutMs, () => controller.abort(expired()), { keepAlive: true });
  try {
    return await raceAbort(work(controller.signal), controller.signal);
  } finally {
    timer.cancel();
    caller?.removeEventListener("abort", follow);
  }
}
