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

/** A caller as the gateway gives it: fixed throughout. */
const fixed = ({ context, roles, ...caller }: Caller): Caller =>
  Object.freeze({
    ...caller,
    ...(context && { context: Object.freeze({ ...context }) }),
    ...(roles && { roles: Object.freeze([...roles]) }),
  });

const ada = (more: Partial<Caller> = {}): Caller =>
  fixed({ workspace: "acme", user: "ada", context: { token: "one" }, ...more });

it("gives whoever comes back with the same the same view", () => {
  const { viewOf, opened } = opening();
  const claims = { sub: "ada" };
  const given = () => ada({ context: { token: "one", claims }, roles: ["admin"] });
  expect(viewOf(given())).toBe(viewOf(given()));
  const bare: Caller = { workspace: "acme", user: "bob" };
  expect(viewOf(fixed(bare))).toBe(viewOf(fixed({ ...bare, context: {}, roles: [] })));
  expect(opened).toHaveLength(2);
});

it.for<[string, Partial<Caller>]>([
  ["workspace", { workspace: "globex" }],
  ["user", { user: "bob" }],
  ["user, who is only spelt so", { user: { toJSON: () => "ada" } as never }],
  ["session", { session: "two" }],
  ["token", { context: { token: "two" } }],
  ["context, with more in it", { context: { token: "one", more: undefined } }],
  ["context, with less in it", { context: {} }],
  ["context, by a symbol", { context: { token: "one", [Symbol("more")]: 1 } }],
  ["context, by another object", { context: { token: { toString: () => "one" } } }],
  ["context, with a name that every object has", { context: { token: "one", toString: undefined } }],
  ["roles", { roles: ["admin"] }],
])("gives another view for another %s", ([, more]) => {
  const { viewOf } = opening();
  const before = viewOf(ada());
  const other = ada(more);
  expect(viewOf(other)).not.toBe(before);
  // The last one is known, and no other.
  expect(viewOf(other)).toBe(viewOf(other));
});

class Session {
  readonly token = "one";
}

it.for<[string, Caller]>([
  ["the caller", { ...ada() }],
  ["its context", Object.freeze({ ...ada(), context: { token: "one" } })],
  ["its roles", Object.freeze({ ...ada(), roles: ["admin"] })],
  [
    "what is computed",
    Object.freeze({
      ...ada(),
      context: Object.freeze({
        get token() {
          return "one";
        },
      }),
    }),
  ],
  ["a proxy", Object.freeze({ ...ada(), context: new Proxy({ token: "one" }, {}) })],
  ["a class", Object.freeze({ ...ada(), context: Object.freeze(new Session()) })],
  ["a context that is none", Object.freeze({ ...ada(), context: null as never })],
  ["roles that are none", Object.freeze({ ...ada(), roles: "admin" as never })],
])("knows no view of what can change, or is for the instance to refuse: %s", ([, caller]) => {
  const { viewOf, opened } = opening();
  expect(viewOf(ada())).toBe(viewOf(ada()));
  expect(viewOf(caller)).not.toBe(viewOf(caller));
  expect(opened.slice(1)).toEqual([caller, caller]);
  expect(opened[1]).toBe(caller);
});
