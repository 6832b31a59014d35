import { sql } from "kysely";
import type { EntrySelection, PageRequest, Rows, StoredEntry } from "../engine.ts";
import type { Db } from "./backend.ts";
import { selectPage } from "./page-query.ts";

interface EntryColumns {
  readonly place: number;
  readonly workspace_id: string;
  readonly user_id: string | null;
  readonly at: number;
  readonly action: string;
  readonly detail: string;
}

export async function insertEntry(db: Db, entry: StoredEntry["entry"], detail: string): Promise<void> {
  const { workspace, user = null, at, action } = entry;
  await sql`
    insert into tenantry_audit (workspace_id, user_id, at, action, detail)
    values (${workspace}, ${user}, ${at}, ${action}, ${detail})`.execute(db);
}

export async function selectEntries(
  db: Db,
  { workspace, user }: EntrySelection,
  { after, limit }: PageRequest<number>,
): Promise<Rows<StoredEntry>> {
  const conditions = [
    sql`workspace_id = ${workspace}`,
    ...(user === undefined ? [] : [sql`user_id = ${user}`]),
    ...(after === undefined ? [] : [sql`place > ${after}`]),
  ];
  const { rows, more } = await selectPage<EntryColumns>(db, {
    table: "tenantry_audit",
    columns: sql`place, workspace_id, user_id, at, action, detail`,
    order: sql`place`,
    text: "detail",
    where: sql.join(conditions, sql` and `),
    limit,
  });
  return { rows: rows.map(entryOf), more };
}

function entryOf({ place, workspace_id, user_id, at, action, detail }: EntryColumns): StoredEntry {
  const named = { workspace: workspace_id, at, action, ...(user_id !== null && { user: user_id }) };
  return { place, entry: named as StoredEntry["entry"], detail };
}
