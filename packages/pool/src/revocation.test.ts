import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Scope, ServerId, WorkspaceId } from "@tenantry/core";
import {
  credentialOf,
  failure,
  fakeConnector,
  fakeProvider,
  gate,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
} from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool } from "./index.ts";

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;

const context = {};
const target = (scope: Scope, server = "files", provider = fakeProvider(credentialOf("s", "1"))) =>
  targetOf(fake.upstreamOf(server), scope, server, provider);
const acquire = (scope: Scope, server?: string, provider?: ReturnType<typeof fakeProvider>) =>
  pool.acquire(target(scope, server, provider), { context });

function start(automatic = true): void {
  clock = stepClock();
  fake = fakeConnector({ parks: true, automatic });
  pool = createPool<FakeConnection, FakeSession>({
    connector: fake.connector,
    clock,
    limits: { idleTimeoutMs: 100 },
  });
}

beforeEach(() => start());

afterEach(async () => {
  const closing = pool.close();
  clock.step(60_000);
  await closing;
  expect(clock.pending).toBe(0);
  expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
});

describe("revoke", () => {
  it("ends leased, idle and parked connections that are selected, and no others", async () => {
    (await acquire(userScope("ada"), "parked")).release();
    clock.step(100);
    const leased = await acquire(userScope("ada"));
    (await acquire(userScope("ada"), "mail")).release();
    const others = await Promise.all([
      acquire(userScope("bob")),
      acquire(userScope("ada", "globex")),
      acquire({ share: "workspace", workspace: "acme" as WorkspaceId }),
      acquire({ share: "everyone" }),
    ]);
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(leased.connection.closes).toBe(1);
    for (const { connection } of others) expect(connection.ended).toBe(false);
    expect(pool.stats().entries.map(({ scope }) => scope)).toEqual(
      others.map(({ connection }) => connection.opening.scope),
    );
    // The parked session was ended at its server.
    expect(fake.connections.filter(({ opening, closes }) => opening.resume && closes === 1)).toHaveLength(1);
    for (const lease of [leased, ...others]) lease.release();
  });

  it.each([
    [{ workspace: "acme" }, [1, 1, 1, 1, 0]],
    [{ server: "mail" }, [0, 1, 0, 0, 0]],
    [{ workspace: "acme", user: "ada", session: "s1" }, [0, 0, 1, 0, 0]],
    [{ subject: "other" }, [0, 0, 0, 1, 0]],
    [{ workspace: "acme", user: "ada", server: "files", subject: "s" }, [1, 0, 1, 0, 0]],
  ])("selects by every name that is given: %j", async (selection, ends) => {
    const leases = [
      await acquire(userScope("ada")),
      await acquire(userScope("ada"), "mail"),
      await acquire(userScope("ada", "acme", "s1")),
      await acquire(userScope("ada"), "files", fakeProvider(credentialOf("other", "1"))),
      await acquire({ share: "everyone" }),
    ];
    await pool.revoke(selection);
    expect(leases.map(({ connection }) => connection.closes)).toEqual(ends);
    for (const lease of leases) lease.release();
  });

  it("fails those who wait for a connection that is being opened, and closes what still arrives", async () => {
    start(false);
    const waiting = acquire(userScope("ada")).catch((error: unknown) => error);
    await settle();
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST", server: "files" });
    expect(fake.openings[0]?.signal.aborted).toBe(true);
  });

  it("resolves a credential again that was being resolved meanwhile", async () => {
    const provider = fakeProvider(credentialOf("old", "1"));
    const answer = gate();
    const resolve = provider.resolve.bind(provider);
    provider.resolve = async (request) => {
      const credential = await resolve(request);
      if (provider.requests.length === 1) await answer.promise;
      return credential;
    };
    const leasing = acquire(userScope("ada"), "files", provider);
    const otherLeasing = acquire(userScope("bob"), "files", fakeProvider(credentialOf("bob's", "1")));
    await pool.revoke({ workspace: "acme", user: "ada" });
    provider.current = credentialOf("new", "1");
    answer.resolve();
    const lease = await leasing;
    expect(lease.connection.opening.credential?.subject).toBe("new");
    expect((await otherLeasing).connection.opening.credential?.subject).toBe("bob's");
    lease.release();
    (await otherLeasing).release();
  });

  it("resolves again before a call on a revoked connection is sent once more", async () => {
    const provider = fakeProvider(credentialOf("old", "1"));
    const seen: (string | undefined)[] = [];
    await pool.run(
      target(userScope("ada"), "files", provider),
      async ({ opening }) => {
        seen.push(opening.credential?.subject);
        if (seen.length > 1) return;
        provider.current = credentialOf("new", "1");
        await pool.revoke({ subject: "old" });
        throw failure({ delivery: "unsent", recover: "reconnect" });
      },
      { context, resend: "refused" },
    );
    expect(seen).toEqual(["old", "new"]);
  });

  it.each([
    [{}, "nothing"],
    [{ wrokspace: "acme" }, "a name that there is not"],
    [{ workspace: undefined }, "only absent names"],
    [{ user: "ada" }, "a user without the workspace"],
    [{ workspace: "acme", session: "s1" }, "a session without the user"],
    [{ workspace: 7 }, "something that is no string"],
    ["acme", "something that is no selection"],
    [undefined, "nothing at all"],
  ] as [never, string][])("refuses %j: %s", async (selection) => {
    const lease = await acquire(userScope("ada"));
    for (const verb of ["revoke", "drain"] as const)
      await expect(pool[verb](selection)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(lease.connection.ended).toBe(false);
    lease.release();
  });
});

describe("drain", () => {
  it("lets whoever has a connection finish, lends it to nobody new and resolves when it has ended", async () => {
    const lease = await acquire(userScope("ada"));
    (await acquire(userScope("ada"), "mail")).release();
    let drained = false;
    const draining = pool.drain({ workspace: "acme" }).then(() => (drained = true));
    await settle();
    expect([lease.connection.closes, drained]).toEqual([0, false]);
    expect(pool.stats().byState).toMatchObject({ draining: 1, idle: 0, ready: 0 });
    const next = await acquire(userScope("ada"));
    expect(next.connection).not.toBe(lease.connection);
    lease.release();
    await draining;
    expect(lease.connection.closes).toBe(1);
    next.release();
  });

  it("ends what is still on loan after drainTimeoutMs", async () => {
    const lease = await acquire(userScope("ada"));
    const draining = pool.drain({ server: "files" as ServerId });
    await settle();
    clock.step(5_000);
    await draining;
    expect(lease.connection.closes).toBe(1);
    lease.release();
  });

  it("gives a connection that is being opened to those who waited for it, and to nobody after them", async () => {
    start(false);
    const waiting = acquire(userScope("ada"));
    await settle();
    const draining = pool.drain({ workspace: "acme" });
    const late = acquire(userScope("ada"));
    await settle();
    for (const opening of fake.openings) opening.arrive();
    const [first, second] = await Promise.all([waiting, late]);
    expect(fake.connections).toHaveLength(2);
    expect(first.connection).not.toBe(second.connection);
    first.release();
    await draining;
    expect(second.connection.closes).toBe(0);
    second.release();
  });
});
