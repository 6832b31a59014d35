import { sql, type Transaction } from "kysely";
import { shapes, type SliceShape } from "../slice-shape.ts";
import type { Backend } from "./backend.ts";

/** One step of the schema. Once published it is never changed; what comes later is another step after it. */
interface Migration {
  readonly name: string;
  up(tx: Transaction<unknown>, backend: Backend): Promise<void>;
}

/** All steps, in the order in which they are done. */
export const migrations: readonly Migration[] = Object.freeze([
  Object.freeze({ name: "0001-first", up: createFirst }),
  Object.freeze({ name: "0002-flows-of-people", up: createFlowsOfPeople }),
  Object.freeze({ name: "0003-approvals-and-counters", up: createApprovalsAndCounters }),
  Object.freeze({ name: "0004-catalogs", up: createCatalogs }),
]);

/** The slices as the first step has made them. */
const first: readonly SliceShape[] = [
  shapes.workspaces,
  shapes.servers,
  shapes.credentials,
  shapes.parked,
  shapes.clients,
  { name: "flows", table: "tenantry_flows", parts: [{ part: "state", column: "state" }] },
  shapes.verdicts,
];

async function createFirst(tx: Transaction<unknown>, backend: Backend): Promise<void> {
  for (const shape of first) await createSlice(tx, backend, shape);
  for (const { table } of [shapes.credentials, shapes.parked]) await createIndexByUser(tx, table);
  await createLeases(tx, backend);
  await createAudit(tx, backend);
}

/** Flows of before are over in ten minutes and say of nobody whose they are; whoever is in one begins again. */
async function createFlowsOfPeople(tx: Transaction<unknown>, backend: Backend): Promise<void> {
  await tx.schema.dropTable(shapes.flows.table).execute();
  await createSlice(tx, backend, shapes.flows);
  await createIndexByUser(tx, shapes.flows.table);
}

async function createApprovalsAndCounters(tx: Transaction<unknown>, backend: Backend): Promise<void> {
  await createSlice(tx, backend, shapes.approvals);
  await createCounters(tx, backend);
}

async function createCatalogs(tx: Transaction<unknown>, backend: Backend): Promise<void> {
  await createSlice(tx, backend, shapes.catalogs);
  await createSlice(tx, backend, shapes.lists);
  await createIndexByUser(tx, shapes.catalogs.table);
}

/** Who is erased from every workspace is found by it. */
async function createIndexByUser(tx: Transaction<unknown>, table: string): Promise<void> {
  await tx.schema.createIndex(`${table}_by_user`).on(table).column("user_id").execute();
}

/** The key's parts are the primary key, in their order: it is also the order of lists. */
async function createSlice(
  tx: Transaction<unknown>,
  { text, integer }: Backend,
  shape: SliceShape,
): Promise<void> {
  const columns: string[] = shape.parts.map(({ column }) => column);
  await columns
    .reduce(
      (table, column) => table.addColumn(column, sql`${text}`, (definition) => definition.notNull()),
      tx.schema.createTable(shape.table),
    )
    .addColumn("value", sql`${text}`, (column) => column.notNull())
    .addColumn("version", sql`${text}`, (column) => column.notNull())
    .addColumn("expires_at", sql`${integer}`)
    .addPrimaryKeyConstraint(`${shape.table}_key`, columns as never)
    .execute();
  // What is swept is found by it.
  await tx.schema.createIndex(`${shape.table}_by_expiry`).on(shape.table).column("expires_at").execute();
}

async function createLeases(tx: Transaction<unknown>, { text, integer }: Backend): Promise<void> {
  await tx.schema
    .createTable("tenantry_leases")
    .addColumn("name", sql`${text}`, (column) => column.notNull().primaryKey())
    .addColumn("fence", sql`${integer}`, (column) => column.notNull())
    .addColumn("expires_at", sql`${integer}`, (column) => column.notNull())
    .addColumn("ttl_ms", sql`${integer}`, (column) => column.notNull())
    .execute();
  await tx.schema.createIndex("tenantry_leases_by_fence").on("tenantry_leases").column("fence").execute();
  await tx.schema
    .createIndex("tenantry_leases_by_expiry")
    .on("tenantry_leases")
    .column("expires_at")
    .execute();
}

async function createCounters(tx: Transaction<unknown>, { text, integer }: Backend): Promise<void> {
  await tx.schema
    .createTable("tenantry_counters")
    .addColumn("name", sql`${text}`, (column) => column.notNull().primaryKey())
    .addColumn("points", sql`${integer}`, (column) => column.notNull())
    .addColumn("expires_at", sql`${integer}`, (column) => column.notNull())
    .addColumn("ttl_ms", sql`${integer}`, (column) => column.notNull())
    .execute();
  // What is swept is found by it.
  await tx.schema
    .createIndex("tenantry_counters_by_expiry")
    .on("tenantry_counters")
    .column("expires_at")
    .execute();
}

async function createAudit(tx: Transaction<unknown>, { text, integer, serial }: Backend): Promise<void> {
  await tx.schema
    .createTable("tenantry_audit")
    .addColumn("place", sql`${serial}`)
    .addColumn("workspace_id", sql`${text}`, (column) => column.notNull())
    .addColumn("user_id", sql`${text}`)
    .addColumn("at", sql`${integer}`, (column) => column.notNull())
    .addColumn("action", sql`${text}`, (column) => column.notNull())
    .addColumn("detail", sql`${text}`, (column) => column.notNull())
    .execute();
  await tx.schema
    .createIndex("tenantry_audit_by_workspace")
    .on("tenantry_audit")
    .columns(["workspace_id", "place"])
    .execute();
}
