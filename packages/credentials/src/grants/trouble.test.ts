import { TenantryError } from "@tenantry/core";
import { expect, test } from "vitest";
import { hour, key, setUp, text } from "../../test/grants-fixture.ts";
import type { MemoryStore } from "../../test/memory-store.ts";
import type { SendRefresh } from "../grants.ts";

/** The store with another way to do some of what its credentials and leases do. */
function spoilt(
  store: MemoryStore,
  credentials: Partial<MemoryStore["credentials"]>,
  leases: Partial<MemoryStore["leases"]> = {},
): MemoryStore {
  return {
    ...store,
    credentials: Object.assign(Object.create(store.credentials) as MemoryStore["credentials"], credentials),
    leases: { ...store.leases, ...leases },
  };
}

const away = () => new TenantryError("STORE_UNAVAILABLE", "Not now; try again.", { retryable: true });

test("a refresh ends its work although the store takes nothing but what is urgent", async () => {
  let busy = false;
  const { grants, start, issuer, clock, store } = setUp({
    spoil: (real) =>
      spoilt(real, {
        get: async (...args) => {
          if (busy && args[1]?.urgent !== true) throw away();
          return real.credentials.get(...args);
        },
        put: async (...args) => {
          if (busy && args[2].urgent !== true) throw away();
          return real.credentials.put(...args);
        },
      }),
  });
  await grants.put(key, issuer.grant());
  clock.pass(hour);
  const send: SendRefresh = async (grant) => {
    busy = true;
    // Somebody re-encrypts the row meanwhile, so that the commit has to look at it again.
    const row = await store.credentials.get(key);
    await store.credentials.put(key, row?.value ?? null, { ifVersion: row?.version ?? null });
    return issuer.refresh(grant);
  };
  const next = await grants.fresh(key, { send });
  busy = false;
  expect(text(await start().current(key))).toBe(text(next));
});
