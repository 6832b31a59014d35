import { randomBytes } from "node:crypto";
import { serverId, TenantryError, userId, workspaceId, type CredentialKey } from "@tenantry/core";
import { expect, test } from "vitest";
import { failure, handClock } from "../../test/fixture.ts";
import { memoryStore } from "../../test/memory-store.ts";
import { credentialVault, reseal, sealWithKeys, type ResealProgress } from "../index.ts";
import { sealedFor, type SealedRow } from "./sealed-row.ts";

const [a, b] = [randomBytes(32), randomBytes(32)];
const before = sealWithKeys({ current: "a", keys: { a } });
const during = sealWithKeys({ current: "b", keys: { a, b } });
const after = sealWithKeys({ current: "b", keys: { b } });

const addressOf = (index: number) => ({
  workspace: "acme",
  user: `user-${index}`,
  server: "github",
  slot: "token",
});
const keyOf = (index: number): CredentialKey => ({
  workspace: workspaceId("acme"),
  user: userId(`user-${index}`),
  server: serverId("github"),
  slot: "token",
});

async function filled(count: number) {
  const store = memoryStore(handClock());
  const vault = credentialVault({ store, sealer: before });
  for (let index = 0; index < count; index++) await vault.save(addressOf(index), `token-${index}`);
  const open = async (index: number) => {
    const key = keyOf(index);
    const row = await store.credentials.get(key);
    return (await after.open((row?.value as unknown as SealedRow).sealed, sealedFor("value", key))).reveal();
  };
  return { store, open };
}

test("seals every row anew, so that the old key can be dropped, and a second run finds nothing to do", async () => {
  const { store, open } = await filled(25);
  const progress = await reseal(store.credentials, during, { pageSize: 10 });
  expect(progress).toEqual({ resealed: 25, kept: 0, broken: 0 });
  for (let index = 0; index < 25; index++) expect(await open(index)).toBe(`token-${index}`);
  expect(await reseal(store.credentials, during)).toEqual({ resealed: 0, kept: 25, broken: 0 });
});

test("stops at an abort and goes on where it was", async () => {
  const { store, open } = await filled(30);
  const stop = new AbortController();
  const pages: ResealProgress[] = [];
  const onPage = (progress: ResealProgress) => {
    pages.push(progress);
    if (pages.length === 2) stop.abort("enough");
  };
  const stopped = reseal(store.credentials, during, { pageSize: 10, signal: stop.signal, onPage });
  expect(await failure(stopped)).toBe("enough");
  expect(pages.map(({ resealed }) => resealed)).toEqual([10, 20]);
  const rest = await reseal(store.credentials, during, { after: pages.at(-1)?.next, pageSize: 10 });
  expect(rest).toEqual({ resealed: 10, kept: 0, broken: 0 });
  for (let index = 0; index < 30; index++) expect(await open(index)).toBe(`token-${index}`);
});

test("never overwrites what is saved meanwhile, however often", async () => {
  const { store, open } = await filled(40);
  const vault = credentialVault({ store, sealer: during });
  let serial = 0;
  let running = true;
  const latest = new Map<number, string>();
  const write = async () => {
    while (running) {
      const index = serial++ % 40;
      latest.set(index, `saved-${serial}`);
      await vault.save(addressOf(index), `saved-${serial}`);
    }
  };
  const writing = write();
  const progress = await reseal(store.credentials, during, { pageSize: 7 });
  running = false;
  await writing;
  expect(progress.resealed + progress.kept).toBe(40);
  for (let index = 0; index < 40; index++)
    expect(await open(index)).toBe(latest.get(index) ?? `token-${index}`);
});

test("leaves a row that was removed meanwhile removed, and keeps when a row ends", async () => {
  const { store } = await filled(1);
  const key = keyOf(0);
  const row = await store.credentials.get(key);
  const ends = { ifVersion: row?.version ?? null, expiresAt: 5_000 };
  await store.credentials.put(key, row?.value ?? null, ends);
  await reseal(store.credentials, during);
  expect(await store.credentials.get(key)).toMatchObject({ expiresAt: 5_000 });

  const removing = {
    scan: store.credentials.scan.bind(store.credentials),
    get: store.credentials.get.bind(store.credentials),
    put: async (...args: Parameters<typeof store.credentials.put>) => {
      await store.credentials.delete(key);
      return store.credentials.put(...args);
    },
  };
  const other = sealWithKeys({ current: "c", keys: { b, c: randomBytes(32) } });
  expect(await reseal(removing, other)).toEqual({ resealed: 0, kept: 1, broken: 0 });
  expect(await store.credentials.get(key)).toBeUndefined();
});

test("tells of rows that do not open, leaves them, and passes over those that are not sealed", async () => {
  const { store } = await filled(2);
  const row = await store.credentials.get(keyOf(0));
  await store.credentials.put(keyOf(7), row?.value ?? null, { ifVersion: null });
  await store.credentials.put(keyOf(8), { plain: true }, { ifVersion: null });
  const broken: CredentialKey[] = [];
  const progress = await reseal(store.credentials, during, { onBroken: (key) => broken.push(key) });
  expect(progress).toEqual({ resealed: 2, kept: 1, broken: 1 });
  expect(broken).toEqual([keyOf(7)]);
  expect((await store.credentials.get(keyOf(7)))?.value).toEqual(row?.value);
});

test("rejects as the store does", async () => {
  const { store } = await filled(1);
  const error = new TenantryError("STORE_UNAVAILABLE", "away");
  const away = { ...store.credentials, scan: () => Promise.reject(error) } as typeof store.credentials;
  expect(await failure(reseal(away, during))).toBe(error);
});

test("passes a row that cannot be read at all, and tells whose it is", async () => {
  const { store } = await filled(5);
  store.damage(keyOf(1));
  const told: CredentialKey[] = [];
  const onBroken = (key: CredentialKey) => void told.push(key);
  const progress = await reseal(store.credentials, during, { pageSize: 2, onBroken });
  expect(progress).toEqual({ resealed: 4, kept: 0, broken: 1 });
  expect(told).toEqual([keyOf(1)]);
});

test("counts a row as broken that is damaged while it is sealed anew", async () => {
  const { store } = await filled(1);
  const damaging = {
    scan: store.credentials.scan.bind(store.credentials),
    get: store.credentials.get.bind(store.credentials),
    async put(...args: Parameters<typeof store.credentials.put>) {
      await store.credentials.put(keyOf(0), "another", { ifVersion: args[2].ifVersion });
      store.damage(keyOf(0));
      return store.credentials.put(...args);
    },
  };
  expect(await reseal(damaging, during)).toEqual({ resealed: 0, kept: 0, broken: 1 });
});
