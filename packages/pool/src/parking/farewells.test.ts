import { expect, it } from "vitest";
import { gate, settle, type FakeConnection } from "../../test/fake-connector.ts";
import { startPool, type StartOptions } from "../../test/start-pool.ts";

const nothing = async () => {};

function farewells({ connections }: { readonly connections: readonly FakeConnection[] }) {
  return connections.filter(({ opening, closes }) => opening.resume && closes > 0);
}

/** Has connections that go on with a session close as `closing` does. */
function whereResumedOnesClose(
  closing: (server: string) => Promise<void>,
): NonNullable<StartOptions["connect"]> {
  return ({ open }) => ({
    async open(...given) {
      const connection = await open(...given);
      const { resume, server } = connection.opening;
      if (resume !== undefined) connection.closing = closing(server);
      return connection;
    },
  });
}

it("a thousand parked sessions are ended when the pool closes, a few at a time", async () => {
  const { run, clock, pool, fake } = startPool({ idleTimeoutMs: 100 }, { parks: true });
  for (let user = 0; user < 1_000; user++) await run(nothing, { user: `user ${user}` });
  clock.step(100);
  expect(pool.stats().byState.parked).toBe(1_000);
  await pool.close();
  expect(farewells(fake)).toHaveLength(1_000);
});

it("a server that hangs when sessions are ended leaves others theirs", async () => {
  const closing = (server: string) => (server === "hung" ? new Promise<void>(() => {}) : Promise.resolve());
  const { run, clock, pool, fake } = startPool(
    { idleTimeoutMs: 10 },
    { parks: true, hangs: true, connect: whereResumedOnesClose(closing) },
  );
  for (let user = 0; user < 100; user++) await run(nothing, { user: `${user}`, server: "hung" });
  for (let user = 0; user < 20; user++) await run(nothing, { user: `${user}`, server: "fine" });
  clock.step(10);
  expect(pool.stats().byState.parked).toBe(120);
  const revoking = pool.revoke({ workspace: "acme" });
  await settle();
  expect(farewells(fake).filter(({ opening }) => opening.server === "fine")).toHaveLength(20);
  for (let turn = 0; turn < 10; turn++) {
    clock.step(5_000);
    await settle();
  }
  await revoking;
});

it.each(["revoke", "drain"] as const)(
  "%s() resolves when parked sessions are ended at their server, and not before",
  async (verb) => {
    const parted = gate();
    const { run, clock, pool, fake } = startPool(
      { idleTimeoutMs: 10 },
      { parks: true, connect: whereResumedOnesClose(() => parted.promise) },
    );
    await run(nothing);
    clock.step(10);
    let isDone = false;
    const done = pool[verb]({ workspace: "acme" }).then(() => (isDone = true));
    await settle();
    expect(isDone).toBe(false);
    parted.resolve();
    await done;
    expect(farewells(fake)).toHaveLength(1);
  },
);

it("no more than 32 sessions are being ended at a time, whatever their servers", async () => {
  const parted = gate();
  const { run, clock, pool, fake } = startPool(
    { idleTimeoutMs: 10 },
    { parks: true, connect: whereResumedOnesClose(() => parted.promise) },
  );
  for (let server = 0; server < 40; server++) await run(nothing, { server: `server-${server}` });
  clock.step(10);
  const draining = pool.drain({ workspace: "acme" });
  await settle();
  expect(farewells(fake)).toHaveLength(32);
  parted.resolve();
  await draining;
  expect(farewells(fake)).toHaveLength(40);
});

it("close() waits until sessions are ended, and begins no more once it has given that up", async () => {
  const { run, clock, pool, fake } = startPool(
    { idleTimeoutMs: 10 },
    { parks: true, hangs: true, connect: whereResumedOnesClose(() => new Promise(() => {})) },
  );
  for (let user = 0; user < 100; user++) await run(nothing, { user: `${user}` });
  clock.step(10);
  let isClosed = false;
  const closing = pool.close().then(() => (isClosed = true));
  for (let seconds = 0; seconds < 30; seconds++) {
    await settle();
    expect(isClosed).toBe(false);
    clock.step(1_000);
  }
  await closing;
  await settle();
  const begun = farewells(fake).length;
  for (let seconds = 0; seconds < 30; seconds++) {
    clock.step(1_000);
    await settle();
  }
  // Eight at a time at one origin, and for 30 s where it is never over: those that began at 0 and at 30 s.
  expect(begun).toBe(16);
  expect(farewells(fake)).toHaveLength(begun);
});

it("as many sessions as may be parked wait to be ended, and the others are left to their server", async () => {
  const { run, clock, pool, fake } = startPool(
    { idleTimeoutMs: 10, maxParked: 1_100 },
    { parks: true, hangs: true, connect: whereResumedOnesClose(() => new Promise(() => {})) },
  );
  for (let round = 0; round < 2; round++) {
    for (let user = 0; user < 1_100; user++) await run(nothing, { user: `${round} ${user}` });
    clock.step(10);
    await settle();
  }
  // Those of the second round have pushed those of the first out.
  const revoking = pool.revoke({ workspace: "acme" });
  for (let turn = 0; turn < 200; turn++) {
    clock.step(30_000);
    await settle();
  }
  await revoking;
  expect(farewells(fake)).toHaveLength(1_100);
});
