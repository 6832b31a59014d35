import { inspect } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { secret } from "@tenantry/core";
import { afterAll, describe, expect, it, vi } from "vitest";
import { startPostgres } from "../../test/postgres-server.ts";
import { storeContract } from "../testing.ts";
import { migrations } from "../sql/migrations.ts";
import { flow } from "../testing/samples.ts";
import { postgresStore } from "./postgres-store.ts";

const server = await startPostgres();
afterAll(() => server[Symbol.asyncDispose](), 30_000);

const key = { url: "https://mcp.example.com/mcp" };

it.each(storeContract)("$name", async ({ run }) => {
  const database = await server.createDatabase();
  await using store = postgresStore(database);
  await using other = postgresStore(database);
  await run({ store, other, now: Date.now, advance: (ms) => sleep(ms) });
});

describe("a store", () => {
  it("sets up one database from several processes at once", async () => {
    const database = await server.createDatabase();
    const stores = Array.from({ length: 6 }, () => postgresStore(database));
    await Promise.all(stores.map((store) => store.verdicts.get(key)));
    await Promise.all(stores.map((store) => store.close()));
    expect(await server.query(database, "select name from tenantry_migrations")).toHaveLength(
      migrations.length,
    );
  });

  it("sweeps what has expired as others are written", async () => {
    const database = await server.createDatabase();
    await using store = postgresStore(database);
    const expiresAt = 1;
    for (let row = 0; row < 128; row += 8) {
      const some = Array.from({ length: 8 }, (_, index) => flow(`${row + index}`));
      await Promise.all(some.map((key) => store.flows.put(key, 1, { ifVersion: null, expiresAt })));
    }
    // The last write has swept; another one may have been under way meanwhile.
    expect((await server.query(database, "select 1 from tenantry_flows")).length).toBeLessThan(8);
  });

  it("sweeps counters that have ended as others are added to", async () => {
    const database = await server.createDatabase();
    await using store = postgresStore(database);
    for (let index = 0; index < 20; index++) await store.counters.add(`ended-${index}`, 1, { ttlMs: 1 });
    for (let index = 0; index < 44; index++) await store.counters.add("lasting", 1, { ttlMs: 60_000 });
    expect(await server.query(database, "select name from tenantry_counters")).toEqual([{ name: "lasting" }]);
  });

  it("shows its password nowhere, and reads nothing from the environment in place of what is missing", async () => {
    const database = await server.createDatabase();
    await using store = postgresStore(database);
    await store.verdicts.get(key);
    using _watcher = store.watch(() => {});
    expect(inspect(store, { depth: 20, showHidden: true })).not.toContain(server.password);
    const url = new URL(database);
    url.password = "";
    vi.stubEnv("PGPASSWORD", server.password);
    await using without = postgresStore(url.href);
    await expect(without.verdicts.get(key)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    vi.unstubAllEnvs();
  });

  it("takes its password from a function or a secret", async () => {
    const database = await server.createDatabase();
    const { hostname, port, username, pathname } = new URL(database);
    const connection = { host: hostname, port: Number(port), user: username, database: pathname.slice(1) };
    for (const password of [
      secret(server.password),
      () => server.password,
      async () => secret(server.password),
    ]) {
      await using store = postgresStore(Object.freeze({ ...connection, password }));
      expect(await store.verdicts.get(key)).toBeUndefined();
    }
    await using store = postgresStore({ ...connection, password: () => 1 as never });
    await expect(store.verdicts.get(key)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("leaves no connection open when it is closed", async () => {
    const database = await server.createDatabase();
    const store = postgresStore(database);
    store.watch(() => {});
    await Promise.all([
      store.verdicts.get(key),
      store.verdicts.scan(),
      store.audit.list({ workspace: "w" as never }),
    ]);
    await store.close();
    await vi.waitFor(async () => expect(await connections(database)).toBe(0), { timeout: 15_000 });
  });

  it.each([
    "",
    "x",
    "https://tester:secret-password@localhost/x",
    "postgres://tester:secret-password@localhost",
    "postgres://localhost/x",
    "postgres://tester:secret-password@localhost/x?sslmode=prefer",
    "postgres://tester:secret-password@localhost/x?options=-c",
    "postgres://tester:secret-password%ff@localhost/x",
  ])("refuses the address %j without repeating it", (address) => {
    expect(() => postgresStore(address)).toThrow(/^\[CONFIG_INVALID\](?!.*secret-password)/u);
  });
});

async function connections(database: string): Promise<number> {
  const others =
    "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
  return (await server.query(database, others)).length;
}
