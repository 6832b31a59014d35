import { setTimeout as sleep } from "node:timers/promises";

/** What the promise gives, or `otherwise` once the time is over. */
export async function within<T, O>(timeoutMs: number, promise: Promise<T>, otherwise: O): Promise<T | O> {
  const settled = new AbortController();
  const late = sleep(timeoutMs, otherwise, { signal: settled.signal }).catch(() => otherwise);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
