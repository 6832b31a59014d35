import type { Store } from "@tenantry/core";
import { postgresStore } from "../src/postgres.ts";
import { sqliteStore } from "../src/sqlite.ts";

/** Opens the store at a path, or at the address of a Postgres database. */
export function storeAt(place: string): Store {
  return place.startsWith("postgres:") ? postgresStore(place) : sqliteStore(place);
}
