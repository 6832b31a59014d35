import assert from "node:assert/strict";
import { checksOf } from "./check.ts";
import { credential, rejects, within } from "./samples.ts";

const key = credential("w", "ada");

export const expiry = checksOf({
  async "has no row any more from the moment at which it ends"({ store, now, advance }) {
    const expiresAt = now() + 1_000;
    const version = await store.credentials.put(key, 1, { ifVersion: null, expiresAt });
    assert.deepEqual(await store.credentials.get(key), { value: 1, version, expiresAt });
    await advance(1_100);
    assert.equal(await store.credentials.get(key), undefined);
    assert.deepEqual((await store.credentials.list(within("w"))).rows, []);
    assert.deepEqual((await store.credentials.scan()).rows, []);
    assert.equal(await store.credentials.clear(within("w")), 0);
  },
  async "writes over a row that has ended as if there were none"({ store, now }) {
    const ended = await store.credentials.put(key, 1, { ifVersion: null, expiresAt: now() - 10_000 });
    await rejects(store.credentials.put(key, 2, { ifVersion: ended }), "STORE_CONFLICT");
    await store.credentials.delete(key, { ifVersion: "another" });
    const version = await store.credentials.put(key, 2, { ifVersion: null });
    assert.deepEqual(await store.credentials.get(key), { value: 2, version });
  },
  async "lets a write change or take away when a row ends"({ store, now }) {
    const first = await store.credentials.put(key, 1, { ifVersion: null, expiresAt: now() + 60_000 });
    const second = await store.credentials.put(key, 1, { ifVersion: first });
    assert.equal((await store.credentials.get(key))?.expiresAt, undefined);
    await store.credentials.put(key, 1, { ifVersion: second, expiresAt: now() - 60_000 });
    assert.equal(await store.credentials.get(key), undefined);
    for (const expiresAt of [Number.NaN, 1.5, Infinity, "1"]) {
      await rejects(
        store.credentials.put(key, 1, { ifVersion: null, expiresAt: expiresAt as number }),
        "ARGUMENT_INVALID",
      );
    }
  },
});
