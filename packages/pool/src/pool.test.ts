import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  TenantryError,
  type Context,
  type CredentialRequest,
  type Scope,
  type ServerId,
  type WorkspaceId,
} from "@tenantry/core";
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
  type FakeConnectorOptions,
} from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool, type PoolLimits } from "./index.ts";

const context: Context = {};
const refused = { context, resend: "refused" } as const;

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;

function start(limits: Partial<PoolLimits> = {}, options: FakeConnectorOptions = {}): void {
  clock = stepClock();
  fake = fakeConnector(options);
  pool = createPool<FakeConnection, FakeSession>({ connector: fake.connector, limits, clock });
}

const target = (
  scope: Scope = userScope("ada"),
  server = "files",
  provider?: ReturnType<typeof fakeProvider>,
) => targetOf(fake.upstreamOf(server), scope, server, provider);
const acquire = (user = "ada", server = "files", signal?: AbortSignal) =>
  pool.acquire(target(userScope(user), server), { context, signal });
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "fulfilled",
    (error: unknown) => (error instanceof TenantryError ? error.code : error),
  );

beforeEach(() => start());

afterEach(async () => {
  const closing = pool.close();
  clock.step(60_000);
  await closing;
  expect(clock.pending).toBe(0);
  expect(pool.stats()).toMatchObject({ connections: 0, leases: 0, waiting: 0, entries: [] });
  expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
  for (const connection of fake.connections) expect(connection.ended).toBe(true);
});

describe("lending", () => {
  it("opens nothing before the first call, and one connection for all calls after it", async () => {
    expect(fake.openings).toHaveLength(0);
    const seen = await Promise.all(
      [1, 2, 3].map(() => pool.run(target(), async (connection) => connection, refused)),
    );
    expect(new Set(seen).size).toBe(1);
    expect(await pool.run(target(), async (connection) => connection, refused)).toBe(seen[0]);
    expect(fake.openings).toHaveLength(1);
  });

  it("lends different connections to different users, workspaces, sessions, servers, digests and subjects", async () => {
    const scopes: Scope[] = [
      userScope("ada"),
      userScope("bob"),
      userScope("ada", "globex"),
      userScope("ada", "acme", "s1"),
      userScope('a","b'),
      userScope("b", 'a","'),
      { share: "workspace", workspace: "acme" as WorkspaceId },
      { share: "discovery", workspace: "acme" as WorkspaceId },
      { share: "everyone" },
    ];
    const targets = scopes.flatMap((scope) => [target(scope), target(scope, "mail")]);
    const other = target();
    targets.push({ ...other, server: { ...other.server, digest: "d2" } });
    targets.push(target(userScope("ada"), "files", fakeProvider(credentialOf("", "1"))));
    targets.push(target(userScope("ada"), "files", fakeProvider(credentialOf("null", "1"))));
    const leases = await Promise.all(targets.map((one) => pool.acquire(one, { context })));
    expect(new Set(leases.map(({ connection }) => connection)).size).toBe(targets.length);
    leases.forEach(({ connection }, index) =>
      expect(connection.opening.scope).toEqual(targets[index]?.scope),
    );
  });

  it("gives an empty context to the credential of a scope without a user", async () => {
    for (const scope of [
      { share: "workspace", workspace: "acme" },
      { share: "everyone" },
      userScope("ada"),
    ] as Scope[]) {
      const provider = fakeProvider(credentialOf("s", "1"));
      await pool.run(target(scope, "files", provider), async () => {}, {
        context: { token: "ada's" },
        resend: "refused",
      });
      expect(provider.requests[0]?.context).toEqual(scope.share === "user" ? { token: "ada's" } : {});
    }
  });

  it("is not misled by a scope that changes while a credential is resolved", async () => {
    const scope = { ...userScope("ada") } as { share: "user"; user: string };
    const provider = fakeProvider(credentialOf("s", "1"));
    const leasing = pool.acquire(target(scope as unknown as Scope, "files", provider), { context });
    scope.user = "eve";
    expect((await leasing).connection.opening.scope).toEqual(userScope("ada"));
  });

  it("works with deeply frozen targets and options", async () => {
    const frozen = Object.freeze({ ...target(), scope: Object.freeze(userScope("ada")) });
    await expect(pool.run(frozen, async () => 1, Object.freeze({ ...refused }))).resolves.toBe(1);
  });

  it("releases a lease once, and `using` releases it", async () => {
    const [first, second] = await Promise.all([acquire(), acquire()]);
    expect(first).not.toBe(second);
    first.release();
    first.release();
    first[Symbol.dispose]();
    expect(pool.stats()).toMatchObject({ leases: 1, byState: { ready: 1, idle: 0 } });
    second[Symbol.dispose]();
    expect(pool.stats()).toMatchObject({ leases: 0, byState: { ready: 0, idle: 1 } });
  });

  it("throws the caller's own reason and does nothing when the signal has aborted already", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const provider = fakeProvider(undefined);
    await expect(
      pool.run(target(userScope("ada"), "files", provider), async () => {}, { ...refused, signal }),
    ).rejects.toBe(reason);
    expect(provider.requests).toHaveLength(0);
    expect(fake.openings).toHaveLength(0);
  });

  it("tells nothing of a credential in its stats", async () => {
    const provider = fakeProvider(credentialOf("subject-of-ada", "generation-of-ada"));
    await pool.acquire(target(userScope("ada"), "files", provider), { context });
    expect(JSON.stringify(pool.stats())).not.toMatch(/of-ada/u);
    expect(pool.stats().entries).toEqual([
      { scope: userScope("ada"), server: "files", state: "ready", leases: 1 },
    ]);
  });
});

