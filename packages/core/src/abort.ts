/** The base of the options of every asynchronous verb. */
export interface AbortableOptions {
  /** Ends the caller's wait; its `reason` is what the verb then throws. */
  readonly signal?: AbortSignal | undefined;
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts; leaves no listener behind. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    // The reason is the caller's own and is passed on as it is.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const leave = () => reject(signal.reason);
    if (signal.aborted) {
      leave();
      promise.catch(() => {});
      return;
    }
    signal.addEventListener("abort", leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/** Whether a failure is the reason of the caller's own abort: whatever it is, it says nothing of a server. */
export function isAbortReason(failure: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && signal.reason === failure;
}
