import assert from "node:assert/strict";
import { TenantryError, type Store, type StoreLease } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential } from "./samples.ts";

const key = credential("w", "ada");

export const races = checksOf({
  async "lets one of many writers win each version"({ store, other }) {
    for (let round = 0; round < 10; round++) {
      const ifVersion = (await store.credentials.get(key))?.version ?? null;
      const writers = Array.from({ length: 16 }, (_, index) =>
        put(index % 2 ? store : other, index, ifVersion),
      );
      const winners = (await Promise.all(writers)).filter((winner) => winner !== undefined);
      assert.equal(winners.length, 1);
      assert.equal((await store.credentials.get(key))?.value, winners[0]);
    }
  },
  async "loses no write of many writers who read, add and write until they win"({ store, other }) {
    await Promise.all(Array.from({ length: 8 }, (_, index) => addOne(index % 2 ? store : other, 5)));
    assert.equal((await store.credentials.get(key))?.value, 40);
  },
  async "gives one of many askers each lease"({ store, other }) {
    let last = 0;
    for (let round = 0; round < 10; round++) {
      const askers = Array.from({ length: 16 }, (_, index) =>
        (index % 2 ? store : other).leases.acquire("a", { ttlMs: 60_000 }),
      );
      const holders = (await Promise.all(askers)).filter((lease): lease is StoreLease => lease !== undefined);
      assert.equal(holders.length, 1);
      const [holder] = holders as [StoreLease];
      assert.ok(holder.fence > last);
      last = holder.fence;
      await store.leases.release(holder);
    }
  },
});

async function put(store: Store, value: number, ifVersion: string | null): Promise<number | undefined> {
  try {
    await store.credentials.put(key, value, { ifVersion });
    return value;
  } catch (error) {
    if (error instanceof TenantryError && error.code === "STORE_CONFLICT") return undefined;
    throw error;
  }
}

async function addOne(store: Store, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const row = await store.credentials.get(key);
    const sum = ((row?.value as number | undefined) ?? 0) + 1;
    if ((await put(store, sum, row?.version ?? null)) !== undefined) done++;
  }
}
