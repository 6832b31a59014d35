import { serverId, userId, workspaceId, type Store } from "@tenantry/core";
import { describe, expectTypeOf, test } from "vitest";
import { memoryStore } from "./index.ts";
import { postgresStore } from "./postgres.ts";
import { sqliteStore } from "./sqlite.ts";

const store = memoryStore();
const workspace = workspaceId("acme");
const user = userId("ada");
const server = serverId("github");

describe("every store", () => {
  test("is the one that core describes", () => {
    expectTypeOf(memoryStore).returns.toEqualTypeOf<Store>();
    expectTypeOf(sqliteStore).returns.toEqualTypeOf<Store>();
    expectTypeOf(postgresStore).returns.toEqualTypeOf<Store>();
  });

  test("takes no query of tenants' rows without the workspace", () => {
    expectTypeOf(store.credentials.list).toBeCallableWith({ workspace, user });
    // @ts-expect-error whose?
    void store.credentials.list({ user });
    // @ts-expect-error whose?
    void store.credentials.list({});
    // @ts-expect-error whose?
    void store.servers.clear({ server });
    // @ts-expect-error whose?
    void store.credentials.get({ user, server, slot: "key" });
    // @ts-expect-error whose?
    void store.audit.list({ user });
    // @ts-expect-error from where?
    void store.erase({ user });
  });

  test("takes no part that is undefined, which would stand for everybody", () => {
    // @ts-expect-error everybody's?
    void store.credentials.list({ workspace, user: undefined });
    // @ts-expect-error everybody's?
    void store.credentials.get({ workspace, user: undefined, server, slot: "key" });
    // @ts-expect-error everybody's?
    void store.audit.list({ workspace, user: undefined });
  });

  test("takes no write without its condition, and lists no rows that belong to nobody", () => {
    // @ts-expect-error over what?
    void store.servers.put({ workspace, server }, 1, {});
    // @ts-expect-error era verdicts belong to no workspace
    void store.verdicts.list({ workspace });
  });
});
