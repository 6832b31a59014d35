import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, it, onTestFinished } from "vitest";
import type { DiagnosticNotices, Lease } from "@tenantry/core";
import { settle, type FakeConnection } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

type Evicted = DiagnosticNotices["tenantry:pool:evict"];

type Started = ReturnType<typeof startPool>;

const ends: readonly (readonly [Evicted["reason"], (started: Started) => Promise<void>])[] = [
  ["idle", async ({ clock }) => clock.step(100)],
  ["room", async ({ acquire }) => (await acquire({ server: "mail" })).release()],
  [
    "age",
    async ({ clock, run }) => {
      clock.step(60);
      await run(async () => {});
    },
  ],
  ["revoked", async ({ pool }) => pool.revoke({ workspace: "acme", user: "ada" })],
];

it.each(ends)(
  "whoever comes back when it hears of an end for %s is not given what ends",
  async (reason, end) => {
    const limits = { idleTimeoutMs: 100, maxConnectionsPerUser: 1, maxLifetimeMs: 50 };
    const started = startPool(reason === "age" ? limits : { ...limits, maxLifetimeMs: 1_000 });
    const { acquire, run } = started;
    let again: Promise<Lease<FakeConnection>> | undefined;
    const listen = (message: unknown) => {
      if ((message as Evicted).reason === reason) again ??= acquire();
    };
    subscribe("tenantry:pool:evict", listen);
    onTestFinished(() => void unsubscribe("tenantry:pool:evict", listen));
    await run(async () => {});
    await end(started);
    await settle();
    const lease = await again;
    expect(lease?.connection).toMatchObject({ ended: false, closes: 0 });
    lease?.release();
  },
);

it("a provider that revokes what it gives whenever it is asked fails the call, and not the process", async () => {
  const { run, pool } = startPool();
  let asked = 0;
  const provider = {
    async resolve() {
      asked++;
      void pool.revoke({ workspace: "acme", user: "ada" });
      return { subject: "s", generation: "1", origins: [] };
    },
  };
  await expect(run(async () => {}, { provider })).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(asked).toBeLessThan(10);
});