describe("connecting", () => {
  beforeEach(() => start({}, { automatic: false }));

  it("keeps opening when the first of two waiters aborts, and stops when the last does", async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const outcomes = [acquire("ada", "files", a.signal), acquire("ada", "files", b.signal)].map(codeOf);
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
    start({}, { automatic: false, heedsAbort: false });
    const caller = new AbortController();
    const outcome = codeOf(acquire("ada", "files", caller.signal));
    await settle();
    caller.abort("left");
    expect(await outcome).toBe("left");
    const late = fake.openings[0]?.arrive();
    await settle();
    expect(late?.closes).toBe(1);
    expect(fake.endpoints).toEqual({ borrowed: 1, returned: 1 });
  });

  it("fails all waiters with the same error and opens afresh for the next call at once", async () => {
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
    start({ connectTimeoutMs: 100 }, { automatic: false, heedsAbort: false });
    const outcome = codeOf(acquire());
    await settle();
    clock.step(100);
    expect(await outcome).toBe("TIMEOUT");
    expect(pool.stats().connections).toBe(0);
    fake.openings[0]?.fail(new Error("at last"));
    await settle();
  });

  it("does not abort the signal of an opening that has succeeded", async () => {
    const caller = new AbortController();
    const leasing = acquire("ada", "files", caller.signal);
    await settle();
    fake.openings[0]?.arrive();
    const lease = await leasing;
    caller.abort();
    clock.step(60_000);
    lease.release();
    expect(fake.openings[0]?.signal.aborted).toBe(false);
  });

  it("resolves once more after a refusal at the door", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    provider.renew = () => credentialOf("s", "2");
    const calls = [1, 2, 3].map(() =>
      pool.run(target(userScope("ada"), "files", provider), async (c) => c, refused),
    );
    await settle();
    fake.openings[0]?.fail(new TenantryError("UNAUTHORIZED", "no", { delivery: "refused" }));
    await settle();
    expect(fake.openings[1]?.credential?.generation).toBe("2");
    fake.openings[1]?.arrive();
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(provider.requests.filter(({ rejected }) => rejected !== undefined)).toHaveLength(1);
  });

  it("fails after a second refusal at the door", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    provider.renew = () => credentialOf("s", "2");
    const outcome = codeOf(pool.run(target(userScope("ada"), "files", provider), async (c) => c, refused));
    for (const index of [0, 1]) {
      await settle();
      fake.openings[index]?.fail(
        new TenantryError("UNAUTHORIZED", "no", { recover: "reauthorize", delivery: "refused" }),
      );
    }
    expect(await outcome).toBe("UNAUTHORIZED");
    expect(fake.openings).toHaveLength(2);
  });
});

