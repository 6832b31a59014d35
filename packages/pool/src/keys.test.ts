import fc from "fast-check";
import { expect, it } from "vitest";
import type { Scope, ServerRef } from "@tenantry/core";
import { originKey, serverKey, principalKey } from "./keys.ts";

// Few characters, and those that could pass for a key's own.
const id = fc.string({ unit: fc.constantFrom("a", '"', ",", "[", "]", "\\"), maxLength: 4 });
const scope = fc.oneof(
  fc.record({ share: fc.constant("user"), workspace: id, user: id }),
  fc.record({ share: fc.constantFrom("workspace", "discovery"), workspace: id }),
  fc.record({ share: fc.constant("everyone") }),
) as fc.Arbitrary<Scope>;
const server = fc.record({ id, digest: id }) as fc.Arbitrary<ServerRef>;

it("tells any two users and scopes apart", () => {
  fc.assert(
    fc.property(scope, scope, (one, other) => {
      expect(principalKey(one) === principalKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

it("tells a user from a workspace of any name", () => {
  const user = { share: "user", workspace: "workspace", user: "acme" } as Scope;
  expect(principalKey(user)).not.toBe(principalKey({ share: "workspace", workspace: "acme" } as Scope));
});

it("takes a user's sessions together", () => {
  const user = { share: "user", workspace: "acme", user: "ada" } as Scope;
  expect(principalKey({ ...user, session: "s1" } as Scope)).toBe(principalKey(user));
});

it("tells the servers of two workspaces apart, and takes those of one workspace together", () => {
  const workspaceOf = (scope: Scope) => (scope.share === "everyone" ? null : scope.workspace);
  fc.assert(
    fc.property(scope, server, scope, server, (scope, server, otherScope, otherServer) => {
      const isSame =
        workspaceOf(scope) === workspaceOf(otherScope) &&
        server.id === otherServer.id &&
        server.digest === otherServer.digest;
      expect(serverKey(scope, server) === serverKey(otherScope, otherServer)).toBe(isSame);
    }),
  );
});

it("takes servers of one origin together, and tells those without one apart by workspace", () => {
  const server = { id: "files", digest: "1" } as ServerRef;
  const remote = { ...server, origin: "https://example.com" } as ServerRef;
  const [acme, globex] = ["acme", "globex"].map((workspace) => ({ share: "workspace", workspace }) as Scope);
  expect(originKey(acme!, remote)).toBe(originKey(globex!, { ...remote, digest: "2" }));
  expect(originKey(acme!, server)).not.toBe(originKey(globex!, server));
});
