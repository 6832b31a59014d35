export { postgresStore } from "@tenantry/store/postgres";
export type { PostgresConnection, PostgresStoreLimits, PostgresStoreOptions } from "@tenantry/store/postgres";