describe("repairing", () => {
  it("reconnects once for ten calls that fail together, and runs each once more", async () => {
    const attempts: number[] = [];
    const work = async (connection: FakeConnection, attempt: number) => {
      attempts.push(attempt);
      await settle();
      if (connection === fake.connections[0]) throw failure({ delivery: "refused", recover: "reconnect" });
      return connection;
    };
    const seen = await Promise.all(Array.from({ length: 10 }, () => pool.run(target(), work, refused)));
    expect(new Set(seen)).toEqual(new Set([fake.connections[1]]));
    expect(fake.connections).toHaveLength(2);
    expect(fake.connections[0]?.closes).toBe(1);
    expect(attempts.sort()).toEqual([...Array<number>(10).fill(1), ...Array<number>(10).fill(2)]);
  });

  it("leaves the replacement alone when a call on the old connection fails late", async () => {
    const late = gate();
    const fails = failure({ delivery: "refused", recover: "reconnect" });
    const slow = pool.run(
      target(),
      async (c, attempt) => (attempt === 1 ? late.promise.then(() => Promise.reject(fails)) : c),
      refused,
    );
    const fast = pool.run(
      target(),
      async (c, attempt) => (attempt === 1 ? Promise.reject(fails) : c),
      refused,
    );
    await fast;
    fake.connections[0]?.lose();
    late.resolve();
    expect(await slow).toBe(fake.connections[1]);
    expect(fake.connections).toHaveLength(2);
    expect(fake.connections[1]?.closes).toBe(0);
  });

  it.each([
    ["refused", "reconnect", "refused", 2],
    ["unsent", "reconnect", "refused", 2],
    ["unknown", "reconnect", "refused", 1],
    ["unknown", "reconnect", "safe", 2],
    ["answered", "reconnect", "safe", 1],
    ["refused", undefined, "safe", 1],
    ["unknown", undefined, "safe", 1],
  ] as const)(
    "delivery %s, recover %s, resend %s: runs at most %i times",
    async (delivery, recover, resend, times) => {
      let runs = 0;
      const error = failure({ delivery, ...(recover && { recover }) });
      const work = () => (runs++, Promise.reject(error));
      await expect(pool.run(target(), work, { context, resend })).rejects.toBe(error);
      expect(runs).toBe(times);
    },
  );

  it.each([
    ["DELIVERY_UNKNOWN", "safe", 2],
    ["CONNECTION_LOST", "safe", 2],
    ["DELIVERY_UNKNOWN", "refused", 1],
    ["TIMEOUT", "safe", 1],
    ["SERVER_UNAVAILABLE", "safe", 1],
  ] as const)(
    "an unknown delivery with the code %s, resend %s: runs at most %i times, on the same connection",
    async (code, resend, times) => {
      const used: FakeConnection[] = [];
      const server = "files" as ServerId;
      const error = new TenantryError(code, "The test wants it so.", { delivery: "unknown", server });
      const work = (connection: FakeConnection) => (used.push(connection), Promise.reject(error));
      await expect(pool.run(target(), work, { context, resend })).rejects.toBe(error);
      expect(used).toEqual(Array(times).fill(fake.connections[0]));
      expect(fake.connections).toHaveLength(1);
    },
  );

  it("does not lend a connection again that needs replacing, even where the call itself is not repeated", async () => {
    const error = failure({ delivery: "unknown", recover: "reconnect" });
    await expect(pool.run(target(), () => Promise.reject(error), refused)).rejects.toBe(error);
    expect(await pool.run(target(), async (c) => c, refused)).toBe(fake.connections[1]);
  });

  it("asks once for another credential when ten calls are refused together, and adopts it once", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    provider.renew = () => credentialOf("s", "2");
    const challenge = { scheme: "Bearer", parameters: {} };
    const work = async (connection: FakeConnection) => {
      const sent = connection.generations.at(-1);
      await settle();
      if (sent === "1") throw failure({ delivery: "refused", recover: "reauthorize", challenge });
      return connection;
    };
    const one = target(userScope("ada"), "files", provider);
    const seen = await Promise.all(Array.from({ length: 10 }, () => pool.run(one, work, refused)));
    expect(new Set(seen)).toEqual(new Set([fake.connections[0]]));
    expect(fake.connections[0]?.generations).toEqual(["1", "2"]);
    const renewals = provider.requests.filter(({ rejected }) => rejected !== undefined);
    expect(renewals.map(({ rejected }) => rejected)).toEqual([{ generation: "1", challenge }]);
  });

  it("throws the original error when there is no other credential, having asked once for all that were refused together", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    const error = failure({ delivery: "refused", recover: "reauthorize" });
    const one = target(userScope("ada"), "files", provider);
    const work = () => settle().then(() => Promise.reject(error));
    const together = Array.from({ length: 10 }, () => pool.run(one, work, refused));
    for (const call of together) await expect(call).rejects.toBe(error);
    const asked = () => provider.requests.filter(({ rejected }) => rejected !== undefined).length;
    expect(asked()).toBe(1);
    await expect(pool.run(one, work, refused)).rejects.toBe(error);
    expect(asked()).toBe(2);
  });

  it("gives what was renewed to a call that was refused earlier and comes late", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    provider.renew = () => credentialOf("s", "2");
    const one = target(userScope("ada"), "files", provider);
    const error = failure({ delivery: "refused", recover: "reauthorize" });
    const late = gate();
    const work = (until: Promise<unknown>) => async (connection: FakeConnection, attempt: number) => {
      if (attempt === 2) return connection.generations.at(-1);
      await until;
      throw error;
    };
    const slow = pool.run(one, work(late.promise), refused);
    await settle();
    expect(await pool.run(one, work(settle()), refused)).toBe("2");
    late.resolve();
    expect(await slow).toBe("2");
    expect(provider.requests.filter(({ rejected }) => rejected !== undefined)).toHaveLength(1);
  });

  it.each(["user", "everyone"] as const)(
    "asks again where what was renewed is itself refused later, though the provider gives the old one first (%s)",
    async (share) => {
      let accepted = "1";
      const asked: unknown[] = [];
      const credentials = {
        async resolve({ rejected }: CredentialRequest) {
          if (rejected !== undefined) asked.push(rejected.generation);
          return credentialOf("s", rejected === undefined ? "1" : accepted);
        },
      };
      const scope: Scope = share === "user" ? userScope("ada") : { share };
      const work = async (connection: FakeConnection) => {
        const sent = connection.generations.at(-1);
        if (sent !== accepted) throw failure({ delivery: "refused", recover: "reauthorize" });
        return sent;
      };
      for (accepted of ["1", "2", "2", "3", "4"])
        expect(await pool.run({ ...target(scope), credentials }, work, refused)).toBe(accepted);
      expect(fake.connections).toHaveLength(1);
      expect(asked).toEqual(["1", "1", "1", "1"]);
    },
  );

  it("names no generation where a request without a credential was refused", async () => {
    const provider = fakeProvider(undefined);
    provider.renew = () => credentialOf("s", "1");
    const challenge = { scheme: "Bearer", parameters: {} };
    const work = async (connection: FakeConnection) => {
      if (connection.opening.credential === undefined)
        throw failure({ delivery: "refused", recover: "reauthorize", challenge });
    };
    await pool.run(target(userScope("ada"), "files", provider), work, refused);
    expect(provider.requests.at(-1)?.rejected).toEqual({ challenge });
  });

  it("takes another connection when the refused subject is replaced by another, each call by its own context", async () => {
    const asked: unknown[] = [];
    const one = {
      ...target(),
      credentials: {
        resolve: async (request: CredentialRequest) => {
          if (request.rejected === undefined) return credentialOf("s", "1");
          asked.push(request.context["who"]);
          return credentialOf(`fallback of ${String(request.context["who"])}`, "1");
        },
      },
    };
    const work = async (connection: FakeConnection) => {
      await settle();
      if (connection.opening.credential?.subject === "s")
        throw failure({ delivery: "refused", recover: "reauthorize" });
      return connection.opening.credential?.subject;
    };
    const run = (who: string) => pool.run(one, work, { context: { who }, resend: "refused" });
    expect(await Promise.all([run("a"), run("b")])).toEqual(["fallback of a", "fallback of b"]);
    expect(asked).toEqual(["a", "b"]);
  });

  it("hears the provider's own error when no other credential can be had, and asks again the next time", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    const needed = failure({ slot: "authorization" });
    provider.renew = () => {
      throw needed;
    };
    const error = failure({ delivery: "refused", recover: "reauthorize" });
    const one = target(userScope("ada"), "files", provider);
    for (let call = 0; call < 2; call++)
      await expect(pool.run(one, () => Promise.reject(error), refused)).rejects.toBe(needed);
    expect(provider.requests).toHaveLength(4);
  });

  it("stops between two attempts when the caller aborts", async () => {
    const caller = new AbortController();
    const work = () => (
      caller.abort("enough"),
      Promise.reject(failure({ delivery: "refused", recover: "reconnect" }))
    );
    await expect(pool.run(target(), work, { ...refused, signal: caller.signal })).rejects.toBe("enough");
    expect(fake.openings).toHaveLength(1);
  });
});

