import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  credentialOf,
  failure,
  fakeConnector,
  fakeProvider,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
} from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool, type PoolLimits } from "./index.ts";

const options = { context: {}, resend: "refused" } as const;

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;

function start(limits: Partial<PoolLimits> = {}, parks = true): void {
  clock = stepClock();
  fake = fakeConnector({ parks });
  pool = createPool<FakeConnection, FakeSession>({
    connector: fake.connector,
    limits: { idleTimeoutMs: 100, parkedTimeoutMs: 10_000, ...limits },
    clock,
  });
}

const call = (user = "ada", provider = fakeProvider(undefined), session?: string) =>
  pool.run(
    targetOf(fake.upstreamOf("files"), userScope(user, "acme", session), "files", provider),
    async (connection) => connection,
    options,
  );
/** The openings that ended a session at its server: they resume it and are closed at once. */
const farewells = () => fake.connections.filter(({ opening, closes }) => opening.resume && closes > 0);
const states = () => pool.stats().byState;

beforeEach(() => start());

afterEach(async () => {
  await pool.close();
  expect(clock.pending).toBe(0);
  expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
  // Every session that began was ended: by closing its connection, or by a farewell after it was parked.
  const begun = fake.connections.filter(({ opening }) => opening.resume === undefined);
  for (const { opening } of begun) {
    const closed = fake.connections.filter(({ session, closes }) => session === opening && closes > 0);
    expect(closed).toHaveLength(1);
  }
});

