import assert from "node:assert/strict";
import type { StoreLease } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential, rejects } from "./samples.ts";

const key = credential("w", "ada");
const long = { ttlMs: 60_000 } as const;

export const leases = checksOf({
  async "gives a lease to one holder at a time, for a time that its clock says"({ store, other, now }) {
    const before = now();
    const lease = await acquired(store.leases.acquire("a", long));
    assert.equal(lease.name, "a");
    assert.ok(lease.expiresAt >= before + long.ttlMs && lease.expiresAt <= now() + long.ttlMs);
    assert.equal(await store.leases.acquire("a", long), undefined);
    assert.equal(await other.leases.acquire("a", long), undefined);
    assert.ok(await store.leases.acquire("b", long));
    assert.ok(await store.leases.acquire("a\0", long));
  },
  async "gives a lease anew once it is released, with a higher fence"({ store, other }) {
    const first = await acquired(store.leases.acquire("a", long));
    await other.leases.release(first);
    const second = await acquired(other.leases.acquire("a", long));
    assert.ok(second.fence > first.fence);
    await store.leases.release(first);
    assert.equal(await store.leases.acquire("a", long), undefined);
  },
  async "gives a lease anew once it has run out, with a higher fence"({ store, other, advance }) {
    const first = await acquired(store.leases.acquire("a", { ttlMs: 500 }));
    await advance(600);
    await rejects(store.leases.renew(first, long), "STORE_CONFLICT");
    const second = await acquired(other.leases.acquire("a", long));
    assert.ok(second.fence > first.fence);
    await rejects(store.leases.renew(first, long), "STORE_CONFLICT");
    await store.leases.release(first);
    assert.ok((await other.leases.renew(second, long)).fence === second.fence);
  },
  async "renews a lease, which keeps its fence and lasts from then"({ store, now, advance }) {
    const lease = await acquired(store.leases.acquire("a", { ttlMs: 1_000 }));
    const renewed = await store.leases.renew(lease, long);
    assert.equal(renewed.fence, lease.fence);
    assert.ok(renewed.expiresAt > now() + 30_000);
    await advance(1_100);
    assert.equal(await store.leases.acquire("a", long), undefined);
  },
  async "writes under a lease while it is held, and refuses once it has ended or somebody else has it"({
    store,
    other,
  }) {
    const lease = await acquired(store.leases.acquire("a", long));
    const version = await store.credentials.put(key, 1, { ifVersion: null, lease });
    await store.leases.release(lease);
    await rejects(store.credentials.put(key, 2, { ifVersion: version, lease }), "STORE_CONFLICT");
    await acquired(other.leases.acquire("a", long));
    await rejects(store.credentials.put(key, 2, { ifVersion: version, lease }), "STORE_CONFLICT");
    assert.deepEqual(await store.credentials.get(key), { value: 1, version });
  },
  async "refuses leases and times that are none"({ store }) {
    for (const ttlMs of [0, -1, 1.5, Number.NaN, Infinity, "1", 1e12]) {
      await rejects(store.leases.acquire("a", { ttlMs: ttlMs as number }), "ARGUMENT_INVALID");
    }
    for (const nothing of [null, undefined] as never[]) {
      await rejects(store.leases.acquire("a", nothing), "ARGUMENT_INVALID");
      await rejects(store.leases.renew(nothing, long), "ARGUMENT_INVALID");
      await rejects(store.leases.release(nothing), "ARGUMENT_INVALID");
    }
    await rejects(store.leases.acquire("\ud800", long), "ARGUMENT_INVALID");
    await rejects(store.leases.acquire("x".repeat(3_000), long), "ARGUMENT_INVALID");
    await rejects(store.leases.renew({ name: "a" } as StoreLease, long), "ARGUMENT_INVALID");
    const invented = { name: "a", fence: 1, expiresAt: Number.MAX_SAFE_INTEGER };
    await rejects(store.leases.renew(invented, long), "STORE_CONFLICT");
    await store.leases.release(invented);
  },
});

async function acquired(lease: Promise<StoreLease | undefined>): Promise<StoreLease> {
  return (await lease) ?? assert.fail("Nobody has the lease, and yet it was not given.");
}