describe("failures", () => {
  it("name their server, whoever they come from, and are otherwise what they were", async () => {
    const cause = new Error("why");
    const error = new TenantryError("CREDENTIAL_FAILED", "no", { cause, delivery: "unknown" });
    const fails = () => Promise.reject(error);
    const credentials = { resolve: fails };
    fake.connector.open = fails;
    const seen = await Promise.all(
      [
        pool.run({ ...target(), credentials }, async () => {}, refused),
        pool.acquire({ ...target(), credentials }, { context }),
        pool.run(target(), async () => {}, refused),
        pool.acquire(target(), { context }),
      ].map((one) => one.catch((reason: unknown) => reason)),
    );
    start();
    seen.push(await pool.run(target(), fails, refused).catch((reason: unknown) => reason));
    expect(seen).toHaveLength(5);
    const { message, stack } = error;
    for (const one of seen) {
      expect(one).toBeInstanceOf(TenantryError);
      expect(one).toMatchObject({ server: "files", delivery: "unknown", message, stack, cause });
    }
    expect(error.server).toBeUndefined();
  });

  it("leave the reason of the caller's own abort as it is, and whatever is no TenantryError", async () => {
    const caller = new AbortController();
    const reason = new TenantryError("TIMEOUT", "mine");
    const work = () => (caller.abort(reason), Promise.reject(reason));
    await expect(pool.run(target(), work, { ...refused, signal: caller.signal })).rejects.toBe(reason);
    const other = new Error("odd");
    await expect(pool.run(target(), () => Promise.reject(other), refused)).rejects.toBe(other);
    expect(reason.server).toBeUndefined();
  });
});

