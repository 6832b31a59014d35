import { sql, type RawBuilder } from "kysely";
import type { Rows } from "../engine.ts";
import { maxPageLength } from "../page.ts";
import type { Db } from "./backend.ts";

/** What is listed: from which table, in the order of which columns, and which column holds the bulk of a row. */
export interface Listing {
  readonly table: string;
  readonly columns: RawBuilder<unknown>;
  readonly order: RawBuilder<unknown>;
  readonly text: string;
  readonly where: RawBuilder<unknown>;
  readonly limit: number;
}

/**
 * The first rows, as many as a page may have and about as much text; one at least, if there is one. The database counts
 * the text, so that a page of large rows is never sent whole.
 */
export async function selectPage<R>(db: Db, listing: Listing): Promise<Rows<R>> {
  const { columns, order, limit } = listing;
  const length = sql`length(${sql.ref(listing.text)})`;
  const { rows } = await sql<R & { readonly before: number; readonly available: number }>`
    select * from (
      select ${columns}, sum(${length}) over (order by ${order}) - ${length} as before, count(*) over () as available
      from (
        select ${columns} from ${sql.table(listing.table)} where ${listing.where} order by ${order} limit ${limit + 1}
      ) as first_rows
    ) as measured
    where before < ${maxPageLength} order by ${order} limit ${limit}`.execute(db);
  return { rows, more: rows.length < (rows[0]?.available ?? 0) };
}
