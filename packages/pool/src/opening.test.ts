import { expect, it } from "vitest";
import { TenantryError } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { failureOf, startPool } from "../test/start-pool.ts";

it("is waited for by close(), even where it was stopped from within its own beginning", async () => {
  const { pool, target, fake } = startPool();
  const lent = gate();
  const given = target();
  const upstream: typeof given.upstream = {
    async endpoint(scope, options) {
      void pool.close();
      await lent.promise;
      return given.upstream.endpoint(scope, options);
    },
  };
  await failureOf(pool.acquire({ ...given, upstream }, { context: {} }));
  let isClosed = false;
  const closing = pool.close().then(() => (isClosed = true));
  await settle();
  expect(isClosed).toBe(false);
  lent.resolve();
  await closing;
  expect(fake.endpoints).toEqual({ borrowed: 1, returned: 1 });
});

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  "is in time or too late, whichever its deadline meets %i turns after it has arrived, and nothing between",
  async (turns) => {
    const { acquire, clock, fake } = startPool({ connectTimeoutMs: 100 }, { automatic: false });
    const outcome = acquire().then(
      ({ connection }) => ({ closes: connection.closes }),
      (failure: unknown) => failure,
    );
    await settle();
    fake.openings[0]?.arrive();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    clock.step(100);
    const heard = await outcome;
    if (heard instanceof TenantryError) expect(heard.code).toBe("TIMEOUT");
    else expect(heard).toEqual({ closes: 0 });
  },
);

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  "gives its place back once where it is revoked %i turns after it has arrived",
  async (turns) => {
    const { acquire, fake, pool } = startPool({ maxConnections: 2 }, { automatic: false });
    const open = async (user: string) => {
      const leasing = acquire({ user });
      await settle();
      fake.openings.at(-1)?.arrive();
      return leasing;
    };
    await open("zoe");
    const revoked = acquire().catch(() => undefined);
    await settle();
    fake.openings.at(-1)?.arrive();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const revoking = pool.revoke({ workspace: "acme", user: "ada" });
    await settle();
    // Whoever was about to have it asks again.
    if (fake.openings.at(-1)?.settled === false) fake.openings.at(-1)?.arrive();
    (await revoked)?.release();
    await Promise.all([revoking, pool.revoke({ workspace: "acme", user: "ada" })]);
    await open("bob");
    const waiting = acquire({ user: "eve" }).catch(() => {});
    await settle();
    expect(pool.stats()).toMatchObject({ connections: 2, waiting: 1 });
    await pool.revoke({ workspace: "acme", user: "eve" });
    await waiting;
  },
);
