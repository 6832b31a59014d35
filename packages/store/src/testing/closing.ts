import assert from "node:assert/strict";
import { checksOf } from "./check.ts";
import { credential, rejects, within } from "./samples.ts";

const key = credential("w", "ada");

export const closing = checksOf({
  async "finishes the calls that are under way when it is closed, and takes none after it"({ store }) {
    await store.credentials.put(key, 1, { ifVersion: null });
    const under = store.credentials.get(key);
    const closed = store.close();
    assert.equal(store.close(), closed);
    assert.equal((await under)?.value, 1);
    await closed;
    const lease = { name: "a", fence: 1, expiresAt: 1 };
    for (const call of [
      store.credentials.get(key),
      store.credentials.put(key, 1, { ifVersion: null }),
      store.credentials.delete(key),
      store.credentials.list(within("w")),
      store.credentials.scan(),
      store.credentials.clear(within("w")),
      store.erase({ user: key.user!, everyWorkspace: true }),
      store.leases.acquire("a", { ttlMs: 1_000 }),
      store.leases.renew(lease, { ttlMs: 1_000 }),
      store.leases.release(lease),
      store.counters.add("a", 1, { ttlMs: 1_000 }),
      store.counters.get("a"),
      store.counters.reset("a"),
      store.audit.append({ ...within("w"), at: 1, action: "a", detail: {} }),
      store.audit.list(within("w")),
      Promise.resolve().then(() => store.watch(() => {})),
    ]) {
      await rejects(call, "CLOSED");
    }
    await store[Symbol.asyncDispose]();
  },
  async "can be closed before it was used"({ store }) {
    await store.close();
    await rejects(store.credentials.get(key), "CLOSED");
  },
});
