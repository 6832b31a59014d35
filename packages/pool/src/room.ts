import type { AbortableOptions, Clock, SharedFlight, TenantryError } from "@tenantry/core";

/** A caller that waits for room under a cap. */
export interface Caller<C> {
  /** There is room: the caller goes on to wait for the connection. */
  proceed(flight: SharedFlight<C>): void;
  fail(reason: unknown): void;
}

/** How one caller waits. */
export interface WaitOptions extends AbortableOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What the caller hears when its time is over. */
  readonly expired: () => TenantryError;
  /** Is called once, when the wait is over. */
  readonly onLeave: () => void;
}

/** Waits among `callers` for room, at most as long as this caller's own time lasts, and then for the connection. */
export function waitForRoom<C>(callers: Set<Caller<C>>, options: WaitOptions): Promise<C> {
  const { clock, signal, timeoutMs, expired, onLeave } = options;
  return new Promise((resolve, reject) => {
    const leave = () => {
      callers.delete(caller);
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      onLeave();
    };
    const caller: Caller<C> = {
      proceed(flight) {
        leave();
        // Joined here and not when the caller wakes up, so that the flight knows of all who wait for it.
        resolve(flight.join({ signal }));
      },
      fail(reason) {
        leave();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
        reject(reason);
      },
    };
    const abort = () => caller.fail(signal?.reason);
    const timer = clock.after(timeoutMs, () => caller.fail(expired()));
    signal?.addEventListener("abort", abort, { once: true });
    callers.add(caller);
  });
}
