import { expect, it } from "vitest";
import { settle } from "../../test/fake-connector.ts";
import { startPool } from "../../test/start-pool.ts";

it("one user's sessions at a server that hangs keep nobody else's from being ended there", async () => {
  const { acquire, pool, clock, fake } = startPool(
    { idleTimeoutMs: 100 },
    { automatic: false, parks: true, hangs: true },
  );
  const visit = async (user: string, session?: string) => {
    const leasing = acquire({ user, session });
    await settle();
    fake.openings.at(-1)?.arrive();
    (await leasing).release();
  };
  for (let session = 0; session < 20; session++) await visit("mallory", `${session}`);
  await visit("ada");
  clock.step(100);
  expect(pool.stats().byState.parked).toBe(21);
  const began = fake.openings.length;
  const revoking = [pool.revoke({ workspace: "acme", user: "mallory" })];
  await settle();
  expect(fake.openings.length).toBe(began + 2);
  let isOver = false;
  revoking.push(pool.revoke({ workspace: "acme", user: "ada" }).then(() => void (isOver = true)));
  await settle();
  expect(fake.openings.length).toBe(began + 3);
  fake.openings.at(-1)?.arrive();
  await settle();
  expect(isOver).toBe(true);
  // The others' time is over in turns.
  for (let turn = 0; turn < 10; turn++) {
    clock.step(5_000);
    await settle();
  }
  await Promise.all(revoking);
});
