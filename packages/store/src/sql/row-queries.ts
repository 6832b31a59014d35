import type { Version } from "@tenantry/core";
import { sql, type RawBuilder } from "kysely";
import type { StoredRow, Write } from "../engine.ts";
import type { KeyTexts, Selection } from "../key.ts";
import type { SliceShape } from "../slice-shape.ts";
import type { Db } from "./backend.ts";

/** How a row comes from a database: the columns of its key, and these. */
export type RowColumns = Readonly<Record<string, unknown>> & {
  readonly value: string;
  readonly version: string;
  readonly expires_at: number | null;
};

/** The columns of a slice's key, as a list. */
export function keyColumns({ parts }: SliceShape): RawBuilder<unknown> {
  return sql.join(parts.map(({ column }) => sql.ref(column)));
}

/** The rows that have these parts in their keys. */
export function matching({ parts }: SliceShape, selection: Selection): RawBuilder<boolean> {
  const conditions = parts.flatMap(({ column }, index) => {
    const text = selection[index];
    return text === undefined ? [] : [sql`${sql.ref(column)} = ${text}`];
  });
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}

/** The rows that have not expired. */
export function live(now: RawBuilder<number>): RawBuilder<boolean> {
  return sql`(expires_at is null or expires_at > ${now})`;
}

/** A row of a database as a backend gives it. */
export function storedRow(
  { parts }: SliceShape,
  { value, version, expires_at, ...columns }: RowColumns,
): StoredRow {
  return { key: parts.map(({ column }) => columns[column] as string), value, version, expiresAt: expires_at };
}

export async function selectRow(db: Db, shape: SliceShape, key: KeyTexts, now: RawBuilder<number>) {
  const { rows } = await sql<RowColumns>`
    select ${keyColumns(shape)}, value, version, expires_at from ${sql.table(shape.table)}
    where ${matching(shape, key)} and ${live(now)}`.execute(db);
  return rows[0] && storedRow(shape, rows[0]);
}

/** Writes a row where there is none, or an expired one; says whether it did. */
export async function insertRow(
  db: Db,
  shape: SliceShape,
  key: KeyTexts,
  write: Write,
  now: RawBuilder<number>,
) {
  const { rows } = await sql`
    insert into ${sql.table(shape.table)} (${keyColumns(shape)}, value, version, expires_at)
    values (${sql.join(key)}, ${write.value}, ${write.version}, ${write.expiresAt})
    on conflict (${keyColumns(shape)}) do update
    set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at
    where ${sql.ref(`${shape.table}.expires_at`)} <= ${now}
    returning version`.execute(db);
  return rows.length === 1;
}

/** Writes a row that has the expected version; says whether it did. */
export async function updateRow(
  db: Db,
  shape: SliceShape,
  key: KeyTexts,
  write: Write,
  now: RawBuilder<number>,
) {
  const { rows } = await sql`
    update ${sql.table(shape.table)}
    set value = ${write.value}, version = ${write.version}, expires_at = ${write.expiresAt}
    where ${matching(shape, key)} and version = ${write.ifVersion} and ${live(now)}
    returning version`.execute(db);
  return rows.length === 1;
}

/** Deletes a row, of this version where one is given; says whether it did. */
export async function deleteRow(db: Db, shape: SliceShape, key: KeyTexts, ifVersion: Version | undefined) {
  const expected = ifVersion === undefined ? sql`true` : sql`version = ${ifVersion}`;
  const { rows } = await sql`
    delete from ${sql.table(shape.table)} where ${matching(shape, key)} and ${expected} returning version`.execute(
    db,
  );
  return rows.length === 1;
}

/** Deletes at most `limit` rows that fulfil a condition, and gives their keys with whether they had not expired. */
export async function deleteSome(
  db: Db,
  shape: SliceShape,
  condition: RawBuilder<unknown>,
  limit: number,
  now: RawBuilder<number>,
  locking: RawBuilder<unknown> = sql``,
) {
  const columns = keyColumns(shape);
  const { rows } = await sql<RowColumns & { readonly is_live: number | boolean }>`
    delete from ${sql.table(shape.table)} where (${columns}) in
    (select ${columns} from ${sql.table(shape.table)} where ${condition} limit ${limit} ${locking})
    returning ${columns}, ${live(now)} as is_live`.execute(db);
  return rows.map((row) => ({ key: storedRow(shape, row).key, isLive: Boolean(row.is_live) }));
}
