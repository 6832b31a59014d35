import { startFakeServer } from "@tenantry/testing";
import { expect, it } from "vitest";
import { bearer, createTenantry, fromStore } from "./index.ts";

it("a value that the host has saved is the user's own, is read anew when it is replaced, and ends with its connection", async () => {
  await using server = await startFakeServer({
    authenticate: { header: "authorization", keys: { "key-1": "ada", "key-2": "ada anew", "key-3": "bob" } },
  });
  await using tenantry = createTenantry({
    servers: { notes: { url: server.url.href, credential: bearer(fromStore()) } },
  });
  const acme = tenantry.workspace("acme");
  const whoami = async (user: string) =>
    acme
      .as(user)
      .callTool("notes__whoami")
      .then(
        ({ structuredContent }) => (structuredContent as { user?: string }).user,
        (error: { code?: string }) => error.code,
      );
  const place = (user: string) =>
    ({ workspace: "acme", user, server: "notes", slot: "authorization" }) as const;
  expect(await whoami("ada")).toBe("CREDENTIAL_MISSING");
  expect(server.requests).toHaveLength(0);

  await tenantry.credentials.save(place("ada"), "key-1");
  await tenantry.credentials.save(place("bob"), "key-3");
  expect(await Promise.all(["ada", "bob", "eve"].map(whoami))).toEqual(["ada", "bob", "CREDENTIAL_MISSING"]);
  await tenantry.credentials.save(place("ada"), "key-2");
  expect(await whoami("ada")).toBe("ada anew");

  expect(await tenantry.credentials.remove(place("ada"))).toBe(true);
  expect(await whoami("ada")).toBe("CREDENTIAL_MISSING");
  expect(tenantry.stats().entries.map(({ scope }) => "user" in scope && scope.user)).toEqual(["bob"]);
  expect(await tenantry.credentials.look(place("ada"))).toBeUndefined();
});
