import { expect, it } from "vitest";
import { credentialOf, fakeProvider, settle, type FakeConnection } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

const itself = async (connection: FakeConnection) => connection;

it("hands a newer generation to the live connection, and an unchanged one not", async () => {
  const { run, fake } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  await run(itself, { provider });
  await run(itself, { provider });
  provider.current = credentialOf("s", "2");
  await run(itself, { provider });
  expect(fake.connections.map(({ generations }) => generations)).toEqual([["1", "2"]]);
});

it("replaces a connection that cannot adopt, and lets its users finish", async () => {
  const { run, acquire, pool } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  const old = await acquire({ provider });
  old.connection.adopts = false;
  provider.current = credentialOf("s", "2");
  const next = await run(itself, { provider });
  expect(next.generations).toEqual(["2"]);
  expect(old.connection.closes).toBe(0);
  expect(pool.stats().byState).toMatchObject({ draining: 1, idle: 1 });
  old.release();
  expect(old.connection.closes).toBe(1);
});

it("opens with the newest credential of those who wait, and does not go back to an older one", async () => {
  const { acquire, fake } = startPool({ maxConnections: 1 });
  const other = await acquire({ user: "bob" });
  const provider = fakeProvider(credentialOf("s", "1"));
  const early = acquire({ provider });
  await settle();
  provider.current = credentialOf("s", "2");
  const late = acquire({ provider });
  await settle();
  other.release();
  for (const lease of await Promise.all([early, late])) lease.release();
  expect(fake.connections[1]?.generations).toEqual(["2"]);
});

it("adopts, once open, what was resolved while it was being opened", async () => {
  const { acquire, fake } = startPool({}, { automatic: false });
  const provider = fakeProvider(credentialOf("s", "1"));
  const early = acquire({ provider });
  await settle();
  provider.current = credentialOf("s", "2");
  const late = acquire({ provider });
  await settle();
  fake.openings[0]?.arrive();
  await Promise.all([early, late]);
  expect(fake.connections[0]?.generations).toEqual(["1", "2"]);
});

it("gives another subject a connection of its own and keeps the first", async () => {
  const { run } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  const first = await run(itself, { provider });
  provider.current = credentialOf("t", "1");
  const second = await run(itself, { provider });
  provider.current = credentialOf("s", "1");
  expect(second).not.toBe(first);
  expect(await run(itself, { provider })).toBe(first);
});

it("hands the newest generation also to a connection that ends as soon as it opens, the last time it is tried", async () => {
  const { acquire, fake, pool } = startPool({}, { automatic: false });
  const older = acquire({ provider: fakeProvider(credentialOf("s", "1")) });
  const newer = acquire({ provider: fakeProvider(credentialOf("s", "2")) });
  for (let round = 0; round < 3; round++) {
    await settle();
    fake.openings[round]?.arrive();
    // Between its arrival and the moment in which those who wait are woken.
    while (pool.stats().byState.ready !== 1) await Promise.resolve();
    void pool.drain({ workspace: "acme" });
  }
  await Promise.all([older, newer]);
  expect(fake.connections.map(({ generations }) => generations)).toEqual([["1"], ["1"], ["1", "2"]]);
});
