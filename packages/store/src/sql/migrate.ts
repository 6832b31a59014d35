import { quote } from "@tenantry/core";
import { sql, type Kysely } from "kysely";
import { unreadable } from "../failure.ts";
import type { Backend } from "./backend.ts";
import { migrations } from "./migrations.ts";

/**
 * Brings the schema up to date, in one transaction that every other process waits for. Throws `STORE_INVALID` where the
 * schema is newer than this code.
 */
export async function migrate(db: Kysely<unknown>, backend: Backend): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await backend.lockSchema(tx);
    await sql`create table if not exists tenantry_migrations (name ${backend.text} not null primary key)`.execute(
      tx,
    );
    const { rows } = await sql<{ name: string }>`select name from tenantry_migrations`.execute(tx);
    const done = new Set(rows.map(({ name }) => name));
    const unknown = [...done].find((name) => !migrations.some((migration) => migration.name === name));
    if (unknown !== undefined) {
      throw unreadable(
        `The store's schema has ${quote(unknown)}, which this version does not know; use the newer version that made it.`,
      );
    }
    for (const { name, up } of migrations) {
      if (done.has(name)) continue;
      await up(tx, backend);
      await sql`insert into tenantry_migrations (name) values (${name})`.execute(tx);
    }
  });
}
