import { describe, expect, it } from "vitest";
import { TenantryError } from "@tenantry/core";
import { fakeConnector, gate, settle, targetOf, userScope } from "../test/fake-connector.ts";
import { jumpClock } from "../test/jump-clock.ts";
import { createPool, type PoolLimits } from "./index.ts";
import { steadyClock } from "./steady-clock.ts";

const hour = 3_600_000;
const options = { context: {}, resend: "refused" } as const;

function start(limits: Partial<PoolLimits>) {
  const clock = jumpClock();
  const fake = fakeConnector();
  const pool = createPool({ connector: fake.connector, clock, random: () => 0.5, limits });
  const run = <T>(user: string, work: () => Promise<T>) =>
    pool.run(targetOf(fake.upstreamOf("files"), userScope(user)), work, options);
  return { clock, fake, pool, run };
}

it("a steady clock goes on from where it was, whichever way the other one jumps", () => {
  const clock = jumpClock();
  const steady = steadyClock(clock);
  const times = [steady.now()];
  for (const [ms, jump] of [
    [10, -hour],
    [10, 2 * hour],
    [10, -3 * hour],
    [10, -hour],
  ] as const) {
    clock.step(ms);
    times.push(steady.now());
    clock.jump(jump);
    times.push(steady.now());
  }
  expect(times).toEqual([
    0,
    10,
    10,
    20,
    20 + 2 * hour,
    30 + 2 * hour,
    30 + 2 * hour,
    40 + 2 * hour,
    40 + 2 * hour,
  ]);
});

describe.each([-hour, hour])("a clock that is set by %d ms", (jump) => {
  it("makes nobody wait longer for a turn", async () => {
    const { clock, pool, run } = start({ maxCallsPerConnection: 1, acquireTimeoutMs: 1_000 });
    const working = gate();
    const first = run("ada", () => working.promise);
    await settle();
    const heard: unknown[] = [];
    const wait = () =>
      void run("ada", async () => {}).catch((failure: TenantryError) => heard.push(failure.code));
    wait();
    await settle();
    clock.step(500);
    clock.jump(jump);
    wait();
    await settle();
    clock.step(2_000);
    await settle();
    expect(heard).toEqual(["POOL_EXHAUSTED", "POOL_EXHAUSTED"]);
    working.resolve();
    await first;
    await pool.close();
  });

  it("leaves no connection idle for longer", async () => {
    const { clock, pool, run } = start({ idleTimeoutMs: 1_000 });
    await run("ada", async () => {});
    clock.jump(jump);
    await run("bob", async () => {});
    clock.step(2_000);
    await settle();
    expect(pool.stats().byState.idle).toBe(0);
    await pool.close();
    expect(clock.pending).toBe(0);
  });

  it("keeps no breaker open for longer", async () => {
    const { clock, pool, run } = start({ breakerThreshold: 1, breakerBaseMs: 1_000 });
    const failure = new TenantryError("CONNECT_FAILED", "The test wants it so.", { delivery: "unsent" });
    await expect(run("ada", () => Promise.reject(failure))).rejects.toBeDefined();
    clock.jump(jump);
    await run("ada", async () => {}).catch(() => {});
    clock.step(1_000);
    await run("ada", async () => {});
    await pool.close();
  });
});
