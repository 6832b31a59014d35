import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { principalOf, scopeOf, scopeParts, workspaceId, type Principal, type Scope } from "./index.ts";

describe("principalOf", () => {
  test("keeps the parts that there are, frozen", () => {
    const principal = principalOf({ workspace: "acme", user: "ada" });
    expect(principal).toEqual({ workspace: "acme", user: "ada" });
    expect(principal).not.toHaveProperty("session");
    expect(Object.isFrozen(principal)).toBe(true);
    expect(principalOf(Object.freeze({ workspace: "acme", user: "ada", session: "s" }))).toEqual({
      workspace: "acme",
      user: "ada",
      session: "s",
    });
  });

  test.for([
    [{ workspace: "acme", user: undefined }, "The user is undefined"],
    [{ workspace: undefined, user: "ada" }, "The workspace is undefined"],
    [{ workspace: "acme", user: "" }, "The user is blank"],
    [{ workspace: "acme", user: "ada", session: null }, "The session is null"],
    [{ workspace: "acme", user: "ada", session: " " }, "The session is blank"],
  ] as const)("has no default for what is missing from %o", ([parts, message]) => {
    expect(() => principalOf(parts)).toThrow(`[PRINCIPAL_INVALID] ${message}`);
  });
});

describe("scopeOf", () => {
  const principal = principalOf({ workspace: "acme", user: "ada", session: "s" });

  test("names the user only where the connection is the user's own", () => {
    expect(scopeOf(principal, "user")).toEqual({
      share: "user",
      workspace: "acme",
      user: "ada",
      session: "s",
    });
    expect(scopeOf(principal, "workspace")).toEqual({ share: "workspace", workspace: "acme" });
    expect(scopeOf(principal, "everyone")).toEqual({ share: "everyone" });
  });

  test("is frozen", () => {
    for (const share of ["user", "workspace", "everyone"] as const) {
      expect(Object.isFrozen(scopeOf(principal, share))).toBe(true);
    }
  });
});

describe("scopeParts", () => {
  // A few characters, those that joined keys would be made of, so that different scopes come close to each other.
  const text = fc.string({ unit: fc.constantFrom(...'au:/,"[]\\\0'), minLength: 1, maxLength: 4 });
  const id = fc.oneof(text, fc.constantFrom("user", "workspace", "everyone", "discovery"));
  const principal: fc.Arbitrary<Principal> = fc
    .record({ workspace: id, user: id, session: id }, { requiredKeys: ["workspace", "user"] })
    .map((parts) => principalOf(parts as { workspace: string; user: string }));
  const scope: fc.Arbitrary<Scope> = fc.oneof(
    fc
      .tuple(principal, fc.constantFrom("user" as const, "workspace" as const, "everyone" as const))
      .map((args) => scopeOf(...args)),
    id.map((workspace): Scope => ({ share: "discovery", workspace: workspaceId(workspace) })),
  );

  test("are equal for equal scopes only, whatever the ids hold", () => {
    const flat = (one: Scope) => JSON.stringify(Object.entries(one).sort());
    fc.assert(
      fc.property(scope, scope, (one, two) => {
        const same = JSON.stringify(scopeParts(one)) === JSON.stringify(scopeParts(two));
        expect(same).toBe(flat(one) === flat(two));
        expect(scopeParts({ ...one })).toEqual(scopeParts(one));
      }),
      { numRuns: 2_000 },
    );
  });

  test("tell users from sessions, and shared from discovered", () => {
    const parts = (...scopes: Scope[]) => new Set(scopes.map((one) => JSON.stringify(scopeParts(one))));
    const workspace = workspaceId("a");
    const plain = scopeOf(principalOf({ workspace: "a", user: "b" }), "user");
    const conversation = scopeOf(principalOf({ workspace: "a", user: "b", session: "c" }), "user");
    expect(
      parts(
        plain,
        conversation,
        { share: "workspace", workspace },
        { share: "discovery", workspace },
        { share: "everyone" },
      ).size,
    ).toBe(5);
  });
});
