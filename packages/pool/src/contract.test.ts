// What the pool does where those that it works with do not keep their word, or do not come back.
import { getEventListeners } from "node:events";
import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  principalOf,
  TenantryError,
  type Connector,
  type Credential,
  type CredentialProvider,
  type Scope,
  type Target,
  type WorkspaceId,
} from "@tenantry/core";
import {
  credentialOf,
  fakeConnector,
  fakeProvider,
  gate,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeConnectorOptions,
  type FakeSession,
} from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool, type PoolLimits } from "./index.ts";

const options = { context: {}, resend: "refused" } as const;
const shared: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;

function start(limits: Partial<PoolLimits> = {}, more: FakeConnectorOptions = {}): void {
  clock = stepClock();
  fake = fakeConnector(more);
  pool = createPool<FakeConnection, FakeSession>({ connector: fake.connector, limits, clock });
}

const target = (scope: Scope = userScope("ada"), server = "files", provider?: CredentialProvider) =>
  ({
    ...targetOf(fake.upstreamOf(server), scope, server),
    ...(provider && { credentials: provider }),
  }) as Target;
const failureOf = (promise: Promise<unknown>) =>
  promise.then(String, (error: unknown) => error as TenantryError);

async function close(): Promise<void> {
  const closing = pool.close();
  for (let turn = 0; turn < 10; turn++) {
    await settle();
    clock.step(60_000);
  }
  await closing;
  expect(clock.pending).toBe(0);
}

beforeEach(() => start());
afterEach(close);

describe("a connection that ends as soon as it is open", () => {
  it("is replaced a few times and not for ever, and its server is then left alone", async () => {
    const { connector } = fake;
    let opened = 0;
    const fickle: Connector<FakeConnection, FakeSession> = {
      async open(...given) {
        opened++;
        const connection = await connector.open(...given);
        connection.lose();
        return connection;
      },
    };
    pool = createPool<FakeConnection, FakeSession>({ connector: fickle, clock });
    let ran = 0;
    const work = async () => void ran++;
    expect(await failureOf(pool.run(target(), work, options))).toBeInstanceOf(TenantryError);
    expect([opened <= 10, ran]).toEqual([true, 0]);
    await failureOf(pool.run(target(), work, options));
    const before = opened;
    expect(await failureOf(pool.run(target(), work, options))).toMatchObject({ code: "SERVER_UNAVAILABLE" });
    expect(opened).toBe(before);
  });
});

describe("users who share a connection", () => {
  const as = (user: string) => ({ ...options, principal: principalOf({ workspace: "acme", user }) });
  const refuses = (details: object) => async () => {
    throw new TenantryError("SERVER_UNAVAILABLE", "no", { delivery: "unknown", ...details });
  };

  it.each([
    ["a Retry-After", 1, { status: 429, retryAfterMs: 1_000 }],
    ["failures in a row", 5, { status: 503 }],
  ])("are not held back by %s of another, and hear nothing of it", async (_, times, details) => {
    for (let time = 0; time < times; time++)
      await failureOf(pool.run(target(shared), refuses(details), as("mallory")));
    const held = await failureOf(pool.run(target(shared), async () => "ran", as("mallory")));
    expect(held).toMatchObject({ code: "SERVER_UNAVAILABLE", delivery: "unsent" });
    expect(await pool.run(target(shared), async () => "ran", as("bob"))).toBe("ran");
  });

  it("count towards their own caps", async () => {
    start({ maxCallsPerUser: 1 });
    const { promise, resolve } = gate();
    const calls = ["mallory", "mallory", "bob"].map((user) =>
      pool.run(target(shared), () => promise, as(user)),
    );
    await settle();
    expect(pool.stats()).toMatchObject({ leases: 3 });
    let began = 0;
    const counted = ["bob", "eve"].map((user) =>
      pool.run(target(shared), async () => void began++, as(user)),
    );
    await settle();
    expect(began).toBe(1);
    resolve();
    await Promise.all([...calls, ...counted]);
  });
});

