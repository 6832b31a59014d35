import { expect, it } from "vitest";
import { TenantryError } from "@tenantry/core";
import { credentialOf, failure, fakeProvider, settle, type FakeConnection } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

const itself = async (connection: FakeConnection) => connection;
const byHand = { automatic: false };
const heedless = { automatic: false, heedsAbort: false };

it("keeps opening when the first of two waiters aborts, and stops when the last does", async () => {
  const { acquire, fake, pool } = startPool({}, byHand);
  const [a, b] = [new AbortController(), new AbortController()];
  const outcomes = [a, b].map(({ signal }) => codeOf(acquire({ signal })));
  await settle();
  a.abort("a left");
  await settle();
  expect(fake.openings[0]?.signal.aborted).toBe(false);
  b.abort("b left");
  await settle();
  expect(fake.openings[0]?.signal.aborted).toBe(true);
  expect(await Promise.all(outcomes)).toEqual(["a left", "b left"]);
  expect(pool.stats().connections).toBe(0);
});

it("closes a connection that arrives after everybody has left", async () => {
  const { acquire, fake } = startPool({}, heedless);
  const caller = new AbortController();
  const outcome = codeOf(acquire({ signal: caller.signal }));
  await settle();
  caller.abort("left");
  expect(await outcome).toBe("left");
  const late = fake.openings[0]?.arrive();
  await settle();
  expect(late?.closes).toBe(1);
  expect(fake.endpoints).toEqual({ borrowed: 1, returned: 1 });
});

it("fails all waiters with the same error and opens afresh for the next call at once", async () => {
  const { acquire, fake } = startPool({}, byHand);
  const outcomes = Promise.allSettled([acquire(), acquire(), acquire()]);
  await settle();
  const error = failure({});
  fake.openings[0]?.fail(error);
  for (const outcome of await outcomes) expect(outcome).toEqual({ status: "rejected", reason: error });
  expect(fake.endpoints).toEqual({ borrowed: 1, returned: 1 });
  const next = acquire();
  await settle();
  fake.openings[1]?.arrive();
  (await next).release();
});

it("gives up with TIMEOUT after connectTimeoutMs, even where the connector takes no notice", async () => {
  const { acquire, clock, fake, pool } = startPool({ connectTimeoutMs: 100 }, heedless);
  const outcome = codeOf(acquire());
  await settle();
  clock.step(100);
  expect(await outcome).toBe("TIMEOUT");
  expect(pool.stats().connections).toBe(0);
  fake.openings[0]?.fail(new Error("at last"));
  await settle();
});

it("does not abort the signal of an opening that has succeeded", async () => {
  const { acquire, clock, fake } = startPool({}, byHand);
  const caller = new AbortController();
  const leasing = acquire({ signal: caller.signal });
  await settle();
  fake.openings[0]?.arrive();
  const lease = await leasing;
  caller.abort();
  clock.step(60_000);
  lease.release();
  expect(fake.openings[0]?.signal.aborted).toBe(false);
});

it("resolves once more after a refusal at the door", async () => {
  const { run, fake } = startPool({}, byHand);
  const provider = fakeProvider(credentialOf("s", "1"));
  provider.renew = () => credentialOf("s", "2");
  const calls = [1, 2, 3].map(() => run(itself, { provider }));
  await settle();
  fake.openings[0]?.fail(new TenantryError("UNAUTHORIZED", "no", { delivery: "refused" }));
  await settle();
  expect(fake.openings[1]?.credential?.generation).toBe("2");
  fake.openings[1]?.arrive();
  expect(new Set(await Promise.all(calls)).size).toBe(1);
  expect(provider.requests.filter(({ rejected }) => rejected !== undefined)).toHaveLength(1);
});

it("fails after a second refusal at the door", async () => {
  const { run, fake } = startPool({}, byHand);
  const provider = fakeProvider(credentialOf("s", "1"));
  provider.renew = () => credentialOf("s", "2");
  const outcome = codeOf(run(itself, { provider }));
  for (const index of [0, 1]) {
    await settle();
    fake.openings[index]?.fail(
      new TenantryError("UNAUTHORIZED", "no", { recover: "reauthorize", delivery: "refused" }),
    );
  }
  expect(await outcome).toBe("UNAUTHORIZED");
  expect(fake.openings).toHaveLength(2);
});

it("lets the next one try a server in trouble where the one that tried it leaves", async () => {
  const { acquire, clock, fake } = startPool({ breakerThreshold: 1 }, byHand);
  const first = codeOf(acquire());
  await settle();
  fake.openings[0]?.fail(new TenantryError("CONNECT_FAILED", "no"));
  expect(await first).toBe("CONNECT_FAILED");
  expect(await codeOf(acquire())).toBe("SERVER_UNAVAILABLE");
  clock.step(500);
  const caller = new AbortController();
  const probe = codeOf(acquire({ signal: caller.signal }));
  await settle();
  caller.abort("left");
  expect(await probe).toBe("left");
  const next = acquire();
  await settle();
  fake.openings[2]?.arrive();
  expect((await next).connection).toBe(fake.connections[0]);
});
