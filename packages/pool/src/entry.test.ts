import { expect, it } from "vitest";
import type { Scope, WorkspaceId } from "@tenantry/core";
import { settle } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

it("forgets a lost connection, idle or leased, and gives its endpoint back without closing it", async () => {
  const { acquire, pool, fake } = startPool();
  for (const leased of [false, true]) {
    const lease = await acquire();
    if (!leased) lease.release();
    lease.connection.lose();
    await settle();
    expect(pool.stats().connections).toBe(0);
    lease.release();
    expect(lease.connection.closes).toBe(0);
    expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
  }
  expect((await acquire()).connection).toBe(fake.connections[2]);
});

it("closes a connection idleTimeoutMs after its last release, with one timer for all and none when none is open", async () => {
  const { acquire, clock, fake, pool } = startPool({ idleTimeoutMs: 100 });
  const leases = await Promise.all(["ada", "bob", "eve"].map((user) => acquire({ user })));
  expect(clock.pending).toBe(0);
  for (const lease of leases) {
    lease.release();
    clock.step(10);
  }
  expect(clock.pending).toBe(1);
  clock.step(60);
  (await acquire()).release();
  clock.step(10);
  expect(fake.connections.map(({ closes }) => closes)).toEqual([0, 0, 0]);
  clock.step(20);
  expect(fake.connections.map(({ closes }) => closes)).toEqual([0, 1, 1]);
  const again = await acquire();
  expect(again.connection).toBe(fake.connections[0]);
  clock.step(1000);
  expect(again.connection.closes).toBe(0);
  await pool.revoke({ workspace: "acme" });
  expect(clock.pending).toBe(0);
});

it("closes a discovery connection with its last lease", async () => {
  const { acquire, clock, fake } = startPool();
  const scope: Scope = { share: "discovery", workspace: "acme" as WorkspaceId };
  const leases = await Promise.all([1, 2].map(() => acquire({ scope })));
  leases[0]?.release();
  expect(fake.connections[0]?.closes).toBe(0);
  leases[1]?.release();
  expect(fake.connections.map(({ closes }) => closes)).toEqual([1]);
  await settle();
  expect(clock.pending).toBe(0);
});

it("does not lend a connection that is older than maxLifetimeMs, however busy it is", async () => {
  const { acquire, clock } = startPool({ maxLifetimeMs: 5_000 });
  const lease = await acquire();
  clock.step(5_000);
  const next = await acquire();
  expect(next.connection).not.toBe(lease.connection);
  expect(lease.connection.closes).toBe(0);
  lease.release();
  await settle();
  expect(lease.connection.closes).toBe(1);
  next.release();
});
