import { beforeEach, describe, expect, it } from "vitest";
import { TenantryError, type Scope, type WorkspaceId } from "@tenantry/core";
import { fakeConnector, settle, targetOf, userScope, type FakeConnection } from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool, type PoolLimits } from "./index.ts";

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;

function start(limits: Partial<PoolLimits>): void {
  clock = stepClock();
  fake = fakeConnector();
  pool = createPool<FakeConnection, never>({ connector: fake.connector, limits, clock });
}

const lend = (scope: Scope, server: string, signal?: AbortSignal) =>
  pool.acquire(targetOf(fake.upstreamOf(server), scope, server), { context: {}, signal });
const acquire = (user: string, server: string, signal?: AbortSignal) => lend(userScope(user), server, signal);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "fulfilled",
    (error: unknown) =>
      error instanceof TenantryError ? `${error.code}${error.retryable ? ", retryable" : ""}` : error,
  );
const open = () => fake.connections.filter(({ ended }) => !ended).map(({ opening }) => opening.server);

beforeEach(() => start({ maxConnections: 3, maxConnectionsPerUser: 2, acquireTimeoutMs: 100 }));

describe("a full cap", () => {
  it("closes the user's own least recently used idle connection at the user's cap", async () => {
    (await acquire("bob", "b")).release();
    (await acquire("ada", "a1")).release();
    (await acquire("ada", "a2")).release();
    (await acquire("ada", "a1")).release();
    await acquire("ada", "a3");
    expect(open()).toEqual(["b", "a1", "a3"]);
  });

  it("closes the least recently used idle connection of all at the cap of all", async () => {
    (await acquire("bob", "b")).release();
    await acquire("eve", "e");
    (await acquire("ada", "a1")).release();
    await acquire("ada", "a2");
    expect(open()).toEqual(["e", "a1", "a2"]);
  });

  it("counts a user's sessions together, and users of the same name in other workspaces apart", async () => {
    await lend(userScope("ada", "acme", "s1"), "a");
    await lend(userScope("ada", "acme", "s2"), "a");
    await lend(userScope("ada", "globex"), "a");
    const waiting = codeOf(lend(userScope("ada", "acme", "s3"), "a"));
    await settle();
    clock.step(100);
    expect(await waiting).toBe("POOL_EXHAUSTED, retryable");
  });

  it("counts connections of scopes without a user towards the cap of all only", async () => {
    const scope: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };
    for (const server of ["a", "b", "c"]) await lend(scope, server);
    expect(open()).toHaveLength(3);
    expect(pool.stats().connections).toBe(3);
  });

  it("never closes a busy connection: who comes later waits and is served in order", async () => {
    const leases = [await acquire("ada", "a"), await acquire("bob", "b"), await acquire("eve", "e")];
    const served: string[] = [];
    const later = ["x", "y"].map((user) => acquire(user, user).then((lease) => (served.push(user), lease)));
    await settle();
    expect(pool.stats()).toMatchObject({ connections: 3, waiting: 2, byState: { ready: 3, waiting: 2 } });
    leases[1]?.release();
    await settle();
    expect(served).toEqual(["x"]);
    leases[0]?.release();
    await settle();
    expect(served).toEqual(["x", "y"]);
    expect(open()).toEqual(["e", "x", "y"]);
    expect((await Promise.all(later)).every(({ connection }) => !connection.ended)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("does not let one user's full cap keep another from connecting", async () => {
    const first = await acquire("ada", "a1");
    await acquire("ada", "a2");
    const third = acquire("ada", "a3");
    await settle();
    await acquire("bob", "b");
    first.release();
    await third;
    expect(open()).toEqual(["a2", "b", "a3"]);
  });

  it("does not let the callers at one user's cap fill the line of the others", async () => {
    start({ maxConnections: 2, maxConnectionsPerUser: 1, maxWaiting: 1 });
    const ada = await acquire("ada", "a1");
    const bob = await acquire("bob", "b");
    const atOwnCap = acquire("ada", "a2");
    await settle();
    const atCapOfAll = acquire("eve", "e");
    await settle();
    expect(pool.stats().waiting).toBe(2);
    expect(await codeOf(acquire("ada", "a3"))).toBe("POOL_EXHAUSTED, retryable");
    expect(await codeOf(acquire("zoe", "z"))).toBe("POOL_EXHAUSTED, retryable");
    bob.release();
    await atCapOfAll;
    ada.release();
    await atOwnCap;
  });

  it("does not let one user's many callers keep another from waiting at the cap of all", async () => {
    start({ maxConnections: 1, maxConnectionsPerUser: 1, maxWaiting: 4 });
    const lease = await acquire("ada", "a");
    const many = Array.from({ length: 20 }, () => codeOf(acquire("bob", "b")));
    await settle();
    expect(pool.stats().waiting).toBe(4);
    const others = ["eve", "zoe", "kim"].map((user) => codeOf(acquire(user, user)));
    await settle();
    expect(await codeOf(acquire("lee", "l"))).toBe("POOL_EXHAUSTED, retryable");
    lease.release();
    const outcomes = await Promise.all(many);
    expect(outcomes.filter((code) => code === "fulfilled")).toHaveLength(4);
    expect(pool.stats().waiting).toBe(3);
    clock.step(30_000);
    expect(await Promise.all(others)).toEqual(Array(3).fill("POOL_EXHAUSTED, retryable"));
  });

  it("counts a user's callers in both lines together, and gives their places back", async () => {
    start({ maxConnections: 2, maxConnectionsPerUser: 2, maxWaiting: 2, acquireTimeoutMs: 100 });
    const [first] = [await acquire("ada", "a1"), await acquire("bob", "b")];
    const waiting = [acquire("ada", "a2"), acquire("ada", "a3")];
    await settle();
    expect(await codeOf(acquire("ada", "a4"))).toBe("POOL_EXHAUSTED, retryable");
    first.release();
    await waiting[0];
    const next = codeOf(acquire("ada", "a4"));
    await settle();
    expect(pool.stats().waiting).toBe(2);
    clock.step(100);
    expect(await Promise.all([codeOf(waiting[1]!), next])).toEqual(
      Array(2).fill("POOL_EXHAUSTED, retryable"),
    );
    expect(pool.stats().waiting).toBe(0);
  });

  it("bounds the callers behind a connection that belongs to no user", async () => {
    start({ maxConnections: 1, maxWaiting: 2 });
    const lease = await acquire("ada", "a");
    const outcomes = [1, 2, 3].map(() => codeOf(lend({ share: "everyone" }, "b")));
    await settle();
    expect(pool.stats().waiting).toBe(2);
    lease.release();
    expect((await Promise.all(outcomes)).sort()).toEqual([
      "POOL_EXHAUSTED, retryable",
      "fulfilled",
      "fulfilled",
    ]);
  });

  it("serves all callers of one key with one connection when there is room", async () => {
    start({ maxConnections: 1 });
    const lease = await acquire("ada", "a");
    const waiting = [acquire("bob", "b"), acquire("bob", "b")];
    await settle();
    expect(pool.stats()).toMatchObject({ waiting: 2, byState: { waiting: 1 } });
    lease.release();
    const [one, two] = await Promise.all(waiting);
    expect(one?.connection).toBe(two?.connection);
  });

  it("gives each waiting caller acquireTimeoutMs of its own", async () => {
    start({ maxConnections: 1, acquireTimeoutMs: 100 });
    const lease = await acquire("ada", "a");
    const first = codeOf(acquire("bob", "b"));
    await settle();
    clock.step(60);
    const second = acquire("bob", "b");
    await settle();
    clock.step(40);
    expect(await first).toBe("POOL_EXHAUSTED, retryable");
    lease.release();
    await second;
    expect(clock.pending).toBe(0);
  });

  it("forgets a caller that aborts while it waits, and the others move up", async () => {
    start({ maxConnections: 1 });
    const lease = await acquire("ada", "a");
    const caller = new AbortController();
    const first = codeOf(acquire("bob", "b", caller.signal));
    const second = acquire("eve", "e");
    await settle();
    caller.abort("enough");
    expect(await first).toBe("enough");
    lease.release();
    await second;
    expect(fake.openings.map(({ server }) => server)).toEqual(["a", "e"]);
  });

  it("lets the user's next caller move up when one leaves the line of all", async () => {
    start({ maxConnections: 2, maxConnectionsPerUser: 2 });
    const ada = await acquire("ada", "a1");
    await acquire("bob", "b");
    const caller = new AbortController();
    const second = codeOf(acquire("ada", "a2", caller.signal));
    const third = acquire("ada", "a3");
    await settle();
    caller.abort("enough");
    await second;
    ada.release();
    await third;
    expect(open()).toEqual(["b", "a3"]);
  });

  it("frees the slot when the opening fails", async () => {
    start({ maxConnections: 1 });
    fake.connector.open = () => Promise.reject(new TenantryError("CONNECT_FAILED", "no"));
    expect(await Promise.all([codeOf(acquire("ada", "a")), codeOf(acquire("bob", "b"))])).toEqual(
      Array(2).fill("CONNECT_FAILED"),
    );
    expect(pool.stats().connections).toBe(0);
  });
});

it("refuses limits that are not whole numbers in their range", () => {
  for (const limits of [
    { maxConnections: 0 },
    { maxWaiting: -1 },
    { idleTimeoutMs: Infinity },
    { connectTimeoutMs: 1.5 },
  ]) {
    expect(() => start(limits)).toThrow(/CONFIG_INVALID.*limits\.\w+/u);
  }
});

it("refuses a limit that there is not, by its name", () => {
  const limits = { maxConections: 1 } as object;
  expect(() => start(limits)).toThrow(/CONFIG_INVALID.*"maxConections".*maxConnections/u);
});
