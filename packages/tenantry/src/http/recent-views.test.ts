import type { WorkspaceClient } from "@tenantry/core";
import type { Caller } from "@tenantry/gateway";
import { expect, it } from "vitest";
import { recentViews } from "./recent-views.ts";

function opening() {
  const opened: Caller[] = [];
  const viewOf = recentViews((caller) => {
    opened.push(caller);
    return { of: caller } as unknown as WorkspaceClient;
  });
  return { viewOf, opened };
}

const ada = (more: Partial<Caller> = {}): Caller => ({
  workspace: "acme",
  user: "ada",
  context: { token: "one" },
  ...more,
});

it("gives whoever comes back with the same the same view", () => {
  const { viewOf, opened } = opening();
  const claims = { sub: "ada" };
  const given = () => ada({ context: { token: "one", claims }, roles: ["admin"] });
  expect(viewOf(given())).toBe(viewOf(given()));
  const bare = (): Caller => ({ workspace: "acme", user: "bob" });
  expect(viewOf(bare())).toBe(viewOf({ ...bare(), context: {}, roles: [] }));
  expect(opened).toHaveLength(2);
});

it.for<[string, Partial<Caller>]>([
  ["workspace", { workspace: "globex" }],
  ["user", { user: "bob" }],
  ["session", { session: "two" }],
  ["token", { context: { token: "two" } }],
  ["context, with more in it", { context: { token: "one", more: undefined } }],
  ["context, with less in it", { context: {} }],
  ["context, by a symbol", { context: { token: "one", [Symbol("more")]: 1 } }],
  ["context, by another object", { context: { token: { toString: () => "one" } } }],
  ["roles", { roles: ["admin"] }],
])("gives another view for another %s", ([, more]) => {
  const { viewOf } = opening();
  const before = viewOf(ada());
  expect(viewOf(ada(more))).not.toBe(before);
  // The last one is known, and no other.
  expect(viewOf(ada(more))).toBe(viewOf(ada(more)));
});

it("sees what the host has changed in its own objects since", () => {
  const { viewOf, opened } = opening();
  const context = { token: "one" };
  const roles = ["reader"];
  const first = viewOf(ada({ context, roles }));
  context.token = "two";
  const second = viewOf(ada({ context, roles }));
  roles.push("admin");
  const third = viewOf(ada({ context, roles }));
  expect(new Set([first, second, third]).size).toBe(3);
  expect(opened.map(({ context: had, roles: with_ }) => [had, with_])).toEqual([
    [{ token: "one" }, ["reader"]],
    [{ token: "two" }, ["reader"]],
    [{ token: "two" }, ["reader", "admin"]],
  ]);
});

it("leaves it to the instance to refuse what is no context and what are no roles", () => {
  class Session {
    readonly token = "one";
  }
  const { viewOf, opened } = opening();
  viewOf(ada());
  const session = new Session();
  for (let time = 0; time < 2; time++) {
    viewOf(ada({ context: session }));
    viewOf(ada({ roles: "admin" as never }));
  }
  expect(opened.slice(1).map(({ context, roles }) => [context === session, roles])).toEqual([
    [true, undefined],
    [false, "admin"],
    [true, undefined],
    [false, "admin"],
  ]);
});
