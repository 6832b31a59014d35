import { describe, expect, it, vi } from "vitest";
import { visit } from "@tenantry/testing/oauth";
import type { CredentialKey, Store } from "@tenantry/core";
import { memoryStore, sealWithKeys, TenantryError } from "./index.ts";
import { failureOf, liveGrants, start, whoami, type StartOptions } from "../test/oauth-world.ts";

/** A world of which the store is known, with Ada connected and a connection of hers open. */
async function connected(options: StartOptions = {}, alter: (store: Store) => Store = (store) => store) {
  const store = memoryStore();
  const sealer = sealWithKeys({ current: "k", keys: { k: new Uint8Array(32).fill(7) } });
  const instance = { store: alter(store), sealer, ...options.instance };
  const world = await start({ oauth: { limits: { requestTimeoutMs: 300 } }, ...options, instance });
  await world.connect("ada");
  await world.acme.as("ada").callTool(whoami);
  // What was granted in a slot that no source has any more, and that nobody can open.
  const other = { workspace: "acme", user: "ada", server: "mail", slot: "other" } as unknown as CredentialKey;
  await store.credentials.put(other, { kind: "grant", sealed: "x" }, { ifVersion: null });
  const isGone = async () => {
    const { rows } = await store.credentials.scan();
    return rows.length === 0 && world.tenantry.stats().connections === 0;
  };
  return { ...world, store, isGone };
}

/** The same store, one method of whose flows does not answer while there is trouble. */
function stalled(store: Store, method: keyof Store["flows"], trouble: { readonly isThere: boolean }): Store {
  const get = (_target: object, name: keyof Store["flows"]): unknown =>
    name === method && trouble.isThere ? () => new Promise<never>(() => {}) : store.flows[name];
  return { ...store, flows: new Proxy({}, { get } as ProxyHandler<object>) as Store["flows"] };
}

/** The same store, which cannot say what else it holds of a person while there is trouble, and erases nobody. */
function failing(store: Store, trouble: { readonly isThere: boolean }): Store {
  const away = async () =>
    Promise.reject(new TenantryError("STORE_UNAVAILABLE", "Away.", { retryable: true }));
  const get = (_target: object, name: keyof Store["credentials"]): unknown =>
    name === "list" && trouble.isThere ? away : store.credentials[name];
  const credentials = new Proxy({}, { get } as ProxyHandler<object>) as Store["credentials"];
  const erase: Store["erase"] = async (person) => (trouble.isThere ? away() : store.erase(person));
  return { ...store, credentials, erase };
}

describe.each(["disconnect", "forget"] as const)("%s()", (way) => {
  const end = ({ acme }: Pick<Awaited<ReturnType<typeof connected>>, "acme">): Promise<unknown> =>
    way === "disconnect" ? acme.disconnect("ada", "mail") : acme.forget("ada");

  it.each([
    ["hangs", { kind: "hang" }],
    ["is ill", { kind: "answer", status: 500 }],
    ["goes away", { kind: "reset" }],
  ] as const)("is done before the issuer is asked, which %s", async (_how, fault) => {
    await using world = await connected();
    const seen: boolean[] = [];
    world.issuer.faults.add(fault, { endpoint: "revoke" });
    const over = end(world);
    await vi.waitFor(() => expect(asked(world)).not.toHaveLength(0));
    seen.push(await world.isGone());
    expect(await over).toEqual(way === "disconnect" ? { removed: true, revoked: false } : undefined);
    expect(seen).toEqual([true]);
    expect(await failureOf(world.acme.as("ada").callTool(whoami))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
  });

  it("is done although its caller does not wait, and has the issuer told of exactly what was there", async () => {
    await using world = await connected();
    const tokens = world.issuer.issued.filter(({ kind }) => kind !== "code").map(({ value }) => value);
    await end(world);
    expect(asked(world).map(({ fields }) => fields["token"])).toEqual(expect.arrayContaining(tokens));
    expect(asked(world)).toHaveLength(tokens.length);
    expect(liveGrants(world)).toBe(0);
  });

  it("closes connections although the store does not answer", async () => {
    const trouble = { isThere: false };
    await using world = await connected({}, (store) => stalled(store, "clear", trouble));
    trouble.isThere = true;
    void end(world).catch(() => {});
    await vi.waitFor(() => expect(world.tenantry.stats().connections).toBe(0));
  });
});

it.each(["disconnect", "forget"] as const)(
  "%s() has the issuer told of what was taken although the store fails after that",
  async (way) => {
    const trouble = { isThere: false };
    await using world = await connected({}, (store) => failing(store, trouble));
    trouble.isThere = true;
    const over = way === "disconnect" ? world.acme.disconnect("ada", "mail") : world.acme.forget("ada");
    expect(await failureOf(over)).toMatchObject({ code: "STORE_UNAVAILABLE" });
    await vi.waitFor(() => expect(liveGrants(world)).toBe(0));
    trouble.isThere = false;
    await world.acme.forget("ada");
    expect(await world.isGone()).toBe(true);
  },
);

/** What the issuer was asked to end. */
const asked = ({ issuer }: Pick<Awaited<ReturnType<typeof connected>>, "issuer">) =>
  issuer.requests.filter(({ endpoint }) => endpoint === "revoke");

it("an abort of disconnect() ends the wait for the issuer and nothing else", async () => {
  await using world = await connected();
  world.issuer.faults.add({ kind: "hang" }, { endpoint: "revoke" });
  const stop = new AbortController();
  const over = failureOf(world.acme.disconnect("ada", "mail", { signal: stop.signal }));
  await vi.waitFor(() => expect(asked(world)).not.toHaveLength(0));
  stop.abort("enough");
  expect(await over).toBe("enough");
  expect(await world.isGone()).toBe(true);
});

it("a step-up leaves calls that are under way alone, longer than a drain would", async () => {
  await using world = await connected({
    server: {
      toolScopes: { echo: ["write"] },
      alterMetadata: ({ scopes_supported: _listed, ...document }) => document,
    },
    grantScopes: (requested) => requested,
    instance: { limits: { drainTimeoutMs: 20 } },
  });
  const ada = world.acme.as("ada");
  const slow = ada.callTool({ server: "mail", tool: "sleep" }, { ms: 600 });
  const { authorizationUrl } = (await failureOf(
    ada.callTool({ server: "mail", tool: "echo" }, { text: "hi" }),
  )) as TenantryError;
  const callback = await visit(authorizationUrl ?? new URL("about:blank"), { login: "ada-at-mail" });
  expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
  await ada.callTool({ server: "mail", tool: "echo" }, { text: "hi" });
  expect(await slow).toMatchObject({ content: expect.anything() as unknown });
});

it("a browser that comes back is answered although the store does not answer", async () => {
  const trouble = { isThere: false };
  await using world = await connected({}, (store) => stalled(store, "list", trouble));
  await world.acme.disconnect("ada", "mail");
  const callback = await visit(await world.urlOf("ada"));
  trouble.isThere = true;
  expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(503);
  trouble.isThere = false;
  expect((await world.comeBack({ workspace: "acme", user: "ada" }, callback)).status).toBe(200);
}, 30_000);