describe("parking", () => {
  it("reduces an idle connection to its session after idleTimeoutMs, and gives its endpoint back", async () => {
    await call();
    clock.step(99);
    expect(states()).toMatchObject({ idle: 1, parked: 0 });
    clock.step(1);
    expect(states()).toMatchObject({ idle: 0, parked: 1 });
    await settle();
    expect(fake.endpoints.returned).toBe(1);
    expect(pool.stats()).toMatchObject({
      connections: 0,
      entries: [{ scope: userScope("ada"), server: "files", state: "parked", leases: 0 }],
    });
  });

  it("goes on with the session of the same principal, server and subject, and of nobody else", async () => {
    const first = await call("ada", fakeProvider(credentialOf("s1", "1")));
    clock.step(100);
    const others = await Promise.all([
      call("bob", fakeProvider(credentialOf("s1", "1"))),
      call("ada", fakeProvider(credentialOf("s2", "1"))),
      call("ada", fakeProvider(credentialOf("s1", "1")), "a conversation"),
    ]);
    for (const other of others) expect(other.opening.resume).toBeUndefined();
    const again = await call("ada", fakeProvider(credentialOf("s1", "2")));
    expect(again.session).toBe(first.opening);
    expect(again.opening.credential?.generation).toBe("2");
    expect(states().parked).toBe(0);
  });

  it("closes a connection that cannot be parked", async () => {
    start({}, false);
    const connection = await call();
    clock.step(100);
    await settle();
    expect(connection.closes).toBe(1);
    expect(states()).toMatchObject({ idle: 0, parked: 0 });
  });

  it("parks, rather than closes, a connection whose place another one needs", async () => {
    start({ maxConnections: 1 });
    await call("ada");
    await call("bob");
    expect(states()).toMatchObject({ idle: 1, parked: 1 });
    expect(fake.connections[0]).toMatchObject({ parked: true, closes: 0 });
  });

  it("ends a session at its server, once, when it has been parked for parkedTimeoutMs", async () => {
    const { opening } = await call("ada", fakeProvider(credentialOf("s1", "1")));
    clock.step(100);
    clock.step(9_999);
    await settle();
    expect(farewells()).toHaveLength(0);
    clock.step(1);
    await settle();
    expect(farewells()).toMatchObject([
      { opening: { scope: userScope("ada"), credential: { subject: "s1" } } },
    ]);
    expect(farewells()[0]?.session).toBe(opening);
    expect(states().parked).toBe(0);
  });

  it("ends the longest parked session for another where there are maxParked", async () => {
    start({ maxParked: 2 });
    for (const user of ["ada", "bob", "eve"]) await call(user);
    clock.step(100);
    await settle();
    expect(states().parked).toBe(2);
    expect(farewells().map(({ opening }) => opening.scope)).toEqual([userScope("ada")]);
  });

  it("ends one user's conversations beyond maxParkedPerUser, and nobody else's", async () => {
    start({ maxParkedPerUser: 2 });
    await call("bob");
    for (const session of ["1", "2", "3"]) await call("ada", fakeProvider(undefined), session);
    await call("ada");
    clock.step(100);
    await settle();
    expect(states().parked).toBe(4);
    expect(farewells().map(({ opening }) => opening.scope)).toEqual([userScope("ada", "acme", "3")]);
    await call("ada", fakeProvider(undefined), "1");
    await call("ada", fakeProvider(undefined), "3");
    clock.step(100);
    await settle();
    expect(farewells()).toHaveLength(2);
  });

  it("parks nothing where maxParked is 0", async () => {
    start({ maxParked: 0 });
    const connection = await call();
    clock.step(100);
    await settle();
    expect(connection).toMatchObject({ parked: false, closes: 1 });
  });

  it("keeps a session that nobody could go on with because all were busy", async () => {
    start({ maxConnections: 1, acquireTimeoutMs: 50 });
    await call("ada");
    const lease = await pool.acquire(targetOf(fake.upstreamOf("files"), userScope("bob")), { context: {} });
    const waiting = call("ada").catch((error: unknown) => error);
    await settle();
    clock.step(50);
    expect(await waiting).toMatchObject({ code: "POOL_EXHAUSTED" });
    lease.release();
    expect((await call("ada")).opening.resume).toBeDefined();
  });

  it("begins another session, and ends none twice, when the server has lost the parked one", async () => {
    const first = await call();
    clock.step(100);
    const seen: FakeConnection[] = [];
    await pool.run(
      targetOf(fake.upstreamOf("files"), userScope("ada"), "files", fakeProvider(undefined)),
      async (connection) => {
        seen.push(connection);
        if (seen.length === 1) throw failure({ delivery: "refused", recover: "reconnect" });
      },
      options,
    );
    expect(seen[0]?.session).toBe(first.opening);
    expect(seen[1]?.opening.resume).toBeUndefined();
  });

  it("does not go on with a session that is older than maxLifetimeMs", async () => {
    start({ maxLifetimeMs: 5_000 });
    const first = await call();
    clock.step(100);
    clock.step(4_900);
    const second = await call();
    await settle();
    expect(second.opening.resume).toBeUndefined();
    expect(farewells().map(({ session }) => session)).toEqual([first.opening]);
  });

  it("does not lend a connection that is older than maxLifetimeMs, however busy it is", async () => {
    start({ maxLifetimeMs: 5_000 });
    const lease = await pool.acquire(targetOf(fake.upstreamOf("files"), userScope("ada")), { context: {} });
    clock.step(5_000);
    const next = await pool.acquire(targetOf(fake.upstreamOf("files"), userScope("ada")), { context: {} });
    expect(next.connection).not.toBe(lease.connection);
    expect(lease.connection.closes).toBe(0);
    lease.release();
    await settle();
    expect(lease.connection.closes).toBe(1);
    next.release();
  });

  it("ends a thousand parked sessions when it closes, a few at a time", async () => {
    const users = Array.from({ length: 1_000 }, (_, index) => `user ${index}`);
    for (const user of users) await call(user);
    clock.step(100);
    expect(states().parked).toBe(1_000);
    await pool.close();
    expect(farewells()).toHaveLength(1_000);
  });

  it("holds one timer while a connection is open or a session parked, and none when there is neither", async () => {
    await call();
    expect(clock.pending).toBe(1);
    clock.step(100);
    expect(clock.pending).toBe(1);
    await call();
    const lease = await pool.acquire(
      targetOf(fake.upstreamOf("files"), userScope("ada"), "files", fakeProvider(undefined)),
      { context: {} },
    );
    expect(clock.pending).toBe(1);
    await pool.revoke({ workspace: "acme" });
    lease.release();
    expect(clock.pending).toBe(0);
  });
});
