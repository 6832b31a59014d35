import type { Clock } from "@tenantry/core";

/** Waits `delayMs` milliseconds. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Waits for a promise that never rejects, but no longer than `limitMs`; leaves no timer behind. */
export async function waitAtMost(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(limitMs, resolve);
  await Promise.race([promise, late]);
  timer.cancel();
}

/** Keeps the event loop running, which a clock's timers do not; gives what ends that. */
export function holdEventLoop(): () => void {
  const hold = setInterval(() => {}, 0x7fff_ffff);
  return () => clearInterval(hold);
}
