import { describe, expect, it } from "vitest";
import type { WorkspaceId } from "@tenantry/core";
import { credentialOf, failure, fakeProvider, gate, settle, userScope } from "../test/fake-connector.ts";
import { failureOf, startPool, type StartOptions, type Wanted } from "../test/start-pool.ts";
import type { PoolLimits } from "./limits.ts";

/** A pool whose callers carry a credential of the subject `s` where nothing else is said. */
function start(options: StartOptions = {}, limits: Partial<PoolLimits> = {}) {
  const started = startPool({ idleTimeoutMs: 100, ...limits }, { parks: true, ...options });
  const provider = () => fakeProvider(credentialOf("s", "1"));
  return {
    ...started,
    acquire: (wanted: Wanted = {}) => started.acquire({ provider: provider(), ...wanted }),
  };
}

describe("revoke", () => {
  it("ends leased, idle and parked connections that are selected, and no others", async () => {
    const { acquire, clock, fake, pool } = start();
    (await acquire({ server: "parked" })).release();
    clock.step(100);
    const leased = await acquire();
    (await acquire({ server: "mail" })).release();
    const others = await Promise.all([
      acquire({ user: "bob" }),
      acquire({ scope: userScope("ada", "globex") }),
      acquire({ scope: { share: "workspace", workspace: "acme" as WorkspaceId } }),
      acquire({ scope: { share: "everyone" } }),
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
    const { acquire, pool } = start();
    const leases = [
      await acquire(),
      await acquire({ server: "mail" }),
      await acquire({ session: "s1" }),
      await acquire({ provider: fakeProvider(credentialOf("other", "1")) }),
      await acquire({ scope: { share: "everyone" } }),
    ];
    await pool.revoke(selection);
    expect(leases.map(({ connection }) => connection.closes)).toEqual(ends);
    for (const lease of leases) lease.release();
  });

  it("fails those who wait for a connection that is being opened, and closes what still arrives", async () => {
    const { acquire, fake, pool } = start({ automatic: false });
    const waiting = failureOf(acquire());
    await settle();
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST", server: "files" });
    expect(fake.openings[0]?.signal.aborted).toBe(true);
  });

  it("ends the session that those who wait for room were to go on with", async () => {
    const { acquire, clock, fake, pool, run } = start({}, { maxConnections: 1 });
    await run(async () => {});
    clock.step(100);
    const other = await acquire({ user: "bob" });
    const waiting = failureOf(run(async () => {}));
    await settle();
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST" });
    expect(pool.stats().byState.parked).toBe(0);
    expect(fake.connections.filter(({ opening, closes }) => opening.resume && closes === 1)).toHaveLength(1);
    other.release();
  });

  it("resolves when nothing is left of what was ending already, too", async () => {
    const { acquire, pool } = start();
    const lease = await acquire();
    const slow = gate();
    lease.connection.closing = slow.promise;
    let done = 0;
    const revoking = [1, 2].map(() => pool.revoke({ workspace: "acme" }).then(() => done++));
    await settle();
    expect(done).toBe(0);
    slow.resolve();
    await Promise.all(revoking);
    lease.release();
  });

  it("gives the room of those that it ends to none that it ends as well", async () => {
    const { acquire, fake, pool } = start({}, { maxConnections: 1 });
    const lease = await acquire();
    const waiting = failureOf(acquire({ user: "bob" }));
    await settle();
    await pool.revoke({ workspace: "acme" });
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST" });
    expect(fake.endpoints.borrowed).toBe(1);
    lease.release();
  });

  it("resolves a credential again that was being resolved meanwhile", async () => {
    const { acquire, pool } = start();
    const provider = fakeProvider(credentialOf("old", "1"));
    const answer = gate();
    const resolve = provider.resolve.bind(provider);
    provider.resolve = async (request) => {
      const credential = await resolve(request);
      if (provider.requests.length === 1) await answer.promise;
      return credential;
    };
    const leasing = acquire({ provider });
    const otherLeasing = acquire({ user: "bob", provider: fakeProvider(credentialOf("bob's", "1")) });
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
    const { run, pool } = start();
    const provider = fakeProvider(credentialOf("old", "1"));
    const seen: (string | undefined)[] = [];
    await run(
      async ({ opening }) => {
        seen.push(opening.credential?.subject);
        if (seen.length > 1) return;
        provider.current = credentialOf("new", "1");
        await pool.revoke({ subject: "old" });
        throw failure({ delivery: "unsent", recover: "reconnect" });
      },
      { provider },
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
    const { acquire, pool } = start();
    const lease = await acquire();
    for (const verb of ["revoke", "drain", "retire"] as const)
      await expect(pool[verb](selection)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    expect(lease.connection.ended).toBe(false);
    lease.release();
  });
});

describe("drain", () => {
  it("lets whoever has a connection finish, lends it to nobody new and resolves when it has ended", async () => {
    const { acquire, pool } = start();
    const lease = await acquire();
    (await acquire({ server: "mail" })).release();
    let drained = false;
    const draining = pool.drain({ workspace: "acme" }).then(() => (drained = true));
    await settle();
    expect([lease.connection.closes, drained]).toEqual([0, false]);
    expect(pool.stats().byState).toMatchObject({ draining: 1, idle: 0, ready: 0 });
    const next = await acquire();
    expect(next.connection).not.toBe(lease.connection);
    lease.release();
    await draining;
    expect(lease.connection.closes).toBe(1);
    next.release();
  });

  it("ends what is still on loan after drainTimeoutMs", async () => {
    const { acquire, clock, pool } = start();
    const lease = await acquire();
    const draining = pool.drain({ server: "files" });
    await settle();
    clock.step(5_000);
    await draining;
    expect(lease.connection.closes).toBe(1);
    lease.release();
  });

  it("gives a connection that is being opened to those who waited for it, and to nobody after them", async () => {
    const { acquire, fake, pool } = start({ automatic: false });
    const waiting = acquire();
    await settle();
    const draining = pool.drain({ workspace: "acme" });
    const late = acquire();
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

describe("retire", () => {
  it("lends the selected connections to nobody new, and leaves them to their users for as long as those take", async () => {
    const { acquire, clock, pool } = start();
    const lease = await acquire();
    let retired = false;
    const retiring = pool.retire({ workspace: "acme", subject: "s" }).then(() => (retired = true));
    await settle();
    clock.step(3_600_000);
    await settle();
    expect([lease.connection.closes, retired]).toEqual([0, false]);
    const next = await acquire();
    expect(next.connection).not.toBe(lease.connection);
    lease.release();
    await retiring;
    expect(lease.connection.closes).toBe(1);
    expect(next.connection.closes).toBe(0);
    next.release();
  });

  it("ends at once what nobody uses, and with the pool what somebody does", async () => {
    const { acquire, clock, pool } = start({}, { drainTimeoutMs: 100 });
    const idle = await acquire();
    idle.release();
    await pool.retire({ server: "files" });
    expect(idle.connection.closes).toBe(1);
    const lease = await acquire();
    const retiring = pool.retire({ server: "files" });
    const closing = pool.close();
    await settle();
    clock.step(100);
    await Promise.all([closing, retiring]);
    expect(lease.connection.closes).toBe(1);
    lease.release();
  });
});
