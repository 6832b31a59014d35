import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../test/postgres-server.ts";
import { killWriters } from "./rounds.ts";
import { checkIntegrity } from "./integrity.ts";

/** Kills 200 writers, or as many as are asked for, on each of the two databases that outlive one. */
const rounds = Number(process.argv[2] ?? 200);
const folder = await mkdtemp(join(tmpdir(), "tenantry-kill-"));
try {
  const path = join(folder, "store.db");
  console.log("SQLite", await killWriters(path, rounds, async () => checkIntegrity(path)));
  await using server = await startPostgres();
  console.log("Postgres", await killWriters(await server.createDatabase(), rounds, async () => {}));
} finally {
  await rm(folder, { recursive: true });
}
