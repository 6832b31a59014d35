import { expect, it } from "vitest";
import {
  credentialOf,
  failure,
  fakeConnector,
  fakeProvider,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
} from "../../test/fake-connector.ts";
import { codeOf, startPool, type Wanted } from "../../test/start-pool.ts";
import { stepClock } from "../../test/step-clock.ts";
import type { PoolKey } from "../keys.ts";
import type { PoolLimits } from "../limits.ts";
import { Parked } from "./parked.ts";
import { Parking } from "./parking.ts";

/** A pool of connections that can be parked, one timer's step after their last use. */
function startParking(limits: Partial<PoolLimits> = {}, parks = true) {
  const started = startPool({ idleTimeoutMs: 100, parkedTimeoutMs: 10_000, ...limits }, { parks });
  const { run, pool, fake } = started;
  return {
    ...started,
    call: (wanted?: Wanted) => run(async (connection) => connection, wanted),
    states: () => pool.stats().byState,
    /** The openings that ended a session at its server: they resume it and are closed at once. */
    farewells: () => fake.connections.filter(({ opening, closes }) => opening.resume && closes > 0),
  };
}

const provided = (subject: string, generation = "1") => ({
  provider: fakeProvider(credentialOf(subject, generation)),
});

it("reduces an idle connection to its session after idleTimeoutMs, and gives its endpoint back", async () => {
  const { call, clock, states, fake, pool } = startParking();
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
  const { call, clock, states } = startParking();
  const first = await call(provided("s1"));
  clock.step(100);
  const others = await Promise.all([
    call({ user: "bob", ...provided("s1") }),
    call(provided("s2")),
    call({ session: "a conversation", ...provided("s1") }),
  ]);
  for (const other of others) expect(other.opening.resume).toBeUndefined();
  const again = await call(provided("s1", "2"));
  expect(again.session).toBe(first.opening);
  expect(again.opening.credential?.generation).toBe("2");
  expect(states().parked).toBe(0);
});

it("closes a connection that cannot be parked", async () => {
  const { call, clock, states } = startParking({}, false);
  const connection = await call();
  clock.step(100);
  await settle();
  expect(connection.closes).toBe(1);
  expect(states()).toMatchObject({ idle: 0, parked: 0 });
});

it("closes a connection that fails at being parked, and parks the others", async () => {
  const { call, run, clock, states, fake } = startParking();
  await run(async (connection) => {
    connection.park = () => {
      throw new Error("no");
    };
  });
  await call({ user: "bob" });
  clock.step(100);
  await settle();
  expect(fake.connections[0]?.closes).toBe(1);
  expect(states()).toMatchObject({ idle: 0, parked: 1 });
});

it("parks, rather than closes, a connection whose place another one needs", async () => {
  const { call, states, fake } = startParking({ maxConnections: 1 });
  await call();
  await call({ user: "bob" });
  expect(states()).toMatchObject({ idle: 1, parked: 1 });
  expect(fake.connections[0]).toMatchObject({ parked: true, closes: 0 });
});

it("ends a session at its server, once, when it has been parked for parkedTimeoutMs", async () => {
  const { call, clock, states, farewells } = startParking();
  const { opening } = await call(provided("s1"));
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
  const { call, clock, states, farewells } = startParking({ maxParked: 2 });
  for (const user of ["ada", "bob", "eve"]) await call({ user });
  clock.step(100);
  await settle();
  expect(states().parked).toBe(2);
  expect(farewells().map(({ opening }) => opening.scope)).toEqual([userScope("ada")]);
});

it("ends one user's sessions beyond maxParkedPerUser, and nobody else's", async () => {
  const { call, clock, states, farewells } = startParking({ maxParkedPerUser: 2 });
  await call({ user: "bob" });
  for (const session of ["1", "2", "3"]) await call({ session });
  await call();
  clock.step(100);
  await settle();
  expect(states().parked).toBe(3);
  expect(farewells().map(({ opening }) => opening.scope)).toEqual([
    userScope("ada", "acme", "3"),
    userScope("ada"),
  ]);
  await call({ session: "1" });
  await call({ session: "3" });
  clock.step(100);
  await settle();
  expect(farewells()).toHaveLength(3);
});

it("parks nothing where maxParked is 0", async () => {
  const { call, clock } = startParking({ maxParked: 0 });
  const connection = await call();
  clock.step(100);
  await settle();
  expect(connection).toMatchObject({ parked: false, closes: 1 });
});

it("keeps a session that nobody could go on with because all were busy", async () => {
  const { call, acquire, clock } = startParking({ maxConnections: 1, acquireTimeoutMs: 50 });
  await call();
  const lease = await acquire({ user: "bob" });
  const waiting = codeOf(call());
  await settle();
  clock.step(50);
  expect(await waiting).toBe("POOL_EXHAUSTED");
  lease.release();
  expect((await call()).opening.resume).toBeDefined();
});

it("begins another session, and ends none twice, when the server has lost the parked one", async () => {
  const { call, run, clock } = startParking();
  const first = await call();
  clock.step(100);
  const seen: FakeConnection[] = [];
  await run(async (connection) => {
    seen.push(connection);
    if (seen.length === 1) throw failure({ delivery: "refused", recover: "reconnect" });
  });
  expect(seen[0]?.session).toBe(first.opening);
  expect(seen[1]?.opening.resume).toBeUndefined();
});

it("does not go on with a session that is older than maxLifetimeMs", async () => {
  const { call, clock, farewells } = startParking({ maxLifetimeMs: 5_000 });
  const first = await call();
  clock.step(100);
  clock.step(4_900);
  const second = await call();
  await settle();
  expect(second.opening.resume).toBeUndefined();
  expect(farewells().map(({ session }) => session)).toEqual([first.opening]);
});

it("holds one timer while a connection is open or a session parked, and none when there is neither", async () => {
  const { call, acquire, clock, pool } = startParking();
  await call();
  expect(clock.pending).toBe(1);
  clock.step(100);
  await settle();
  expect(clock.pending).toBe(1);
  await call();
  const lease = await acquire();
  expect(clock.pending).toBe(1);
  await pool.revoke({ workspace: "acme" });
  lease.release();
  expect(clock.pending).toBe(0);
});

it("goes on with a session that was resumed no longer than maxLifetimeMs from its beginning", async () => {
  const { call, clock } = startParking({ maxLifetimeMs: 5_000, idleTimeoutMs: 4_000 });
  const first = await call();
  clock.step(4_000);
  const second = await call();
  expect(second.session).toBe(first.opening);
  clock.step(999);
  expect(await call()).toBe(second);
  clock.step(1);
  expect((await call()).session).not.toBe(first.opening);
});

it("is given one session for each key: another one of the same key ends the first", () => {
  const dropped: unknown[] = [];
  const parking = new Parking<string>({
    clock: stepClock(),
    timeoutMs: 100,
    max: 10,
    maxPerUser: 10,
    dropped: ({ session }) => void dropped.push(session),
  });
  const target = targetOf(fakeConnector().upstreamOf("files"), userScope("ada", "acme", "s1"));
  const parked = (session: string) =>
    new Parked({
      key: "k" as PoolKey,
      target,
      credential: undefined,
      subject: undefined,
      session,
      expiresAt: 100,
    });
  parking.put(parked("first"));
  parking.put(parked("second"));
  expect(dropped).toEqual(["first"]);
  expect([...parking].map(({ session }) => session)).toEqual(["second"]);
});
