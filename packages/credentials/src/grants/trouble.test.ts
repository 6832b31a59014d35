import { TenantryError } from "@tenantry/core";
import { expect, test } from "vitest";
import { failure } from "../../test/fixture.ts";
import { hour, key, setUp, text } from "../../test/grants-fixture.ts";
import type { MemoryStore } from "../../test/memory-store.ts";
import type { SendRefresh } from "../grants.ts";

/** The store with another way to do some of what its credentials and leases do. */
function spoilt(
  store: MemoryStore,
  credentials: Partial<MemoryStore["credentials"]>,
  leases: Partial<MemoryStore["leases"]> = {},
): MemoryStore {
  const real: Pick<MemoryStore["credentials"], "get" | "put" | "delete"> = {
    get: (...args) => store.credentials.get(...args),
    put: (...args) => store.credentials.put(...args),
    delete: (...args) => store.credentials.delete(...args),
  };
  return {
    ...store,
    credentials: { ...real, ...credentials } as MemoryStore["credentials"],
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
    // The commit has to look at the row again.
    await reseal(store);
    return issuer.refresh(grant);
  };
  const next = await grants.fresh(key, { send });
  busy = false;
  expect(text(await start().current(key))).toBe(text(next));
});

/** Gives the row of {@link key} another version, as a re-encryption does. */
async function reseal({ credentials }: MemoryStore): Promise<void> {
  const row = await credentials.get(key);
  await credentials.put(key, row?.value ?? null, { ifVersion: row?.version ?? null });
}

test("a refresh that failed unsent leaves the token usable in every process although the row was re-encrypted meanwhile", async () => {
  const { grants, start, store, issuer, send, clock } = setUp();
  await grants.put(key, issuer.grant());
  clock.pass(hour);
  const fail: SendRefresh = async () => {
    await reseal(store);
    throw new TenantryError("CONNECT_FAILED", "The issuer is away; try again.", { retryable: true });
  };
  expect(await failure(Promise.resolve(grants.fresh(key, { send: fail })))).toMatchObject({
    code: "CONNECT_FAILED",
  });
  expect(await start().fresh(key, { send })).toBeDefined();
  expect([issuer.requests, issuer.reused]).toEqual([1, []]);
});

test("a token that the issuer takes no longer is dropped although the row is re-encrypted meanwhile", async () => {
  let resealed = true;
  const { grants, start, store, issuer, clock, send } = setUp({
    spoil: (real) =>
      spoilt(real, {
        get: async (...args) => {
          const row = await real.credentials.get(...args);
          // Between the look at the row and the write.
          if (!resealed) await reseal(real);
          resealed = true;
          return row;
        },
      }),
  });
  const grant = issuer.grant();
  await grants.put(key, grant);
  clock.pass(hour);
  issuer.end(grant.subject);
  const refused: SendRefresh = (sent) => ((resealed = false), send(sent, AbortSignal.abort()));
  await failure(Promise.resolve(grants.fresh(key, { send: refused })));
  expect((await start().current(key))?.refreshToken).toBeUndefined();
  expect(JSON.stringify((await store.credentials.get(key))?.value)).not.toContain("intent");
});
