export { sqliteStore } from "@tenantry/store/sqlite";
export type { SqliteStoreLimits, SqliteStoreOptions } from "@tenantry/store/sqlite";