describe("what does not come back", () => {
  it("a close() that hangs does not keep the pool from closing", async () => {
    await pool.run(
      target(),
      async (connection) => void (connection.closing = new Promise(() => {})),
      options,
    );
    let closed = false;
    const closing = pool.close().then(() => (closed = true));
    await settle();
    clock.step(29_999);
    await settle();
    expect(closed).toBe(false);
    clock.step(1);
    await closing;
  });

  it("a server that hangs when sessions are ended leaves others theirs", async () => {
    start({ idleTimeoutMs: 10 }, { parks: true });
    const { connector } = fake;
    const ended: string[] = [];
    const hanging: Connector<FakeConnection, FakeSession> = {
      async open(endpoint, credential, given) {
        const connection = await connector.open(endpoint, credential, given);
        if (given.resume === undefined) return connection;
        if (connection.opening.server === "hung") connection.closing = new Promise(() => {});
        else ended.push(connection.opening.server);
        return connection;
      },
    };
    pool = createPool<FakeConnection, FakeSession>({
      connector: hanging,
      clock,
      limits: { idleTimeoutMs: 10 },
    });
    for (let user = 0; user < 100; user++)
      await pool.run(target(userScope(`${user}`), "hung"), async () => {}, options);
    for (let user = 0; user < 20; user++)
      await pool.run(target(userScope(`${user}`), "fine"), async () => {}, options);
    clock.step(10);
    expect(pool.stats().byState.parked).toBe(120);
    const revoking = pool.revoke({ workspace: "acme" });
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(ended).toHaveLength(20);
    for (let turn = 0; turn < 10; turn++) {
      clock.step(5_000);
      await settle();
    }
    await revoking;
  });

  it("revoke() and drain() resolve when parked sessions are ended at their server", async () => {
    for (const verb of ["revoke", "drain"] as const) {
      start({ idleTimeoutMs: 10 }, { parks: true });
      await pool.run(target(), async () => {}, options);
      clock.step(10);
      await pool[verb]({ workspace: "acme" });
      expect(fake.connections.filter(({ opening, closes }) => opening.resume && closes === 1)).toHaveLength(
        1,
      );
      await close();
    }
  });
});

describe("a signal that outlives its calls", () => {
  it("keeps no listener, also where a provider looks at it and answers at once or throws", async () => {
    const { signal } = new AbortController();
    let times = 0;
    const provider: CredentialProvider = {
      resolve({ signal }) {
        signal?.throwIfAborted();
        if (++times % 2 === 0) throw new TenantryError("CREDENTIAL_FAILED", "no");
        return credentialOf("s", "1");
      },
    };
    for (let call = 0; call < 20; call++)
      await failureOf(
        pool.run(target(userScope("ada"), "files", provider), async () => {}, { ...options, signal }),
      );
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a scope", () => {
  it.each([
    [{ share: "users", workspace: "acme", user: "ada" }],
    [{ share: "user", workspace: "acme" }],
    [{ share: "user", workspace: "acme", user: { id: 1 } }],
    [{ share: "user", workspace: 7, user: "ada" }],
    [{ share: "user", workspace: "acme", user: "ada", session: 1 }],
    [{ share: "workspace" }],
    [{}],
  ])("that names nobody is refused, and nothing is opened: %j", async (scope) => {
    expect(await failureOf(pool.acquire(target(scope as Scope), options))).toMatchObject({
      code: "PRINCIPAL_INVALID",
    });
    expect(fake.openings).toHaveLength(0);
  });

  it("that says something else each time is read once, whether or not it is frozen", async () => {
    let user = "ada";
    const scope = Object.freeze({
      share: "user",
      workspace: "acme",
      get user() {
        return user;
      },
    });
    const asked = Object.freeze(target(scope as Scope));
    const lease = await pool.acquire(asked, options);
    user = "eve";
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(lease.connection.closes).toBe(1);
    lease.release();
  });
});

describe("whoever comes back into the pool while it opens", () => {
  it.each(["revoke", "close"] as const)("with %s() leaves nothing open", async (verb) => {
    const channel = tracingChannel("tenantry:pool:connect");
    const subscriber = {
      start: () => void (verb === "close" ? pool.close() : pool.revoke({ workspace: "acme" })),
    };
    channel.subscribe(subscriber as never);
    try {
      expect(await failureOf(pool.acquire(target(), options))).toBeInstanceOf(TenantryError);
    } finally {
      channel.unsubscribe(subscriber as never);
    }
    await settle();
    expect(pool.stats().entries).toEqual([]);
    expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
    expect(fake.connections.filter(({ ended }) => !ended)).toEqual([]);
  });
});

describe("those who do not keep their word", () => {
  it("a connector that gives no connection fails its callers, each time", async () => {
    const connector = { open: async () => undefined } as never;
    pool = createPool<FakeConnection, FakeSession>({ connector, clock });
    for (let call = 0; call < 3; call++)
      expect(await failureOf(pool.acquire(target(), options))).toMatchObject({ code: "CONNECT_FAILED" });
    expect(pool.stats().entries).toEqual([]);
  });

  it("a connection that fails at being parked is closed, and the others are parked", async () => {
    start({ idleTimeoutMs: 10 }, { parks: true });
    await pool.run(
      target(),
      async (connection) => {
        connection.park = () => {
          throw new Error("no");
        };
      },
      options,
    );
    await pool.run(target(userScope("bob")), async () => {}, options);
    clock.step(10);
    await settle();
    expect(fake.connections[0]?.closes).toBe(1);
    expect(pool.stats().byState).toMatchObject({ idle: 0, parked: 1 });
  });

  it("a provider that says null for none has none", async () => {
    const provider = fakeProvider(null as unknown as Credential);
    for (let call = 0; call < 2; call++)
      await pool.run(target(userScope("ada"), "files", provider), async () => {}, options);
    expect(fake.openings).toHaveLength(1);
  });
});
