import { expect, it } from "vitest";
import { gate, settle } from "../../test/fake-connector.ts";
import { codeOf, startPool } from "../../test/start-pool.ts";

it("leaves a session to the opening that was to go on with it, and that its only caller has left", async () => {
  const { acquire, clock, fake, pool } = startPool(
    { idleTimeoutMs: 100 },
    { parks: true, automatic: false, heedsAbort: false },
  );
  const first = acquire();
  await settle();
  fake.openings[0]?.arrive();
  (await first).release();
  clock.step(100);
  const caller = new AbortController();
  const left = codeOf(acquire({ signal: caller.signal }));
  await settle();
  caller.abort("left");
  expect(await left).toBe("left");
  expect(fake.openings[1]?.resume).toBeDefined();
  expect(pool.stats().byState.parked).toBe(0);
  fake.openings[1]?.arrive();
  await settle();
  expect(fake.connections[1]?.closes).toBe(1);
});

it("keeps a session that no opening has been given yet, because its endpoint was still to come", async () => {
  const { run, clock, fake, pool, target } = startPool({ idleTimeoutMs: 100 }, { parks: true });
  const call = () => run(async (connection) => connection);
  const first = await call();
  clock.step(100);
  const lent = gate();
  const given = target();
  const upstream: typeof given.upstream = {
    async endpoint(scope, options) {
      await lent.promise;
      return given.upstream.endpoint(scope, options);
    },
  };
  const caller = new AbortController();
  const left = codeOf(pool.acquire({ ...given, upstream }, { context: {}, signal: caller.signal }));
  await settle();
  caller.abort("left");
  expect(await left).toBe("left");
  expect(pool.stats().byState.parked).toBe(1);
  lent.resolve();
  await settle();
  expect(fake.openings).toHaveLength(1);
  expect((await call()).session).toBe(first.opening);
});
