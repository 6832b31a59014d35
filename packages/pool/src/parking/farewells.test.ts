import { expect, it } from "vitest";
import type { FakeConnection } from "../../test/fake-connector.ts";
import { settle } from "../../test/fake-connector.ts";
import { startPool } from "../../test/start-pool.ts";

const nothing = async () => {};

function farewells({ connections }: { readonly connections: readonly FakeConnection[] }) {
  return connections.filter(({ opening, closes }) => opening.resume && closes > 0);
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
  const { run, clock, pool, fake } = startPool(
    { idleTimeoutMs: 10 },
    {
      parks: true,
      hangs: true,
      connect: ({ open }) => ({
        async open(endpoint, credential, options) {
          const connection = await open(endpoint, credential, options);
          const { resume, server } = connection.opening;
          if (resume !== undefined && server === "hung") connection.closing = new Promise(() => {});
          return connection;
        },
      }),
    },
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
  "%s() resolves when parked sessions are ended at their server",
  async (verb) => {
    const { run, clock, pool, fake } = startPool({ idleTimeoutMs: 10 }, { parks: true });
    await run(nothing);
    clock.step(10);
    await pool[verb]({ workspace: "acme" });
    expect(farewells(fake)).toHaveLength(1);
  },
);
