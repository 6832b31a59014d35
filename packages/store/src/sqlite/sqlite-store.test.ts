import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { afterAll, it } from "vitest";
import { storeContract } from "../testing.ts";
import { sqliteStore } from "./sqlite-store.ts";

const folder = await mkdtemp(join(tmpdir(), "tenantry-sqlite-"));
afterAll(() => rm(folder, { recursive: true }));

it.each(storeContract)("$name", async ({ run }) => {
  const path = join(folder, `${crypto.randomUUID()}.db`);
  const { now, advance } = manualClock();
  // A store waits for another one, which does not mind a clock that stands still.
  const clock = { now, after: systemClock.after };
  await using store = sqliteStore(path, { clock });
  await using other = sqliteStore(path, { clock });
  await run({ store, other, now, advance });
});