describe("rotation", () => {
  it("hands a newer generation to the live connection, and an unchanged one not", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    const run = () => pool.run(target(userScope("ada"), "files", provider), async (c) => c, refused);
    await run();
    await run();
    provider.current = credentialOf("s", "2");
    await run();
    expect(fake.connections.map(({ generations }) => generations)).toEqual([["1", "2"]]);
  });

  it("replaces a connection that cannot adopt, and lets its users finish", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    const old = await pool.acquire(target(userScope("ada"), "files", provider), { context });
    old.connection.adopts = false;
    provider.current = credentialOf("s", "2");
    const next = await pool.run(target(userScope("ada"), "files", provider), async (c) => c, refused);
    expect(next.generations).toEqual(["2"]);
    expect(old.connection.closes).toBe(0);
    expect(pool.stats().byState).toMatchObject({ draining: 1, idle: 1 });
    old.release();
    expect(old.connection.closes).toBe(1);
  });

  it("opens with the newest credential of those who wait, and does not go back to an older one", async () => {
    start({ maxConnections: 1 });
    const other = await acquire("bob");
    const provider = fakeProvider(credentialOf("s", "1"));
    const one = target(userScope("ada"), "files", provider);
    const early = pool.acquire(one, { context });
    await settle();
    provider.current = credentialOf("s", "2");
    const late = pool.acquire(one, { context });
    await settle();
    other.release();
    await Promise.all([early, late]).then((leases) => leases.forEach((lease) => lease.release()));
    expect(fake.connections[1]?.generations).toEqual(["2"]);
  });

  it("adopts, once open, what was resolved while it was being opened", async () => {
    start({}, { automatic: false });
    const provider = fakeProvider(credentialOf("s", "1"));
    const one = target(userScope("ada"), "files", provider);
    const early = pool.acquire(one, { context });
    await settle();
    provider.current = credentialOf("s", "2");
    const late = pool.acquire(one, { context });
    await settle();
    fake.openings[0]?.arrive();
    await Promise.all([early, late]);
    expect(fake.connections[0]?.generations).toEqual(["1", "2"]);
  });

  it("gives another subject a connection of its own and keeps the first", async () => {
    const provider = fakeProvider(credentialOf("s", "1"));
    const run = () => pool.run(target(userScope("ada"), "files", provider), async (c) => c, refused);
    const first = await run();
    provider.current = credentialOf("t", "1");
    const second = await run();
    provider.current = credentialOf("s", "1");
    expect(second).not.toBe(first);
    expect(await run()).toBe(first);
  });
});

