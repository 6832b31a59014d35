import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { scopeOf, TenantryError, userId, type CredentialEvent, type CredentialSource } from "@tenantry/core";
import { describe, expect, test } from "vitest";
import { ada, dependencies, failure, handClock, remote, request, sent, thrown } from "../test/fixture.ts";
import { memoryStore } from "../test/memory-store.ts";
import {
  bearer,
  chain,
  combine,
  credentialVault,
  fromContext,
  fromStatic,
  fromStore,
  header,
  sealWithKeys,
} from "./index.ts";

const address = { workspace: "acme", user: "ada", server: "github", slot: "authorization" };
const bob = scopeOf({ ...ada, user: userId("bob") }, "user");

function setUp(source: CredentialSource = bearer(fromStore())) {
  const clock = handClock();
  const store = memoryStore(clock);
  const sealer = sealWithKeys({ current: "k", keys: { k: randomBytes(32) } });
  const start = () => source.bind({ ...dependencies, clock, store, sealer });
  const provider = start();
  const read = async (parts: Parameters<typeof request>[0] = {}) =>
    sent(await provider.resolve(request(parts)));
  return { clock, store, sealer, start, provider, read, vault: credentialVault({ store, sealer, clock }) };
}

/** Lets a change be heard and looked into, which takes a read of a store in memory. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("fromStore", () => {
  test("gives each user what was saved for that user, at that server, in that slot", async () => {
    const { vault, read } = setUp();
    await vault.save(address, "t-ada");
    await vault.save({ ...address, user: "bob" }, "t-bob");
    await vault.save({ ...address, slot: "other" }, "t-other");
    await vault.save({ ...address, server: "gitlab" }, "t-gitlab");
    expect(await read()).toEqual({ authorization: "Bearer t-ada" });
    expect(await read({ scope: bob })).toEqual({ authorization: "Bearer t-bob" });
    const other = setUp(bearer(fromStore({ slot: "other" })));
    await other.vault.save({ ...address, slot: "other" }, "t-other");
    expect(await other.read()).toEqual({ authorization: "Bearer t-other" });
  });

  test("gives a shared connection the workspace's, never a user's, and everyone's nothing", async () => {
    const { vault, read } = setUp();
    await vault.save(address, "t-ada");
    for (const share of ["workspace", "discovery", "everyone"] as const)
      expect(await failure(read({ scope: { share, workspace: ada.workspace } }))).toMatchObject({
        code: "CREDENTIAL_MISSING",
        message: expect.stringContaining("credentialVault().save()") as string,
      });
    const { user: _none, ...shared } = address;
    await vault.save(shared, "t-acme");
    expect(await read({ scope: { share: "workspace", workspace: ada.workspace } })).toEqual({
      authorization: "Bearer t-acme",
    });
    expect(await read()).toEqual({ authorization: "Bearer t-ada" });
  });

  test("reads once for all who ask, and gives the same credential at once after that", async () => {
    const { vault, store, provider } = setUp();
    await vault.save(address, "t-ada");
    const calls = store.calls();
    const context = {};
    await Promise.all(Array.from({ length: 100 }, async () => provider.resolve(request({ context }))));
    expect(store.calls()).toBe(calls + 1);
    const known = provider.resolve(request({ context }));
    expect(known).not.toBeInstanceOf(Promise);
    expect(provider.resolve(request({ context }))).toBe(known);
    expect(store.calls()).toBe(calls + 1);
  });

  test("reads again when the value was saved anew, refused or kept for long enough, or everything may have changed", async () => {
    const { vault, read, store, clock, provider } = setUp();
    await vault.save(address, "t-1");
    await read();
    await vault.save(address, "t-2");
    expect(await read()).toEqual({ authorization: "Bearer t-2" });
    const generation = (await provider.resolve(request()))?.generation ?? "";
    for (const again of [
      () => read({ rejected: { generation } }),
      () => (clock.pass(60_000), read()),
      () => (clock.pass(-90_000), read()),
      () => (store.resync(), read()),
    ]) {
      const calls = store.calls();
      expect(await again()).toEqual({ authorization: "Bearer t-2" });
      expect(store.calls()).toBe(calls + 1);
    }
    const calls = store.calls();
    await read({ rejected: { generation } });
    await read();
    expect(store.calls()).toBe(calls + 1);
  });

  test("does not give again what was refused and has been removed, of which the store has not told", async () => {
    const { vault, read, store, provider } = setUp();
    await vault.save(address, "t-1");
    const generation = (await provider.resolve(request()))?.generation ?? "";
    await store.quietly(() => vault.remove(address));
    expect(await failure(read({ rejected: { generation } }))).toMatchObject({ code: "CREDENTIAL_MISSING" });
    expect(await failure(read())).toMatchObject({ code: "CREDENTIAL_MISSING" });
  });

  test("does not remember that there is nothing", async () => {
    const { vault, read } = setUp();
    expect(await failure(read())).toMatchObject({ code: "CREDENTIAL_MISSING" });
    await vault.save(address, "t-1");
    expect(await read()).toEqual({ authorization: "Bearer t-1" });
  });

  test("fails typed where the row is broken or another's, or the store is away", async () => {
    const { vault, store, read } = setUp();
    await vault.save(address, "t-ada");
    const { value } = (await store.credentials.get({ ...ada, server: remote.id, slot: "authorization" })) ?? {
      value: null,
    };
    await store.credentials.put(
      { workspace: ada.workspace, user: userId("bob"), server: remote.id, slot: "authorization" },
      value,
      { ifVersion: null },
    );
    expect(await failure(read({ scope: bob }))).toMatchObject({
      code: "CREDENTIAL_FAILED",
      cause: { code: "SEAL_BROKEN" },
    });
    const away = new TenantryError("STORE_UNAVAILABLE", "away", { retryable: true });
    store.credentials.get = () => Promise.reject(away);
    expect(await failure(read())).toMatchObject({ code: "CREDENTIAL_FAILED", retryable: true, cause: away });
  });

  test("needs a store and a sealer, and says so when it is bound", async () => {
    const { store, sealer } = setUp();
    for (const parts of [{}, { store }, { sealer }])
      expect(thrown(() => bearer(fromStore()).bind({ ...dependencies, ...parts }))).toMatchObject({
        code: "CONFIG_INVALID",
      });
    expect(thrown(() => fromStore().read(request(), dependencies.clock))).toMatchObject({
      code: "CONFIG_INVALID",
    });
    for (const options of [{ slot: " " }, { ttlMs: 0 }, { ttlMs: 1.5 }])
      expect(thrown(() => fromStore(options))).toMatchObject({ code: "CREDENTIAL_INVALID" });
  });

  test("takes its turn in a chain", async () => {
    const { vault, read } = setUp(bearer(chain([fromContext("token"), fromStore()])));
    await vault.save(address, "t-saved");
    expect(await read({ context: { token: "t-own" } })).toEqual({ authorization: "Bearer t-own" });
    expect(await read()).toEqual({ authorization: "Bearer t-saved" });
  });
});

describe("a saved value that is removed", () => {
  const parts = [bearer(fromStore()), header("x-key", fromStatic("k"))];
  test.for([bearer(fromStore()), bearer(chain([fromContext("token"), fromStore()])), combine(parts)])(
    "ends what carries it, in every process, and nobody else's (%#)",
    async (source) => {
      const { vault, start, store } = setUp(source);
      await vault.save(address, "t-ada");
      await vault.save({ ...address, user: "bob" }, "t-bob");
      const told: CredentialEvent[] = [];
      const provider = start();
      const watch = provider.watch?.((event) => told.push(event));
      provider.watch?.(() => {
        throw new Error("A listener's trouble is its own.");
      });
      await provider.resolve(request());
      await provider.resolve(request({ scope: bob }));
      await vault.save(address, "t-new");
      await settle();
      expect(told).toEqual([]);
      await provider.resolve(request());
      expect(await vault.remove(address)).toBe(true);
      await settle();
      const scope = { share: "user", workspace: "acme", user: "ada" };
      expect(told).toEqual([{ kind: "revoked", scope, server: "github" }]);
      store.resync();
      await settle();
      watch?.[Symbol.dispose]();
      await vault.remove({ ...address, user: "bob" });
      await settle();
      expect(told).toHaveLength(1);
    },
  );

  test("is told of while it is read for somebody", async () => {
    const { vault, provider } = setUp();
    await vault.save(address, "t-ada");
    const told: CredentialEvent[] = [];
    provider.watch?.((event) => told.push(event));
    const reading = Promise.resolve(provider.resolve(request()));
    await vault.remove(address);
    await reading;
    await settle();
    expect(told).toHaveLength(1);
  });

  test("is not told of for trouble of the store, and is once that has passed", async () => {
    const { vault, store, provider } = setUp();
    await vault.save(address, "t-ada");
    const told: CredentialEvent[] = [];
    provider.watch?.((event) => told.push(event));
    await provider.resolve(request());
    const { get } = store.credentials;
    store.credentials.get = () => Promise.reject(new TenantryError("STORE_UNAVAILABLE", "away"));
    store.resync();
    await settle();
    expect(told).toEqual([]);
    store.credentials.get = get.bind(store.credentials);
    await store.quietly(() => vault.remove(address));
    expect(await failure((async () => provider.resolve(request()))())).toMatchObject({
      code: "CREDENTIAL_MISSING",
    });
    expect(told).toHaveLength(1);
    store.resync();
    await settle();
    expect(told).toHaveLength(1);
  });

  test("cannot be watched where no source can be", () => {
    for (const source of [
      bearer(fromStatic("t")),
      combine([bearer(fromStatic("t")), header("x", fromStatic("k"))]),
    ])
      expect(source.bind(dependencies).watch).toBeUndefined();
  });
});

describe("credentialVault", () => {
  test("tells whether there is a value and since when, and never the value", async () => {
    const { vault, clock, store } = setUp();
    expect(await vault.look(address)).toBeUndefined();
    clock.pass(5);
    await vault.save(address, "t-ada");
    const first = await vault.look(address);
    expect(first).toEqual({ version: expect.any(String) as string, savedAt: 5 });
    clock.pass(5);
    await vault.save(address, "t-ada");
    expect(await vault.look(address)).toMatchObject({ savedAt: 10 });
    expect((await vault.look(address))?.version).not.toBe(first?.version);
    expect(await vault.remove(address)).toBe(true);
    expect(await vault.remove(address)).toBe(false);
    expect(await vault.look(address)).toBeUndefined();
    await vault.save(address, "t-ada");
    expect(store.dump() + inspect(vault, { showHidden: true, depth: null })).not.toContain("t-ada");
  });

  test("refuses blank values, malformed names, and slots that hold a grant", async () => {
    const { vault, store } = setUp();
    for (const value of ["", "  ", 7 as never])
      expect(await failure(vault.save(address, value))).toMatchObject({ code: "CREDENTIAL_INVALID" });
    for (const bad of [{ workspace: "" }, { user: " " }, { server: "\u0000" }, { slot: "" }])
      expect(await failure(vault.save({ ...address, ...bad }, "t"))).toBeInstanceOf(TenantryError);
    const key = { workspace: ada.workspace, user: ada.user, server: remote.id, slot: "authorization" };
    await store.credentials.put(key, { kind: "grant", sealed: "x" }, { ifVersion: null });
    for (const call of [
      () => vault.save(address, "t"),
      () => vault.remove(address),
      () => vault.look(address),
    ])
      expect(await failure(call())).toMatchObject({ code: "STORE_INVALID" });
  });

  test("saves over a row that is damaged, and removes one", async () => {
    const { vault, store, read } = setUp();
    const key = { ...address, workspace: ada.workspace, user: ada.user, server: remote.id };
    await vault.save(address, "t-1");
    store.damage(key);
    expect(await failure(vault.look(address))).toMatchObject({ code: "STORE_INVALID" });
    await vault.save(address, "t-2");
    expect(await read()).toEqual({ authorization: "Bearer t-2" });
    store.damage(key);
    expect(await vault.remove(address)).toBe(true);
    expect(await vault.look(address)).toBeUndefined();
  });

  test("lets the last of many savings win", async () => {
    const { vault, read } = setUp();
    await Promise.all(["a", "b", "c", "d"].map((value) => vault.save(address, `t-${value}`)));
    expect(Object.values(await read())[0]).toMatch(/^Bearer t-[abcd]$/u);
  });
});
