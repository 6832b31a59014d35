import type { AbortableOptions } from "./abort.ts";
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
export function withDeadline<T>(
  { clock, timeoutMs, keepAlive, expired, signal }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // One promise and one signal: every call of a tool passes here, and those that wait are kept as they are.
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const end = () => {
      timer.cancel();
      signal?.removeEventListener("abort", leave);
    };
    const stop = (reason: unknown) => {
      end();
      controller.abort(reason);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
      reject(reason);
    };
    const leave = () => stop(signal?.reason);
    const timer = clock.after(timeoutMs, () => stop(expired()), { keepAlive });
    signal?.addEventListener("abort", leave, { once: true });
    const fail = (failure: Error) => {
      end();
      reject(failure);
    };
    try {
      work(controller.signal).then((result) => {
        end();
        resolve(result);
      }, fail);
    } catch (failure) {
      fail(failure as Error);
    }
  });
}
