import assert from "node:assert/strict";
import type { Person, Store } from "@tenantry/core";
import { checksOf } from "./check.ts";
import { credential, flow, rejects, within } from "./samples.ts";

export const tenants = checksOf({
  async "lists and clears what is selected in one workspace, and nothing of another"({ store }) {
    await fill(store);
    assert.equal((await store.credentials.list(within("v"))).rows.length, 5);
    const ada = { ...within("v"), user: credential("v", "ada").user! };
    assert.deepEqual(
      (await store.credentials.list(ada)).rows.map(({ value }) => value),
      ["v/ada/a", "v/ada/b"],
    );
    const server = { ...within("v"), server: credential("v", "ada", "a").server };
    assert.equal(await store.credentials.clear(server), 3);
    assert.equal(await store.credentials.clear(within("v")), 2);
    assert.equal(await store.credentials.clear(within("v")), 0);
    assert.equal((await store.credentials.scan()).rows.length, 5);
  },
  async "refuses to list or to clear without a workspace, and where a part is undefined"({ store }) {
    await fill(store);
    for (const wrong of [
      {},
      undefined,
      null,
      { user: "ada" },
      { workspace: undefined },
      { workspace: "v", user: undefined },
      { workspace: "v", usr: "ada" },
    ]) {
      await rejects(store.credentials.list(wrong as never), "ARGUMENT_INVALID");
      await rejects(store.credentials.clear(wrong as never), "ARGUMENT_INVALID");
    }
    assert.equal((await store.credentials.scan()).rows.length, 10);
  },
  async "erases a person from one workspace or from every one, and nobody else"({ store }) {
    await fill(store);
    const user = credential("v", "ada").user!;
    const parked = { ...within("w"), user, server: credential("w", "ada", "a").server, digest: "d" };
    await store.parked.put(parked, 1, { ifVersion: null });
    const told = { ...within("w"), user, server: parked.server, context: "c" };
    await store.catalogs.put(told, { tools: "h" }, { ifVersion: null });
    const { user: _, ...everybodys } = told;
    await store.catalogs.put(everybodys, { tools: "h" }, { ifVersion: null });
    await store.lists.put({ ...within("w"), hash: "h" }, [], { ifVersion: null });
    for (const workspace of ["v", "w"]) await store.flows.put(flow("s", workspace), 1, { ifVersion: null });
    await store.audit.append({ ...within("w"), user, at: 1, action: "a", detail: {} });
    assert.equal(await store.erase({ user, ...within("v") }), 3);
    assert.equal(await store.flows.get(flow("s", "v")), undefined);
    assert.equal(await store.erase({ user, everyWorkspace: true }), 5);
    assert.equal(await store.flows.get(flow("s", "w")), undefined);
    assert.equal(await store.parked.get(parked), undefined);
    assert.equal(await store.catalogs.get(told), undefined);
    assert.deepEqual((await store.catalogs.get(everybodys))?.value, { tools: "h" });
    assert.deepEqual((await store.lists.get({ ...within("w"), hash: "h" }))?.value, []);
    assert.equal((await store.audit.list(within("w"))).rows.length, 1);
    const left = (await store.credentials.scan()).rows.map(({ key }) => key.user as string | undefined);
    assert.deepEqual(left, [undefined, "bob", "bob", undefined, "bob", "bob"]);
  },
  async "refuses to erase where it is not said who or from where"({ store }) {
    await fill(store);
    for (const wrong of [
      {},
      { user: "ada" },
      { user: "", everyWorkspace: true },
      { user: undefined, everyWorkspace: true },
      { user: "ada", workspace: undefined },
      { user: "ada", everyWorkspace: false },
      { user: "ada", everyWorkspace: "yes" },
      { user: "ada", workspace: "v", everyWorkspace: true },
    ]) {
      await rejects(store.erase(wrong as never as Person), "ARGUMENT_INVALID");
    }
    assert.equal((await store.credentials.scan()).rows.length, 10);
  },
  async "clears more rows than it deletes at once"({ store }) {
    const server = (index: number) => credential("v", "ada", `s${index}`);
    for (let index = 0; index < 1_100; index += 50) {
      const some = Array.from({ length: 50 }, (_, offset) => server(index + offset));
      await Promise.all(some.map((key) => store.credentials.put(key, 1, { ifVersion: null })));
    }
    assert.equal(await store.credentials.clear(within("v")), 1_100);
    assert.deepEqual((await store.credentials.scan()).rows, []);
  },
});

/** Two workspaces with Ada, Bob and a credential of everybody's. */
async function fill(store: Store): Promise<void> {
  for (const workspace of ["v", "w"]) {
    for (const user of ["ada", "bob"]) {
      for (const server of ["a", "b"]) {
        await store.credentials.put(credential(workspace, user, server), `${workspace}/${user}/${server}`, {
          ifVersion: null,
        });
      }
    }
    await store.credentials.put(credential(workspace, undefined, "a"), workspace, { ifVersion: null });
  }
}
