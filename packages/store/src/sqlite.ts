export { sqliteStore } from "./sqlite/sqlite-store.ts";
export type { SqliteStoreLimits, SqliteStoreOptions } from "./sqlite/sqlite-store.ts";
