import { TenantryError, userId, workspaceId, type Sealer } from "@tenantry/core";
import { expect, test } from "vitest";
import { failure } from "../../test/fixture.ts";
import { hour, key, setUp, text } from "../../test/grants-fixture.ts";
import type { MemoryStore } from "../../test/memory-store.ts";
import { Grants, type GrantLimits, type SendRefresh } from "../grants.ts";

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

/** The sealer with a pause of `ms` before it seals, where `slow` says so. */
function slowSealing({ limits, ms }: { readonly limits: Partial<GrantLimits>; readonly ms: number }) {
  const world = setUp({ limits });
  const { sealer, clock, store } = world;
  const pace = { slow: false };
  const slowly: Sealer = {
    ...sealer,
    async seal(...args) {
      if (pace.slow) await new Promise<void>((resolve) => clock.after(ms, resolve));
      return sealer.seal(...args);
    },
  };
  const slow = new Grants({ store, sealer: slowly, clock, limits, random: () => 0.5 });
  /** Lets time pass until a call is settled. */
  const until = async <T>(call: Promise<T>) => {
    let done = false;
    void call.finally(() => (done = true)).catch(() => {});
    for (let steps = 0; !done && steps < 2_000; steps++) {
      await world.settle();
      clock.pass(50);
    }
    return call;
  };
  return { ...world, pace, slow, until };
}

test("a lease lasts as long as the refresh under it, however long sealing takes before and after the request", async () => {
  const limits = { refreshTimeoutMs: 1_500, refreshLeaseMs: 2_000 };
  const { slow, start, issuer, send, clock, pace, until, settle } = slowSealing({ limits, ms: 900 });
  await slow.put(key, issuer.grant());
  clock.pass(hour);
  pace.slow = true;
  const late: SendRefresh = async (grant) => {
    await new Promise<void>((resolve) => clock.after(1_400, resolve));
    return issuer.refresh(grant);
  };
  const own = Promise.resolve(slow.fresh(key, { send: late }));
  await settle();
  const other = Promise.resolve(start().fresh(key, { send }));
  expect(text(await until(other))).toBe(text(await own));
  expect([issuer.requests, issuer.reused]).toEqual([1, []]);
});

test("nothing is sent where the store took so long to keep the lease that it may end before the answer", async () => {
  let renewals = 0;
  const { grants, start, issuer, send, clock, settle } = setUp({
    spoil: (real) =>
      spoilt(
        real,
        {
          put: async (...args) => {
            if (args[2].lease !== undefined) clock.pass(3_000);
            return real.credentials.put(...args);
          },
        },
        {
          renew: async (...args) => {
            const renewed = await real.leases.renew(...args);
            if (renewals++ === 0) clock.pass(5_001);
            return renewed;
          },
        },
      ),
  });
  await grants.put(key, issuer.grant());
  clock.pass(hour);
  expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
    code: "TIMEOUT",
    retryable: true,
  });
  await settle();
  expect(issuer.requests).toBe(0);
  expect(text(await start().fresh(key, { send }))).toBeDefined();
  expect(issuer.reused).toEqual([]);
});

test("a row that is damaged is granted over and removed", async () => {
  const { grants, store, issuer, send } = setUp();
  await grants.put(key, issuer.grant());
  store.damage(key);
  expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
    code: "STORE_INVALID",
  });
  const again = issuer.grant();
  await grants.put(key, again);
  expect(text(await grants.fresh(key, { send }))).toBe(text(again));
  store.damage(key);
  expect(await grants.remove(key)).toBeUndefined();
  expect(await grants.current(key)).toBeUndefined();
});

test("an answer that comes when another process has begun again gives the other's token, and never the one that has ended", async () => {
  const { grants, start, issuer, send, clock, settle } = setUp({ graceMs: hour });
  await grants.put(key, issuer.grant());
  clock.pass(hour);
  const answers: (() => void)[] = [];
  const late: SendRefresh = (grant) =>
    new Promise((resolve) => answers.push(() => resolve(issuer.refresh(grant))));
  // Its timers are late, so that its lease ends first.
  const stuck = start({ ...clock, after: (ms, task) => clock.after(ms * 2, task) });
  const first = Promise.resolve(stuck.fresh(key, { send: late }));
  await settle();
  clock.pass(20_001);
  const second = Promise.resolve(grants.fresh(key, { send: late }));
  await settle();
  answers[0]?.();
  await settle();
  answers[1]?.();
  await settle();
  clock.pass(1_000);
  expect(text(await first)).toBe(text(await second));
  expect((await first)?.expiresAt).toBeGreaterThan(clock.now());
  expect(issuer.reused).toEqual([]);
  expect(text(await start().fresh(key, { send }))).toBe(text(await second));
});

