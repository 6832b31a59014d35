import { expect, it } from "vitest";
import { fakeConnector, settle, targetOf, userScope } from "../test/fake-connector.ts";
import { stepClock } from "../test/step-clock.ts";
import { createPool } from "./index.ts";

const options = { context: {}, resend: "refused" } as const;

it("close() takes drainTimeoutMs and 30 s at most, whatever hangs", async () => {
  const clock = stepClock();
  const fake = fakeConnector({ automatic: false, heedsAbort: false, parks: true });
  const pool = createPool({ connector: fake.connector, clock, limits: { idleTimeoutMs: 100 } });
  const target = (user: string) => targetOf(fake.upstreamOf("files"), userScope(user));
  for (let user = 0; user < 40; user++) {
    const call = pool.run(target(`${user}`), async () => {}, options);
    await settle();
    fake.openings.at(-1)?.arrive();
    await call;
  }
  clock.step(100);
  expect(pool.stats().byState.parked).toBe(40);
  const held = pool.acquire(target("ada"), options);
  await settle();
  const connection = fake.openings.at(-1)?.arrive();
  if (connection) connection.closing = new Promise(() => {});
  await held;
  const began = clock.now();
  let tookMs: number | undefined;
  void pool.close().then(() => (tookMs = clock.now() - began));
  while (tookMs === undefined && clock.now() < began + 100_000) {
    clock.step(500);
    await settle();
  }
  expect(tookMs).toBeLessThanOrEqual(35_000);
  const openings = fake.openings.length;
  clock.step(100_000);
  await settle();
  expect(fake.openings.length).toBe(openings);
});

it.each([0, 3])(
  "an endpoint that cannot be given back, which takes %d turns, is what close() rejects with after all else is closed",
  async (turns) => {
    const clock = stepClock();
    const fake = fakeConnector();
    const pool = createPool({ connector: fake.connector, clock });
    const broken = {
      endpoint: async () => ({
        endpoint: {} as never,
        async [Symbol.asyncDispose]() {
          for (let turn = 0; turn < turns; turn++) await settle();
          throw new Error("It cannot be given back.");
        },
      }),
    };
    (await pool.acquire(targetOf(broken, userScope("ada")), options)).release();
    const { connection } = await pool.acquire(targetOf(fake.upstreamOf("files"), userScope("bob")), options);
    const outcome = expect(pool.close()).rejects.toThrow("It cannot be given back.");
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(connection.closes).toBe(0);
    clock.step(5_000);
    await outcome;
    expect(connection.closes).toBe(1);
  },
);
