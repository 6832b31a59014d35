import { CounterTable, type Clock } from "@tenantry/core";
import { unavailable } from "../failure.ts";
import { toleratedStepMs } from "../leases.ts";

/**
 * The counters of all names, `max` at most, those counted that have ended and are not swept yet; to begin one more throws
 * `STORE_UNAVAILABLE`.
 */
export function memoryCounters(clock: Clock, max = 1_000_000): CounterTable {
  const full = () => {
    const message = `The store in memory holds ${max} counters; use one on disk.`;
    return unavailable(message, { retryable: true });
  };
  return new CounterTable({ clock, toleratedStepMs, bound: { max, error: full } });
}
