export { createPool } from "./pool.ts";
export type { Pool, PoolOptions } from "./pool.ts";
export { defaultPoolLimits, poolLimitsFromZero, poolLimitsToInfinity } from "./limits.ts";
export type { PoolLimits } from "./limits.ts";
export type { Selection } from "./selection.ts";
export type { PoolEntryStats, PoolStats } from "./stats.ts";
export type { PoolState } from "./state.ts";
