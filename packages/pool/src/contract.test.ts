// What the pool does where those that it works with do not keep their word, or do not come back.
import { getEventListeners } from "node:events";
import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { TenantryError, type Credential, type CredentialProvider, type Scope } from "@tenantry/core";
import { credentialOf, fakeProvider, settle } from "../test/fake-connector.ts";
import { codeOf, failureOf, startPool } from "../test/start-pool.ts";

describe("a connection that ends as soon as it is open", () => {
  it("is replaced a few times and not for ever, and its server is then left alone", async () => {
    const { run, fake } = startPool(
      {},
      {
        connect: ({ open }) => ({
          async open(...given) {
            const connection = await open(...given);
            connection.lose();
            return connection;
          },
        }),
      },
    );
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
