// What the pool does where those that it works with do not keep their word, or do not come back.
import { getEventListeners } from "node:events";
import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { TenantryError, type Credential, type CredentialProvider, type Scope } from "@tenantry/core";
import { credentialOf, fakeProvider, gate, settle } from "../test/fake-connector.ts";
import { codeOf, failureOf, startPool, type StartOptions } from "../test/start-pool.ts";

describe("a connection that ends as soon as it is open", () => {
  const fickle: StartOptions = {
    connect: ({ open }) => ({
      async open(...given) {
        const connection = await open(...given);
        connection.lose();
        return connection;
      },
    }),
  };

  it("is replaced a few times and not for ever, whatever is thought of its server", async () => {
    const { run, acquire, fake } = startPool({ breakerThreshold: 1_000 }, fickle);
    let ran = 0;
    expect(await codeOf(run(async () => void ran++))).toBe("CONNECTION_LOST");
    expect([fake.openings.length, ran]).toEqual([9, 0]);
    expect(await codeOf(acquire())).toBe("CONNECTION_LOST");
    expect(fake.openings).toHaveLength(12);
  });

  it("has its server left alone then", async () => {
    const { run, fake } = startPool({}, fickle);
    let ran = 0;
    const work = async () => void ran++;
    expect(await failureOf(run(work))).toBeInstanceOf(TenantryError);
    expect([fake.openings.length <= 10, ran]).toEqual([true, 0]);
    await failureOf(run(work));
    const before = fake.openings.length;
    expect(await codeOf(run(work))).toBe("SERVER_UNAVAILABLE");
    expect(fake.openings).toHaveLength(before);
  });
});

describe("a signal that outlives its calls", () => {
  it("keeps no listener, also where a provider looks at it and answers at once or throws", async () => {
    const { run } = startPool();
    const { signal } = new AbortController();
    let times = 0;
    const provider: CredentialProvider = {
      resolve({ signal }) {
        signal?.throwIfAborted();
        if (++times % 2 === 0) throw new TenantryError("CREDENTIAL_FAILED", "no");
        return credentialOf("s", "1");
      },
    };
    for (let call = 0; call < 20; call++) await run(async () => {}, { provider, signal }).catch(() => {});
    expect(times).toBe(20);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a signal that outlives its waits", () => {
  it("keeps no listener, whether there came to be room or not", async () => {
    const { acquire, clock } = startPool({ maxConnections: 1, acquireTimeoutMs: 100 });
    const { signal } = new AbortController();
    const other = await acquire({ user: "bob" });
    const late = codeOf(acquire({ signal }));
    await settle();
    expect(getEventListeners(signal, "abort")).not.toEqual([]);
    clock.step(100);
    expect(await late).toBe("POOL_EXHAUSTED");
    expect(getEventListeners(signal, "abort")).toEqual([]);
    const inTime = acquire({ signal });
    await settle();
    other.release();
    await inTime;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("whoever comes back into the pool while it opens", () => {
  it.each(["revoke", "close"] as const)("with %s() leaves nothing open", async (verb) => {
    const { acquire, pool, fake } = startPool();
    const channel = tracingChannel("tenantry:pool:connect");
    const subscriber = {
      start: () => void (verb === "close" ? pool.close() : pool.revoke({ workspace: "acme" })),
    };
    channel.subscribe(subscriber as never);
    try {
      expect(await failureOf(acquire())).toBeInstanceOf(TenantryError);
    } finally {
      channel.unsubscribe(subscriber as never);
    }
    await settle();
    expect(pool.stats().entries).toEqual([]);
    expect(fake.endpoints.returned).toBe(fake.endpoints.borrowed);
    expect(fake.connections.filter(({ ended }) => !ended)).toEqual([]);
  });
});

describe("whoever comes back into the pool while it closes", () => {
  it("finds it closed", async () => {
    const { acquire, pool, fake } = startPool({}, { automatic: false });
    const connecting = codeOf(acquire());
    await settle();
    const back: { readonly outcome: Promise<unknown>; readonly closing: Promise<void> }[] = [];
    fake.openings[0]?.signal.addEventListener("abort", () =>
      back.push({ outcome: codeOf(acquire({ user: "bob" })), closing: pool.close() }),
    );
    const closing = pool.close();
    expect(back).toHaveLength(1);
    expect(back[0]?.closing).toBe(closing);
    expect(await Promise.all([connecting, back[0]?.outcome])).toEqual(["CLOSED", "CLOSED"]);
    await closing;
    expect(fake.openings).toHaveLength(1);
  });
});

describe("whoever comes back and revokes what is about to open", () => {
  it("takes nobody's caps away, and nothing that is known of a refused credential", async () => {
    const { run, pool } = startPool({ maxCallsPerUser: 1, breakerThreshold: 2 });
    const refusal = new TenantryError("UNAUTHORIZED", "no", { delivery: "refused", status: 401 });
    await failureOf(run(() => Promise.reject(refusal)));
    await pool.revoke({ server: "files" });
    const first = gate();
    const hanging = run(() => first.promise, { server: "mail" });
    await settle();
    const channel = tracingChannel("tenantry:pool:connect");
    const subscriber = { start: () => void pool.revoke({ server: "files" }) };
    channel.subscribe(subscriber as never);
    try {
      expect(await codeOf(run(async () => {}))).toBe("CONNECTION_LOST");
    } finally {
      channel.unsubscribe(subscriber as never);
    }
    let began = false;
    const second = run(async () => void (began = true), { server: "wiki" });
    await settle();
    expect(began).toBe(false);
    first.resolve();
    await Promise.all([hanging, second]);
    await failureOf(run(() => Promise.reject(refusal)));
    expect(await codeOf(run(async () => {}))).toBe("UNAUTHORIZED");
  });
});

describe("a connector that gives no connection", () => {
  it("fails its callers, each time", async () => {
    const { acquire, pool } = startPool({}, { connect: () => ({ open: async () => undefined }) as never });
    for (let call = 0; call < 3; call++) expect(await codeOf(acquire())).toBe("CONNECT_FAILED");
    expect(pool.stats().entries).toEqual([]);
  });
});

describe("a provider that says null for none", () => {
  it("has none", async () => {
    const { run, fake } = startPool();
    const provider = fakeProvider(null as unknown as Credential);
    for (let call = 0; call < 2; call++) await run(async () => {}, { provider });
    expect(fake.openings).toHaveLength(1);
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
    const { acquire, fake } = startPool();
    expect(await codeOf(acquire({ scope: scope as Scope }))).toBe("PRINCIPAL_INVALID");
    expect(fake.openings).toHaveLength(0);
  });

  it("that says something else each time is read once, whether or not it is frozen", async () => {
    const { pool, target } = startPool();
    let user = "ada";
    const scope = Object.freeze({
      share: "user",
      workspace: "acme",
      get user() {
        return user;
      },
    });
    const asked = Object.freeze(target({ scope: scope as Scope }));
    const lease = await pool.acquire(asked, { context: {} });
    user = "eve";
    await pool.revoke({ workspace: "acme", user: "ada" });
    expect(lease.connection.closes).toBe(1);
    lease.release();
  });
});
