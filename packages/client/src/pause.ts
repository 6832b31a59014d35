import { raceAbort, type Clock } from "@tenantry/core";

/** Waits; rejects with the signal's reason as soon as it aborts, and leaves no timer. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(delayMs, resolve, { keepAlive: true });
  try {
    await raceAbort(promise, signal);
  } finally {
    timer.cancel();
  }
}
