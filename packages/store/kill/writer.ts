import { TenantryError, type StoreLease } from "@tenantry/core";
import { storeAt } from "./place.ts";

/** Writes to one row after the other, under a lease, and says what has been acknowledged, until it is killed. */
const ttlMs = 250;
const store = storeAt(process.argv[2] ?? "");
let lease = await acquire();
for (let write = 0; ; write++) {
  try {
    await writeOne(write);
    if (write % 10 === 9) lease = await store.leases.renew(lease, { ttlMs });
  } catch (error) {
    // On a machine that is busy with something else a lease runs out.
    if (!(error instanceof TenantryError && error.code === "STORE_CONFLICT")) throw error;
    lease = await acquire();
  }
}

async function writeOne(write: number): Promise<void> {
  const key = { url: `row-${write % 5}` };
  const row = await store.verdicts.get(key);
  const count = ((row?.value as { count?: number } | undefined)?.count ?? 0) + 1;
  const value = { count, padding: "x".repeat((count * 997) % 20_000) };
  const version = await store.verdicts.put(key, value, { ifVersion: row?.version ?? null, lease });
  report({ url: key.url, count, version });
}

async function acquire(): Promise<StoreLease> {
  for (;;) {
    const lease = await store.leases.acquire("writer", { ttlMs });
    if (lease === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    report({ fence: lease.fence });
    return lease;
  }
}

/** A write to a pipe is done when it returns, so that what has been said was true. */
function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
