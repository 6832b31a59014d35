import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { contest } from "../kill/contest.ts";
import { checkIntegrity } from "../kill/integrity.ts";
import { killWriters } from "../kill/rounds.ts";
import { startPostgres } from "../test/postgres-server.ts";

const folder = await mkdtemp(join(tmpdir(), "tenantry-processes-"));
const server = await startPostgres();
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
}, 30_000);

describe("four processes on one SQLite file", () => {
  it("win each version and each turn of a lease once", async () => {
    await contest(join(folder, "contest.db"), 4, 20);
  }, 60_000);

  it("lose nothing that was acknowledged when one is killed, and leave the file intact", async () => {
    const path = join(folder, "kill.db");
    const { acknowledged } = await killWriters(path, 15, async () => checkIntegrity(path));
    expect(acknowledged).toBeGreaterThan(15);
  }, 60_000);
});

describe("four processes on one Postgres database", () => {
  it("win each version and each turn of a lease once", async () => {
    await contest(await server.createDatabase(), 4, 20);
  }, 60_000);

  it("lose nothing that was acknowledged when one is killed", async () => {
    const { acknowledged } = await killWriters(await server.createDatabase(), 15, async () => {});
    expect(acknowledged).toBeGreaterThan(15);
  }, 60_000);
});
