export { postgresStore } from "./postgres/postgres-store.ts";
export type { PostgresStoreLimits, PostgresStoreOptions } from "./postgres/postgres-store.ts";
export type { PostgresConnection } from "./postgres/connect-options.ts";