describe("loss", () => {
  it("forgets a lost connection, idle or leased, and gives its endpoint back without closing it", async () => {
    for (const leased of [false, true]) {
      const lease = await acquire();
      if (!leased) lease.release();
      lease.connection.lose();
      await settle();
      expect(pool.stats().connections).toBe(0);
      lease.release();
      expect(lease.connection.closes).toBe(0);
      expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
    }
    expect((await acquire()).connection).toBe(fake.connections[2]);
  });
});

describe("idleness", () => {
  it("closes a connection idleTimeoutMs after its last release, with one timer for all and none when none is open", async () => {
    start({ idleTimeoutMs: 100 });
    const leases = await Promise.all(["ada", "bob", "eve"].map((user) => acquire(user)));
    expect(clock.pending).toBe(0);
    for (const lease of leases) {
      lease.release();
      clock.step(10);
    }
    expect(clock.pending).toBe(1);
    clock.step(60);
    (await acquire("ada")).release();
    clock.step(10);
    expect(fake.connections.map(({ closes }) => closes)).toEqual([0, 0, 0]);
    clock.step(20);
    expect(fake.connections.map(({ closes }) => closes)).toEqual([0, 1, 1]);
    const again = await acquire("ada");
    expect(again.connection).toBe(fake.connections[0]);
    clock.step(1000);
    expect(again.connection.closes).toBe(0);
    await pool.revoke({ workspace: "acme" });
    expect(clock.pending).toBe(0);
  });

  it("closes a discovery connection with its last lease", async () => {
    const scope: Scope = { share: "discovery", workspace: "acme" as WorkspaceId };
    const leases = await Promise.all([1, 2].map(() => pool.acquire(target(scope), { context })));
    leases[0]?.release();
    expect(fake.connections[0]?.closes).toBe(0);
    leases[1]?.release();
    expect(fake.connections.map(({ closes }) => closes)).toEqual([1]);
    expect(clock.pending).toBe(0);
  });
});

