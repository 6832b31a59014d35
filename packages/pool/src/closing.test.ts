import { expect, it } from "vitest";
import type { TenantryError } from "@tenantry/core";
import { failure, gate, settle } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

const byHand = { automatic: false };
const heedless = { automatic: false, heedsAbort: false };

it("refuses new work, rejects those who wait and aborts what is being opened", async () => {
  const { acquire, fake, pool } = startPool({ maxConnections: 2 }, byHand);
  const connecting = ["ada", "bob"].map((user) => codeOf(acquire({ user })));
  const waiting = codeOf(acquire({ user: "eve" }));
  const provider = { resolve: () => new Promise<undefined>(() => {}) };
  const resolving = codeOf(acquire({ provider }));
  await settle();
  const closing = pool.close();
  expect(pool.close()).toBe(closing);
  expect(await Promise.all([...connecting, waiting, resolving, codeOf(acquire())])).toEqual(
    Array(5).fill("CLOSED"),
  );
  await closing;
  expect(fake.openings).toHaveLength(2);
  // Those who wait end first, or they would be given the room of the others.
  expect(fake.endpoints.borrowed).toBe(2);
  expect(fake.openings.every(({ signal }) => signal.aborted)).toBe(true);
});

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  "tells a caller whose connection arrives just before it, %i turns, that it is closed",
  async (turns) => {
    const { run, fake, pool } = startPool({}, byHand);
    const outcome = run(async () => "ran").catch((error: unknown) => (error as TenantryError).code);
    await settle();
    fake.openings[0]?.arrive();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const closing = pool.close();
    expect(["CLOSED", "ran"]).toContain(await outcome);
    await closing;
  },
);

it("closes idle connections at once and leased ones when they are released", async () => {
  const { acquire, clock, pool } = startPool();
  const [ada, bob] = await Promise.all([acquire(), acquire({ user: "bob" })]);
  bob.release();
  let done = false;
  const closing = pool.close().then(() => (done = true));
  await settle();
  expect([ada.connection.closes, bob.connection.closes, done]).toEqual([0, 1, false]);
  ada.release();
  await closing;
  expect(ada.connection.closes).toBe(1);
  expect(clock.pending).toBe(0);
});

it("closes leased connections under their users when drainTimeoutMs has passed", async () => {
  const { acquire, clock, pool } = startPool({ drainTimeoutMs: 100 });
  const lease = await acquire();
  const closing = pool.close();
  clock.step(99);
  expect(lease.connection.closes).toBe(0);
  clock.step(1);
  await closing;
  lease.release();
  expect(lease.connection.closes).toBe(1);
});

it("waits until a slow connection is closed", async () => {
  const { acquire, pool } = startPool();
  const lease = await acquire();
  const slow = gate();
  lease.connection.closing = slow.promise;
  lease.release();
  let done = false;
  const closing = pool.close().then(() => (done = true));
  await settle();
  expect(done).toBe(false);
  slow.resolve();
  await closing;
});

it.each([0, 50])(
  "waits for what is left of an aborted opening, whatever the time for draining (%i ms)",
  async (drainTimeoutMs) => {
    const { acquire, clock, fake, pool } = startPool({ drainTimeoutMs }, heedless);
    const caller = new AbortController();
    const left = codeOf(acquire({ signal: caller.signal }));
    const connecting = codeOf(acquire({ user: "bob" }));
    await settle();
    caller.abort("left");
    await left;
    let done = false;
    const closing = pool.close().then(() => (done = true));
    await connecting;
    clock.step(drainTimeoutMs);
    await settle();
    expect(done).toBe(false);
    fake.openings[0]?.fail(new Error("taken back"));
    await settle();
    expect(done).toBe(false);
    const late = fake.openings[1]?.arrive();
    await closing;
    expect(late?.closes).toBe(1);
  },
);

it("does not wait for ever for an opening that takes no notice of its abort", async () => {
  const { acquire, clock, fake, pool } = startPool({ drainTimeoutMs: 0 }, heedless);
  const connecting = codeOf(acquire());
  await settle();
  const closing = pool.close();
  expect(await connecting).toBe("CLOSED");
  clock.step(30_000);
  await closing;
  fake.openings[0]?.fail(new Error("at last"));
  await settle();
});

it("does not wait for ever for a close() that hangs", async () => {
  const { run, clock, pool } = startPool({}, { hangs: true });
  await run(async (connection) => void (connection.closing = new Promise(() => {})));
  let closed = false;
  const closing = pool.close().then(() => (closed = true));
  await settle();
  clock.step(29_999);
  await settle();
  expect(closed).toBe(false);
  clock.step(1);
  await closing;
});

it("does not begin a second attempt", async () => {
  const { run, fake, pool } = startPool();
  const error = failure({ delivery: "refused", recover: "reconnect" });
  const begun = gate();
  const running = run(() => begun.promise.then(() => Promise.reject(error)));
  await settle();
  const closing = pool.close();
  begun.resolve();
  await expect(running).rejects.toBe(error);
  await closing;
  expect(fake.openings).toHaveLength(1);
});

it("is what `await using` does", async () => {
  const { acquire, pool } = startPool();
  const lease = await acquire();
  lease.release();
  await pool[Symbol.asyncDispose]();
  expect(lease.connection.closes).toBe(1);
});
