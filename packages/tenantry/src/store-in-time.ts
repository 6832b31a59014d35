import { TenantryError, withDeadline, type AbortableOptions, type Clock } from "@tenantry/core";

/** How long somebody waits for the store who has to be told how it went, such as a browser, in milliseconds. */
const timeoutMs = 15_000;

/** Waits for a store no longer than that; what it was asked for may be done later all the same. Rejects with `TIMEOUT`. */
export function storeInTime<T>(
  clock: Clock,
  work: () => Promise<T>,
  { signal }: AbortableOptions = {},
): Promise<T> {
  const what = `The store has not answered within ${timeoutMs} ms; try again.`;
  const expired = () => new TenantryError("TIMEOUT", what, { retryable: true, delivery: "unknown" });
  return withDeadline({ clock, timeoutMs, keepAlive: true, expired, signal }, work);
}
