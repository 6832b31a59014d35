import { fillLimits, systemClock, type Clock, type Store } from "@tenantry/core";
import { storeOf } from "../store.ts";
import { MemoryEngine } from "./memory-engine.ts";

/** What a store in memory may use. */
export interface MemoryStoreLimits {
  /** How much its rows may come to, in characters of JSON text; beyond it a write is `STORE_UNAVAILABLE`. Defaults to 64 Mi. */
  readonly maxLength: number;
}

/** How a store in memory is created. */
export interface MemoryStoreOptions {
  /** What decides when rows and leases end; defaults to the system's clock. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<MemoryStoreLimits> | undefined;
}

const defaults: MemoryStoreLimits = Object.freeze({ maxLength: 64 * 1_048_576 });

/**
 * Creates a store that lives as long as its process: for tests, and for a host with one process that can do without
 * what it kept. The audit keeps its newest entries, up to a quarter of `maxLength`. Throws `CONFIG_INVALID`.
 */
export function memoryStore({ clock = systemClock, limits }: MemoryStoreOptions = {}): Store {
  return storeOf(new MemoryEngine(clock, fillLimits(limits, defaults).maxLength));
}