test("a refresh that failed unsent is remembered no longer than its row needs it", async () => {
  let isFailing = false;
  const { grants, start, issuer, send, clock } = setUp({
    spoil: (real) =>
      spoilt(real, {
        put: async (...args) => {
          if (isFailing && args[2].urgent === true) throw away();
          return real.credentials.put(...args);
        },
      }),
  });
  await grants.put(key, issuer.grant());
  clock.pass(hour);
  isFailing = true;
  // The tokens are paid for and not written.
  expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  const unsent: SendRefresh = () => Promise.reject(new TenantryError("CONNECT_FAILED", "away"));
  // Another tenant, whose issuer is away, while the store fails and after it.
  for (const crowd of [1_100, 1_100]) {
    for (let index = 0; index < crowd; index++) {
      const other = { ...key, workspace: workspaceId("other"), user: userId(`${isFailing} ${index}`) };
      await grants.put(other, { ...issuer.grant(), expiresAt: 1 });
      await failure(Promise.resolve(grants.fresh(other, { send: unsent })));
    }
    isFailing = false;
  }
  const next = await grants.fresh(key, { send });
  expect(text(await start().current(key))).toBe(text(next));
  expect([issuer.requests, issuer.reused]).toEqual([1, []]);
});

test("trouble of the store ends nobody's grant, and a grant that was removed meanwhile has ended once that has passed", async () => {
  let isAway = false;
  const { grants, store, issuer, settle } = setUp({
    spoil: (real) =>
      spoilt(real, {
        get: async (...args) => {
          if (isAway) throw away();
          return real.credentials.get(...args);
        },
      }),
  });
  const grant = issuer.grant();
  await grants.put(key, grant);
  await grants.current(key);
  const ended: string[] = [];
  grants.watch(({ subject }) => ended.push(subject));
  isAway = true;
  await reseal(store);
  await settle();
  expect(ended).toEqual([]);
  isAway = false;
  store.resync();
  await settle();
  expect([ended, text(await grants.current(key))]).toEqual([[], text(grant)]);
  isAway = true;
  await store.credentials.delete(key);
  await settle();
  isAway = false;
  expect(await grants.current(key)).toBeUndefined();
  expect(ended).toEqual([grant.subject]);
});

const forEver = () => new Promise<never>(() => {});

test.for(["get", "acquire", "commit", "release"] as const)(
  "a store that never answers %s keeps nobody waiting for ever, nor close()",
  async (what) => {
    let hangs = false;
    const limits = { refreshTimeoutMs: 300, refreshLeaseMs: 400 };
    const { grants, issuer, send, clock, settle } = setUp({
      limits,
      spoil: (real) =>
        spoilt(
          real,
          {
            get: (...args) => (hangs && what === "get" ? forEver() : real.credentials.get(...args)),
            put: (...args) =>
              hangs && what === "commit" && args[2].urgent ? forEver() : real.credentials.put(...args),
          },
          {
            acquire: (...args) => (hangs && what === "acquire" ? forEver() : real.leases.acquire(...args)),
            release: (...args) => (hangs && what === "release" ? forEver() : real.leases.release(...args)),
          },
        ),
    });
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    hangs = true;
    const call = (async () => grants.fresh(key, { send }))().then(text, (error: TenantryError) => error.code);
    await settle();
    clock.pass(5_000);
    expect(await call).toMatch(what === "release" ? /^access-/u : /^TIMEOUT$/u);
    const again = failure((async () => grants.fresh(key, { send, rejected: "x" }))()).catch(() => {});
    await settle();
    const closed = grants.close();
    await settle();
    clock.pass(5_000);
    await closed;
    await again;
    expect(clock.waiting).toBe(0);
    expect(issuer.reused).toEqual([]);
  },
);
