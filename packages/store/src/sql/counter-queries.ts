import type { Counter } from "@tenantry/core";
import { sql, type RawBuilder } from "kysely";
import { toleratedStepMs } from "../leases.ts";
import type { Backend, Db } from "./backend.ts";

const counter = sql`points, expires_at as "expiresAt"`;

/** One that would last far longer than it was begun for is from before the clock was set back: it has ended too. */
function lasts(now: RawBuilder<number>): RawBuilder<boolean> {
  return sql`tenantry_counters.expires_at > ${now}
    and tenantry_counters.expires_at - ${now} <= tenantry_counters.ttl_ms + ${toleratedStepMs}`;
}

/** Adds to a counter that lasts, and begins one where none does. */
export async function addPoints(
  db: Db,
  { name, points, ttlMs }: { readonly name: string; readonly points: number; readonly ttlMs: number },
  now: RawBuilder<number>,
): Promise<Counter> {
  // The clock is read once, so that one statement cannot take a counter for one that lasts and for one that has ended.
  const still = lasts(sql`(excluded.expires_at - excluded.ttl_ms)`);
  const { rows } = await sql<Counter>`
    insert into tenantry_counters (name, points, expires_at, ttl_ms)
    values (${name}, ${points}, ${now} + ${ttlMs}, ${ttlMs})
    on conflict (name) do update set
      points = excluded.points + case when ${still} then tenantry_counters.points else 0 end,
      expires_at = case when ${still} then tenantry_counters.expires_at else excluded.expires_at end,
      ttl_ms = case when ${still} then tenantry_counters.ttl_ms else excluded.ttl_ms end
    returning ${counter}`.execute(db);
  return rows[0] as Counter;
}

export async function selectCounter(db: Db, name: string, now: RawBuilder<number>) {
  const { rows } = await sql<Counter>`
    select ${counter} from tenantry_counters where name = ${name} and ${lasts(now)}`.execute(db);
  return rows[0];
}

export async function deleteCounter(db: Db, name: string): Promise<void> {
  await sql`delete from tenantry_counters where name = ${name}`.execute(db);
}

/** Deletes counters that have ended. */
export async function forgetCounters(db: Db, limit: number, backend: Backend): Promise<void> {
  await sql`
    delete from tenantry_counters where name in (
      select name from tenantry_counters where expires_at <= (select ${backend.now()})
      limit ${limit} ${backend.skipLocked}
    )`.execute(db);
}
