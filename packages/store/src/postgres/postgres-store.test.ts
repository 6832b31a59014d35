import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, it } from "vitest";
import { startPostgres } from "../../test/postgres-server.ts";
import { storeContract } from "../testing.ts";
import { postgresStore } from "./postgres-store.ts";

const server = await startPostgres();
afterAll(() => server[Symbol.asyncDispose]());

it.each(storeContract)("$name", async ({ run }) => {
  const database = await server.createDatabase();
  await using store = postgresStore(database);
  await using other = postgresStore(database);
  await run({ store, other, now: Date.now, advance: (ms) => sleep(ms) });
});
