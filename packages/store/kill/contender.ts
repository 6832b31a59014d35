import { setTimeout as sleep } from "node:timers/promises";
import { TenantryError, type StoreLease } from "@tenantry/core";
import { storeAt } from "./place.ts";

/** Competes with others like it for the versions of one row and for one lease, and says what it won. */
const [, , place = "", name = "", times = "20"] = process.argv;
const store = storeAt(place);
for (let won = 0; won < Number(times);) {
  const row = await store.verdicts.get({ url: "counter" });
  const from = row?.version ?? null;
  const count = ((row?.value as number | undefined) ?? 0) + 1;
  if (await put("counter", count, from)) {
    won++;
    report({ from, count });
  }
}
for (let held = 0; held < Number(times);) {
  const lease = await store.leases.acquire("turn", { ttlMs: 60_000 });
  if (lease === undefined) {
    await sleep(Math.random() * 5);
    continue;
  }
  held++;
  const row = await store.verdicts.get({ url: "inside" });
  // Whoever finds somebody inside, or loses a write to somebody, has shared the lease.
  const free = row === undefined || row.value === null;
  const entered = free && (await put("inside", name, row?.version ?? null, lease));
  const inside = entered ? await store.verdicts.get({ url: "inside" }) : undefined;
  const left = inside?.value === name && (await put("inside", null, inside.version, lease));
  report({ fence: lease.fence, alone: left });
  await store.leases.release(lease);
}
await store.close();

async function put(url: string, value: string | number | null, ifVersion: string | null, lease?: StoreLease) {
  try {
    await store.verdicts.put({ url }, value, { ifVersion, lease });
    return true;
  } catch (error) {
    if (error instanceof TenantryError && error.code === "STORE_CONFLICT") return false;
    throw error;
  }
}

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
