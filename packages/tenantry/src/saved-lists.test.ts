import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TenantryError, type Store, type StoreChange } from "@tenantry/core";
import { startFakeServer, type FakeServer } from "@tenantry/testing";
import { afterAll, describe, expect, it } from "vitest";
import { bearer, createTenantry, fromContext, sealWithKeys, type Tenantry } from "./index.ts";
import { sqliteStore } from "./sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantry-lists-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sealer = sealWithKeys({ current: "k", keys: { k: randomBytes(32) } });
const listsOf = ({ requests }: FakeServer) => requests.filter(({ rpc }) => rpc === "tools/list").length;
const place = () => join(folder, `${crypto.randomUUID()}.db`);

/** An instance on a store, as a process has it that begins. */
function start(server: FakeServer, store: Store): Tenantry {
  return createTenantry({ servers: { notes: { url: server.url } }, store, sealer });
}

/** Lists once, in a process of its own, and waits for what is saved. */
async function listOnce(server: FakeServer, file: string, user = "ada") {
  const store = sqliteStore(file);
  await using tenantry = start(server, store);
  const saved = new Promise<void>((resolve) => {
    store.watch((change: StoreChange) => {
      if (change.kind === "changed" && change.slice === "catalogs") resolve();
    });
  });
  const listing = await tenantry.workspace("acme").as(user).listTools();
  await saved;
  return listing;
}

describe("a process that begins where another one has listed", () => {
  it("calls by name without asking for a list", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    await listOnce(server, file);
    expect(listsOf(server)).toBe(1);
    await using tenantry = start(server, sqliteStore(file));
    const ada = tenantry.workspace("acme").as("ada");
    expect(await ada.callTool("notes__echo", { text: "hi" })).toMatchObject({ content: [{ text: "hi" }] });
    expect(listsOf(server)).toBe(1);
  });

  it("shows the tools of a server that is down, and says so once it was asked", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    const first = await listOnce(server, file);
    await server.close();
    await using tenantry = start(server, sqliteStore(file));
    const ada = tenantry.workspace("acme").as("ada");
    expect(await ada.listTools()).toEqual(first);
    const { tools, unavailable } = await ada.listTools({ fresh: true });
    expect(tools.map(({ name }) => name)).toEqual(first.tools.map(({ name }) => name));
    expect(tools.every(({ origin }) => origin.stale === true)).toBe(true);
    expect(unavailable).toMatchObject([{ server: "notes" }]);
  });

  it("knows nothing of it for another user, another workspace or another conversation", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    await listOnce(server, file);
    await using tenantry = start(server, sqliteStore(file));
    await tenantry.workspace("acme").as("bob").listTools();
    await tenantry.workspace("globex").as("ada").listTools();
    await tenantry.workspace("acme").as({ user: "ada", session: "two" }).listTools();
    expect(listsOf(server)).toBe(4);
  });

  it("knows nothing of it under another credential", async () => {
    await using server = await startFakeServer({
      era: "legacy",
      authenticate: { header: "authorization", keys: { one: "ada", two: "ada" } },
    });
    const file = place();
    const servers = { notes: { url: server.url, credential: bearer(fromContext("token")) } };
    for (const token of ["one", "two"]) {
      await using tenantry = createTenantry({ servers, store: sqliteStore(file), sealer });
      await tenantry.workspace("acme").as("ada", { token }).listTools();
    }
    expect(listsOf(server)).toBe(2);
  });

  it("knows nothing of it after the user was forgotten", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    await listOnce(server, file);
    await listOnce(server, file, "bob");
    await using tenantry = start(server, sqliteStore(file));
    await tenantry.workspace("acme").forget("ada");
    await tenantry.workspace("acme").as("ada").listTools();
    await tenantry.workspace("acme").as("bob").listTools();
    expect(listsOf(server)).toBe(3);
  });
});

describe("a store", () => {
  it("has one row of a list for all who are shown the same", async () => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    for (const user of ["ada", "bob"]) await listOnce(server, file, user);
    await using store = sqliteStore(file);
    expect((await store.catalogs.scan()).rows).toHaveLength(2);
    expect((await store.lists.scan()).rows).toHaveLength(1);
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ["no list", async (store) => overwrite(store, "lists", { tools: [] })],
    [
      "a list of another content",
      async (store) => overwrite(store, "lists", [{ name: "forged", inputSchema: {} }]),
    ],
    ["no row", async (store) => overwrite(store, "catalogs", "text")],
    ["a row without a list", async (store) => overwrite(store, "catalogs", { tools: { hash: 5 } })],
  ])("that holds %s has the server asked", async (_, spoil) => {
    await using server = await startFakeServer({ era: "legacy" });
    const file = place();
    const first = await listOnce(server, file);
    const store = sqliteStore(file);
    await spoil(store);
    await using tenantry = start(server, store);
    expect(await tenantry.workspace("acme").as("ada").listTools()).toEqual(first);
    expect(listsOf(server)).toBe(2);
  });

  it.each(["get", "put"] as const)("that fails to %s costs nobody an answer", async (verb) => {
    await using server = await startFakeServer({ era: "legacy" });
    await using whole = sqliteStore(place());
    const broken = async () => Promise.reject(new TenantryError("STORE_UNAVAILABLE", "It is broken."));
    const slices = {
      catalogs: { ...whole.catalogs, [verb]: broken },
      lists: { ...whole.lists, [verb]: broken },
    };
    await using tenantry = start(server, { ...whole, ...slices });
    const ada = tenantry.workspace("acme").as("ada");
    expect((await ada.listTools()).unavailable).toEqual([]);
    expect(await ada.callTool("notes__echo", { text: "hi" })).toMatchObject({ content: [{ text: "hi" }] });
  });
});

async function overwrite(store: Store, slice: "catalogs" | "lists", value: unknown): Promise<void> {
  for (const { key, version } of (await store[slice].scan()).rows)
    await store[slice].put(key as never, value as never, { ifVersion: version });
}
