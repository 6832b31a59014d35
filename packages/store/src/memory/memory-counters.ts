import { CounterTable, type Clock } from "@tenantry/core";
import { unavailable } from "../failure.ts";
import { toleratedStepMs } from "../leases.ts";

/** How many there may be at once. */
const maxCounters = 1_000_000;

/** The counters of all names; to begin one throws `STORE_UNAVAILABLE` where there are a million. */
export function memoryCounters(clock: Clock): CounterTable {
  return new CounterTable({ clock, toleratedStepMs, bound: { max: maxCounters, error: full } });
}

function full(): Error {
  const message = "The store in memory holds a million counters; use one on disk.";
  return unavailable(message, { retryable: true });
}
