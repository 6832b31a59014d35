import { expect, it } from "vitest";
import { fakeConnector, gate, settle, targetOf, userScope } from "../test/fake-connector.ts";
import { stepClock } from "../test/step-clock.ts";
import { createPool } from "./index.ts";

const limits = {
  maxConnections: 2,
  maxConnectionsPerUser: 2,
  maxConnectsPerOrigin: 2,
  acquireTimeoutMs: 100,
};

it("whoever calls and leaves in a loop holds twice the cap, however slowly a connector gives up", async () => {
  const fake = fakeConnector({ automatic: false, heedsAbort: false });
  const pool = createPool({ connector: fake.connector, clock: stepClock(), limits });
  const target = targetOf(fake.upstreamOf("files"), userScope("ada"));
  for (let turn = 0; turn < 20; turn++) {
    const leaving = new AbortController();
    const call = pool.acquire(target, { context: {}, signal: leaving.signal });
    await settle();
    leaving.abort("left");
    await expect(call).rejects.toBe("left");
  }
  expect(fake.openings.length).toBe(4);
  expect(pool.stats()).toMatchObject({ connections: 0, ending: 4 });
  fake.openings[0]?.fail(new Error("at last"));
  await settle();
  expect(pool.stats().ending).toBe(3);
  const next = pool.acquire(target, { context: {} });
  await settle();
  expect(fake.openings.length).toBe(5);
  fake.openings[4]?.arrive();
  (await next).release();
  // What arrives too late is counted until it is closed.
  const late = fake.openings[1]?.arrive();
  if (late) late.closing = settle();
  for (const opening of fake.openings) if (!opening.settled) opening.fail(new Error("at last"));
  await pool.close();
  expect(pool.stats()).toMatchObject({ connections: 0, ending: 0 });
  expect(fake.endpoints).toEqual({ borrowed: 5, returned: 5 });
});

it("conversations one after the other leave no more closing than may be open", async () => {
  const fake = fakeConnector();
  const pool = createPool({ connector: fake.connector, clock: stepClock(), limits });
  const closing = gate();
  const call = (session: string) =>
    pool.run(
      targetOf(fake.upstreamOf("files"), userScope("ada", "acme", session)),
      async (connection) => void (connection.closing = closing.promise),
      { context: {}, resend: "refused" },
    );
  for (const session of ["1", "2", "3", "4"]) await call(session);
  const fifth = call("5");
  await settle();
  expect([fake.connections.length, pool.stats().ending]).toEqual([4, 2]);
  closing.resolve();
  await fifth;
  expect([fake.connections.length, pool.stats().ending]).toEqual([5, 0]);
  await pool.close();
});
