import { expect, it } from "vitest";
import { settle, userScope } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

it("tells of every connection, parked session and waiting caller, and counts them", async () => {
  const { acquire, fake, clock, pool } = startPool(
    { maxConnectionsPerUser: 1, idleTimeoutMs: 100 },
    { parks: true, automatic: false },
  );
  const open = async (user: string) => {
    const leasing = acquire({ user });
    await settle();
    fake.openings.at(-1)?.arrive();
    return leasing;
  };
  (await open("parked")).release();
  clock.step(100);
  const drained = [await open("drained"), await acquire({ user: "drained" })];
  const draining = pool.drain({ workspace: "acme", user: "drained" });
  const ready = await open("ready");
  const waiting = [1, 2].map(() => acquire({ user: "ready", server: "mail" }));
  (await open("idle")).release();
  const outcomes = Promise.allSettled([...waiting, acquire({ user: "connecting" })]);
  await settle();
  const entry = (user: string, state: string, leases: number, server = "files") => ({
    scope: userScope(user),
    server,
    state,
    leases,
  });
  expect(pool.stats()).toEqual({
    connections: 4,
    byState: { waiting: 1, connecting: 1, ready: 1, idle: 1, parked: 1, draining: 1 },
    leases: 3,
    waiting: 3,
    ending: 0,
    entries: [
      entry("drained", "draining", 2),
      entry("ready", "ready", 1),
      entry("ready", "waiting", 0, "mail"),
      entry("idle", "idle", 0),
      entry("connecting", "connecting", 0),
      entry("parked", "parked", 0),
    ],
  });
  const closing = pool.close();
  for (const lease of [...drained, ready]) lease.release();
  await settle();
  // The parked session is ended by an opening, too.
  fake.openings.at(-1)?.arrive();
  await Promise.all([draining, closing, outcomes]);
});
