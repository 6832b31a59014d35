import type { StoreLease } from "@tenantry/core";
import { sql, type RawBuilder } from "kysely";
import { toleratedStepMs } from "../leases.ts";
import type { Backend, Db } from "./backend.ts";

/** For how long an ended lease is remembered at least, in milliseconds; far longer than any statement may take. */
const rememberedMs = 86_400_000;

/** A lease that would last far longer than it was given for is one from before the clock was set back: it has ended too. */
function held(now: RawBuilder<number>): RawBuilder<boolean> {
  return sql`tenantry_leases.ttl_ms > 0 and tenantry_leases.expires_at > ${now}
    and tenantry_leases.expires_at - ${now} <= tenantry_leases.ttl_ms + ${toleratedStepMs}`;
}

/**
 * A name that is new follows on the highest fence of all names, because it may have been forgotten; the row with that
 * fence never is.
 */
export async function insertLease(db: Db, name: string, ttlMs: number, now: RawBuilder<number>) {
  const { rows } = await sql<StoreLease>`
    insert into tenantry_leases (name, fence, expires_at, ttl_ms)
    values (${name}, (select coalesce(max(fence), 0) + 1 from tenantry_leases), ${now} + ${ttlMs}, ${ttlMs})
    on conflict (name) do update
    set fence = tenantry_leases.fence + 1, expires_at = excluded.expires_at, ttl_ms = excluded.ttl_ms
    where not (${held(now)})
    returning name, fence, expires_at as "expiresAt"`.execute(db);
  return rows[0];
}

export async function extendLease(
  db: Db,
  { name, fence }: StoreLease,
  ttlMs: number,
  now: RawBuilder<number>,
) {
  const { rows } = await sql<StoreLease>`
    update tenantry_leases set expires_at = ${now} + ${ttlMs}, ttl_ms = ${ttlMs}
    where name = ${name} and fence = ${fence} and ${held(now)}
    returning name, fence, expires_at as "expiresAt"`.execute(db);
  return rows[0];
}

/** A lease that was given for no time at all is held by nobody, wherever the clock goes. */
export async function endLease(db: Db, { name, fence }: StoreLease): Promise<void> {
  await sql`update tenantry_leases set ttl_ms = 0 where name = ${name} and fence = ${fence}`.execute(db);
}

/** Whether the lease is held, and stays so until the transaction ends. */
export async function isHeld(db: Db, { name, fence }: StoreLease, backend: Backend): Promise<boolean> {
  const { rows } = await sql`
    select fence from tenantry_leases
    where name = ${name} and fence = ${fence} and ${held(backend.now())} ${backend.shareLock}`.execute(db);
  return rows.length === 1;
}

export async function forgetLeases(db: Db, limit: number, backend: Backend): Promise<void> {
  await sql`
    delete from tenantry_leases where name in (
      select name from tenantry_leases
      where expires_at < (select ${backend.now()} - ${rememberedMs})
      and fence < (select max(fence) from tenantry_leases) limit ${limit} ${backend.skipLocked}
    )`.execute(db);
}
