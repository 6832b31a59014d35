import { expect, it } from "vitest";
import type { Scope, WorkspaceId } from "@tenantry/core";
import { credentialOf, fakeProvider, userScope, type FakeConnection } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

const itself = async (connection: FakeConnection) => connection;

it("opens nothing before the first call, and one connection for all calls after it", async () => {
  const { run, fake } = startPool();
  expect(fake.openings).toHaveLength(0);
  const seen = await Promise.all([1, 2, 3].map(() => run(itself)));
  expect(new Set(seen).size).toBe(1);
  expect(await run(itself)).toBe(seen[0]);
  expect(fake.openings).toHaveLength(1);
});

it("lends different connections to different users, workspaces, sessions, servers, digests and subjects", async () => {
  const { pool, target } = startPool();
  const scopes: Scope[] = [
    userScope("ada"),
    userScope("bob"),
    userScope("ada", "globex"),
    userScope("ada", "acme", "s1"),
    userScope('a","b'),
    userScope("b", 'a","'),
    { share: "workspace", workspace: "acme" as WorkspaceId },
    { share: "discovery", workspace: "acme" as WorkspaceId },
    { share: "everyone" },
  ];
  const targets = scopes.flatMap((scope) => [target({ scope }), target({ scope, server: "mail" })]);
  const other = target();
  targets.push({ ...other, server: { ...other.server, digest: "d2" } });
  targets.push(target({ provider: fakeProvider(credentialOf("", "1")) }));
  targets.push(target({ provider: fakeProvider(credentialOf("null", "1")) }));
  const leases = await Promise.all(targets.map((one) => pool.acquire(one, { context: {} })));
  expect(new Set(leases.map(({ connection }) => connection)).size).toBe(targets.length);
  leases.forEach(({ connection }, index) => expect(connection.opening.scope).toEqual(targets[index]?.scope));
});

it("gives an empty context to the credential of a scope without a user", async () => {
  const { run } = startPool();
  for (const scope of [
    { share: "workspace", workspace: "acme" },
    { share: "everyone" },
    userScope("ada"),
  ] as Scope[]) {
    const provider = fakeProvider(credentialOf("s", "1"));
    await run(itself, { scope, provider, context: { token: "ada's" } });
    expect(provider.requests[0]?.context).toEqual(scope.share === "user" ? { token: "ada's" } : {});
  }
});

it("is not misled by a scope that changes while a credential is resolved", async () => {
  const { acquire } = startPool();
  const scope = { ...userScope("ada") } as { share: "user"; user: string };
  const provider = fakeProvider(credentialOf("s", "1"));
  const leasing = acquire({ scope: scope as unknown as Scope, provider });
  scope.user = "eve";
  expect((await leasing).connection.opening.scope).toEqual(userScope("ada"));
});

it("works with deeply frozen targets and options", async () => {
  const { pool, target } = startPool();
  const frozen = Object.freeze({ ...target(), scope: Object.freeze(userScope("ada")) });
  const options = Object.freeze({ context: Object.freeze({}), resend: "refused" } as const);
  await expect(pool.run(frozen, async () => 1, options)).resolves.toBe(1);
});

it("releases a lease once, and `using` releases it", async () => {
  const { acquire, pool } = startPool();
  const [first, second] = await Promise.all([acquire(), acquire()]);
  expect(first).not.toBe(second);
  first.release();
  first.release();
  first[Symbol.dispose]();
  expect(pool.stats()).toMatchObject({ leases: 1, byState: { ready: 1, idle: 0 } });
  second[Symbol.dispose]();
  expect(pool.stats()).toMatchObject({ leases: 0, byState: { ready: 0, idle: 1 } });
});

it("throws the caller's own reason and does nothing when the signal has aborted already", async () => {
  const { run, fake } = startPool();
  const reason = new Error("enough");
  const provider = fakeProvider(undefined);
  await expect(run(itself, { provider, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(provider.requests).toHaveLength(0);
  expect(fake.openings).toHaveLength(0);
});

it("tells nothing of a credential in its stats", async () => {
  const { acquire, pool } = startPool();
  await acquire({ provider: fakeProvider(credentialOf("subject-of-ada", "generation-of-ada")) });
  expect(JSON.stringify(pool.stats())).not.toMatch(/of-ada/u);
  expect(pool.stats().entries).toEqual([
    { scope: userScope("ada"), server: "files", state: "ready", leases: 1 },
  ]);
});
