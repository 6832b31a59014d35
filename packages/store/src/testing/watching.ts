import assert from "node:assert/strict";
import type { Store, StoreChange } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential, flow, rejects, within } from "./samples.ts";

const key = credential("w", "ada");

export const watching = checksOf({
  async "tells of its own writes and deletions once they are done, and of nothing else"({ store }) {
    const { changes, watcher } = watch(store);
    const version = await store.credentials.put(key, 1, { ifVersion: null });
    await store.credentials.get(key);
    await rejects(store.credentials.put(key, 1, { ifVersion: null }), "STORE_CONFLICT");
    await store.flows.put(flow("s"), 1, { ifVersion: null });
    await store.credentials.delete(key, { ifVersion: version });
    await store.credentials.delete(key);
    watcher[Symbol.dispose]();
    await store.credentials.put(key, 1, { ifVersion: null });
    assert.deepEqual(changes(), [
      { kind: "changed", slice: "credentials", key },
      { kind: "changed", slice: "flows", key: flow("s") },
      { kind: "changed", slice: "credentials", key },
    ]);
  },
  async "tells of each row that is cleared, or that many were"({ store }) {
    for (const server of ["a", "b"])
      await store.credentials.put(credential("w", "ada", server), 1, { ifVersion: null });
    const few = watch(store);
    await store.credentials.clear(within("w"));
    few.watcher[Symbol.dispose]();
    assert.deepEqual(
      few.changes().map((change) => change.kind === "changed" && change.key),
      [credential("w", "ada", "a"), credential("w", "ada", "b")],
    );
    for (let index = 0; index < 150; index++)
      await store.credentials.put(credential("w", "ada", `s${index}`), 1, { ifVersion: null });
    const many = watch(store);
    await store.credentials.clear(within("w"));
    many.watcher[Symbol.dispose]();
    assert.ok(many.resyncs() > 0 || many.changes().length === 150);
  },
  async "tells every watcher, whatever another one does with what it hears"({ store }) {
    const heard: string[] = [];
    using _failing = store.watch(() => {
      throw new Error("a watcher that fails");
    });
    using _rejecting = store.watch((async () => {
      throw new Error("a watcher whose promise fails");
    }) as () => void);
    using _writing = store.watch((change) => {
      if (change.kind === "changed") assert.throws(() => Object.assign(change, { slice: "flows" }));
    });
    using _last = store.watch((change) => {
      if (change.kind === "changed") heard.push(change.slice);
    });
    await store.credentials.put(key, 1, { ifVersion: null });
    assert.deepEqual(heard, ["credentials"]);
  },
});

function watch(store: Store) {
  const all: StoreChange[] = [];
  const watcher = store.watch((change) => all.push(change));
  return {
    watcher,
    changes: () => all.filter(({ kind }) => kind === "changed"),
    resyncs: () => all.filter(({ kind }) => kind === "resync").length,
  };
}
