import assert from "node:assert/strict";
import { checksOf } from "./check.ts";
import { credential, flow, rejects, serverKey } from "./samples.ts";

const key = credential("acme", "ada");

export const rows = checksOf({
  async "gives a row as it was written, and nothing where there is none"({ store, other }) {
    assert.equal(await store.credentials.get(key), undefined);
    assert.equal(await store.credentials.version(key), undefined);
    const version = await store.credentials.put(key, { token: "t" }, { ifVersion: null });
    assert.deepEqual(await store.credentials.get(key), { value: { token: "t" }, version });
    assert.deepEqual(await other.credentials.get(key), { value: { token: "t" }, version });
    assert.equal(await other.credentials.version(key), version);
  },
  async "writes over a row only with its version, and gives each write another one"({ store }) {
    const first = await store.credentials.put(key, 1, { ifVersion: null });
    const second = await store.credentials.put(key, 2, { ifVersion: first });
    assert.notEqual(second, first);
    await rejects(store.credentials.put(key, 3, { ifVersion: first }), "STORE_CONFLICT");
    await rejects(store.credentials.put(key, 3, { ifVersion: null }), "STORE_CONFLICT");
    assert.deepEqual(await store.credentials.get(key), { value: 2, version: second });
  },
  async "does not write where a row was expected and there is none"({ store }) {
    for (const never of ["never-given", "", "a\0b", "'"]) {
      await rejects(store.credentials.put(key, 1, { ifVersion: never }), "STORE_CONFLICT");
    }
    await rejects(store.credentials.put(key, 1, { ifVersion: "x".repeat(10_000) }), "ARGUMENT_INVALID");
    assert.equal(await store.credentials.get(key), undefined);
  },
  async "refuses a write that leaves out its condition"({ store }) {
    await rejects(store.credentials.put(key, 1, {} as never), "ARGUMENT_INVALID");
    await rejects(store.credentials.put(key, 1, undefined as never), "ARGUMENT_INVALID");
    assert.equal(await store.credentials.get(key), undefined);
  },
  async "deletes a row, of one version where one is given"({ store }) {
    const first = await store.credentials.put(key, 1, { ifVersion: null });
    const second = await store.credentials.put(key, 2, { ifVersion: first });
    await rejects(store.credentials.delete(key, { ifVersion: first }), "STORE_CONFLICT");
    await store.credentials.delete(key, { ifVersion: second });
    assert.equal(await store.credentials.get(key), undefined);
    await store.credentials.delete(key);
    await store.credentials.delete(key, { ifVersion: second });
  },
  async "never gives a version twice, not even to a row that was deleted and written anew"({ store }) {
    const versions = new Set<string>();
    for (let round = 0; round < 20; round++) {
      versions.add(await store.credentials.put(key, "same", { ifVersion: null }));
      await store.credentials.delete(key);
    }
    assert.equal(versions.size, 20);
    await store.credentials.put(key, "same", { ifVersion: null });
    for (const version of versions)
      await rejects(store.credentials.put(key, 1, { ifVersion: version }), "STORE_CONFLICT");
  },
  async "keeps every slice apart"({ store }) {
    const names = serverKey("acme", "github");
    await store.servers.put(names, "server", { ifVersion: null });
    await store.workspaces.put({ workspace: names.workspace }, "workspace", { ifVersion: null });
    await store.flows.put(flow("acme"), "flow", { ifVersion: null });
    await store.verdicts.put({ url: "acme" }, "verdict", { ifVersion: null });
    await store.clients.put({ issuer: "acme", callbackUrl: "github" }, "client", { ifVersion: null });
    assert.equal((await store.servers.get(names))?.value, "server");
    assert.equal((await store.workspaces.get({ workspace: names.workspace }))?.value, "workspace");
    assert.equal((await store.flows.get(flow("acme")))?.value, "flow");
    assert.equal((await store.verdicts.get({ url: "acme" }))?.value, "verdict");
    assert.equal((await store.clients.get({ issuer: "acme", callbackUrl: "github" }))?.value, "client");
    assert.equal(await store.verdicts.get({ url: "github" }), undefined);
  },
});