describe("closing", () => {
  it("refuses new work, rejects those who wait and aborts what is being opened", async () => {
    start({ maxConnections: 2 }, { automatic: false });
    const connecting = ["ada", "bob"].map((user) => codeOf(acquire(user)));
    const waiting = codeOf(acquire("eve"));
    const provider = { resolve: () => new Promise<undefined>(() => {}) };
    const resolving = codeOf(pool.acquire({ ...target(), credentials: provider }, { context }));
    await settle();
    const closing = pool.close();
    expect(pool.close()).toBe(closing);
    expect(await Promise.all([...connecting, waiting, resolving, codeOf(acquire())])).toEqual(
      Array(5).fill("CLOSED"),
    );
    await closing;
    expect(fake.openings).toHaveLength(2);
    expect(fake.openings.every(({ signal }) => signal.aborted)).toBe(true);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    "tells a caller whose connection arrives just before it, %i turns, that it is closed",
    async (turns) => {
      start({}, { automatic: false });
      const outcome = pool
        .run(target(), async () => "ran", refused)
        .catch((error: unknown) => (error as TenantryError).code);
      await settle();
      fake.openings[0]?.arrive();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const closing = pool.close();
      expect(["CLOSED", "ran"]).toContain(await outcome);
      await closing;
    },
  );

  it("closes idle connections at once and leased ones when they are released", async () => {
    const [ada, bob] = await Promise.all([acquire("ada"), acquire("bob")]);
    bob.release();
    let done = false;
    const closing = pool.close().then(() => (done = true));
    await settle();
    expect([ada.connection.closes, bob.connection.closes, done]).toEqual([0, 1, false]);
    ada.release();
    await closing;
    expect(ada.connection.closes).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("closes leased connections under their users when drainTimeoutMs has passed", async () => {
    start({ drainTimeoutMs: 100 });
    const lease = await acquire();
    const closing = pool.close();
    clock.step(99);
    expect(lease.connection.closes).toBe(0);
    clock.step(1);
    await closing;
    lease.release();
    expect(lease.connection.closes).toBe(1);
  });

  it("waits until a slow connection is closed", async () => {
    const lease = await acquire();
    const slow = gate();
    lease.connection.closing = slow.promise;
    lease.release();
    let done = false;
    const closing = pool.close().then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    slow.resolve();
    await closing;
  });

  it.each([0, 50])(
    "waits for what is left of an aborted opening, whatever the time for draining (%i ms)",
    async (drainTimeoutMs) => {
      start({ drainTimeoutMs }, { automatic: false, heedsAbort: false });
      const caller = new AbortController();
      const left = codeOf(acquire("ada", "files", caller.signal));
      const connecting = codeOf(acquire("bob"));
      await settle();
      caller.abort("left");
      await left;
      let done = false;
      const closing = pool.close().then(() => (done = true));
      await connecting;
      clock.step(drainTimeoutMs);
      await settle();
      expect(done).toBe(false);
      fake.openings[0]?.fail(new Error("taken back"));
      await settle();
      expect(done).toBe(false);
      const late = fake.openings[1]?.arrive();
      await closing;
      expect(late?.closes).toBe(1);
    },
  );

  it("does not wait for ever for an opening that takes no notice of its abort", async () => {
    start({ drainTimeoutMs: 0 }, { automatic: false, heedsAbort: false });
    const connecting = codeOf(acquire());
    await settle();
    const closing = pool.close();
    expect(await connecting).toBe("CLOSED");
    clock.step(30_000);
    await closing;
    fake.openings[0]?.fail(new Error("at last"));
    await settle();
  });

  it("does not begin a second attempt", async () => {
    const error = failure({ delivery: "refused", recover: "reconnect" });
    const begun = gate();
    const running = pool.run(target(), () => begun.promise.then(() => Promise.reject(error)), refused);
    await settle();
    const closing = pool.close();
    begun.resolve();
    await expect(running).rejects.toBe(error);
    await closing;
    expect(fake.openings).toHaveLength(1);
  });

  it("is what `await using` does", async () => {
    const lease = await acquire();
    lease.release();
    await pool[Symbol.asyncDispose]();
    expect(lease.connection.closes).toBe(1);
  });
});
