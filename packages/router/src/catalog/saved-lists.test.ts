import { setImmediate as settle } from "node:timers/promises";
import { TenantryError, type ServerId, type UserId, type WorkspaceId } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { listsInMemory } from "../../test/lists-in-memory.ts";
import { toolServer, type MemoryServer, type Received } from "../../test/memory-pool.ts";
import { remoteRef, workspace } from "../../test/workspace.ts";

const acme = "acme" as WorkspaceId;
const [ada, bob] = ["ada", "bob"] as UserId[];
const list = "tools/list";
const refused = () => Promise.reject(new TenantryError("UNAUTHORIZED", "It refuses the credential."));

/** A server that lists one tool, and then as told. */
function docs(then: () => unknown = () => ({ tools: [{ name: "read", inputSchema: { type: "object" } }] })) {
  const first = toolServer(["read"]);
  let times = 0;
  const answer = (request: Received) => (++times === 1 ? first.answer(request) : then());
  return { answer } satisfies MemoryServer;
}

/** A workspace whose lists are saved; whatever is under way is over. */
async function listed(server: MemoryServer = docs()) {
  const store = listsInMemory();
  const made = workspace({ docs: server }, {}, { lists: store.lists });
  await made.as("ada").listTools();
  await settle();
  return { ...made, store };
}

describe("a router that is closed", () => {
  it("keeps nothing of what was on its way", async () => {
    const answered = Promise.withResolvers<void>();
    const { answer } = toolServer(["read"]);
    const slow = { answer: (request: Received) => answered.promise.then(() => answer(request)) };
    const store = listsInMemory();
    const { all, as, pool } = workspace({ docs: slow }, {}, { lists: store.lists });
    const listing = as("ada").listTools();
    await settle();
    await all[Symbol.asyncDispose]();
    answered.resolve();
    expect((await listing).tools).toHaveLength(1);
    await settle();
    expect(store.keys()).toEqual([]);
    await as("ada").listTools();
    expect(pool.methods("docs")).toEqual([list, list]);
  });

  it("keeps nothing of what the store gives then", async () => {
    const { store } = await listed();
    const { all, as, pool } = workspace({ docs: docs() }, {}, { lists: store.lists });
    const release = store.hold("get");
    const listing = as("ada").listTools();
    await settle();
    await all[Symbol.asyncDispose]();
    release();
    expect((await listing).tools).toHaveLength(1);
    expect(pool.methods("docs")).toEqual([list]);
    store.asked.length = 0;
    await as("ada").listTools();
    expect([pool.methods("docs"), store.asked]).toEqual([[list, list], []]);
  });

  it("has nobody's list to give, and nobody else's either", async () => {
    const tools = [{ name: "read", inputSchema: { type: "object" } }];
    const everybodys = {
      era: "modern",
      answer: () => ({ tools, ttlMs: 60_000, cacheScope: "public" }),
    } as const;
    const { all, as, pool } = workspace({ docs: { ...everybodys, routed: { ref: remoteRef("docs") } } });
    for (const user of ["ada", "bob"]) await as(user).listTools();
    expect(pool.methods("docs")).toEqual([list]);
    await all[Symbol.asyncDispose]();
    await as("bob").listTools();
    expect(pool.methods("docs")).toEqual([list, list]);
  });

  it("waits for what is being saved", async () => {
    const store = listsInMemory();
    const release = store.hold("put");
    const { all, as } = workspace({ docs: docs() }, {}, { lists: store.lists });
    await as("ada").listTools();
    let isClosed = false;
    const closing = all[Symbol.asyncDispose]().then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(false);
    release();
    await closing;
    expect(store.keys()).toMatchObject([{ user: "ada" }]);
  });
});

describe("a list that a server gives its user no more", () => {
  it("is saved no more", async () => {
    const { as, store } = await listed(docs(refused));
    await as("bob").listTools();
    expect(store.keys()).toHaveLength(1);
    await as("ada").listTools({ fresh: true });
    await settle();
    expect(store.keys()).toEqual([]);
  });

  it("is not saved after all by what was on its way to the store", async () => {
    const store = listsInMemory();
    const { as } = workspace({ docs: docs(refused) }, {}, { lists: store.lists });
    const release = store.hold("put");
    await as("ada").listTools();
    await as("ada").listTools({ fresh: true });
    await settle();
    release();
    await settle();
    expect(store.keys()).toEqual([]);
  });
});

describe("what is forgotten", () => {
  const two = { docs: toolServer(["read"]), wiki: toolServer(["find"]) };

  it.each([
    [
      "one user",
      { user: ada },
      [
        ["bob", "docs"],
        ["bob", "wiki"],
      ],
    ],
    [
      "one server",
      { server: "docs" as ServerId },
      [
        ["ada", "wiki"],
        ["bob", "wiki"],
      ],
    ],
    [
      "one server of one user",
      { user: bob, server: "wiki" as ServerId },
      [
        ["ada", "docs"],
        ["ada", "wiki"],
        ["bob", "docs"],
      ],
    ],
    ["everybody", {}, []],
  ])("is what was saved of %s, and nothing else", async (_, whom, left) => {
    const store = listsInMemory();
    const { all, as } = workspace(two, {}, { lists: store.lists });
    for (const user of ["ada", "bob"]) await as(user).listTools();
    await settle();
    expect(store.keys()).toHaveLength(4);
    await all.forget({ workspace: acme, ...whom });
    expect(
      store
        .keys()
        .map(({ user, server }) => [user, server])
        .toSorted(),
    ).toEqual(left);
  });

  it("is not saved after all by what was on its way to the store", async () => {
    const store = listsInMemory();
    const { all, as } = workspace({ docs: docs() }, {}, { lists: store.lists });
    const release = store.hold("put");
    await as("ada").listTools();
    const forgetting = all.forget({ workspace: acme, user: ada });
    await settle();
    release();
    await forgetting;
    await settle();
    expect(store.keys()).toEqual([]);
  });

  it("is not known again by what was on its way from the store", async () => {
    const { store } = await listed();
    const { all, as, pool } = workspace({ docs: docs() }, {}, { lists: store.lists });
    const release = store.hold("get");
    const listing = as("ada").listTools();
    await settle();
    await all.forget({ workspace: acme, user: ada });
    release();
    await listing;
    expect(pool.methods("docs")).toEqual([list]);
  });

  it("is not known again by what the store still had", async () => {
    const { store } = await listed();
    const { all, as, pool } = workspace({ docs: docs() }, {}, { lists: store.lists });
    const release = store.hold("clear");
    const forgetting = all.forget({ workspace: acme, user: ada });
    await settle();
    expect((await as("ada").listTools()).tools).toHaveLength(1);
    expect(pool.methods("docs")).toEqual([]);
    release();
    await forgetting;
    await as("ada").listTools();
    expect(pool.methods("docs")).toEqual([list]);
  });
});
