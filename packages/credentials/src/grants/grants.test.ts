import { inspect } from "node:util";
import { secret, serverId, TenantryError, userId, workspaceId } from "@tenantry/core";
import { describe, expect, test } from "vitest";
import { failure, thrown } from "../../test/fixture.ts";
import { hour, key, leaseName, setUp, text } from "../../test/grants-fixture.ts";
import { invalidGrant } from "../../test/issuer.ts";
import type { Grant, GrantEvent, SendRefresh } from "../grants.ts";

describe("a grant that is kept", () => {
  test("is given by another process as it was put", async () => {
    const { grants, start, issuer } = setUp();
    const grant = issuer.grant({ scopes: ["read", "write"], refreshGraceMs: 5, receivedAt: 7 });
    await grants.put(key, grant);
    const read = await start().current(key);
    expect({ ...read, tokens: [text(read), read?.refreshToken?.reveal()] }).toEqual({
      ...grant,
      tokens: [text(grant), grant.refreshToken?.reveal()],
    });
  });

  test("is in the store and in every inspection without its tokens", async () => {
    const { grants, store, issuer } = setUp();
    const grant = issuer.grant();
    await grants.put(key, grant);
    await grants.current(key);
    const shown = [store.dump(), inspect(grants, { depth: null, showHidden: true }), JSON.stringify(grants)];
    expect(shown.join("\n")).not.toMatch(/access-|refresh-\d/u);
  });

  test("is given at once when it is known, without a look at the store", async () => {
    const { grants, store, issuer, send } = setUp();
    await grants.put(key, issuer.grant());
    await grants.current(key);
    const calls = store.calls();
    const again = grants.fresh(key, { send });
    expect(again).not.toBeInstanceOf(Promise);
    expect(grants.fresh(key, { send })).toBe(again);
    expect(grants.current(key)).toBe(again);
    expect(store.calls()).toBe(calls);
  });

  test("is another one for another user, slot, server or workspace, however their names run together", async () => {
    const { grants, issuer, send } = setUp();
    await grants.put({ ...key, user: userId("a"), server: serverId("bc") }, issuer.grant());
    const { user: _user, ...shared } = key;
    for (const other of [
      { ...key, user: userId("ab"), server: serverId("c") },
      { ...shared, server: serverId("abc") },
      { ...key, user: userId("a"), server: serverId("bc"), slot: "other" },
      { ...key, workspace: workspaceId("acme2"), user: userId("a"), server: serverId("bc") },
    ])
      expect(await grants.fresh(other, { send })).toBeUndefined();
  });

  test("does not open in another's row", async () => {
    const { grants, start, store, issuer, send } = setUp();
    await grants.put(key, issuer.grant());
    const row = await store.credentials.get(key);
    const eve = { ...key, user: userId("eve") };
    await store.credentials.put(eve, row?.value ?? null, { ifVersion: null });
    expect(await failure(Promise.resolve(start().fresh(eve, { send })))).toMatchObject({
      code: "SEAL_BROKEN",
    });
    expect(await grants.remove(eve)).toBeUndefined();
    expect(await store.credentials.get(eve)).toBeUndefined();
  });

  test.for([null, 7, {}, { kind: "value", sealed: "x" }, { kind: "grant" }, { kind: "grant", sealed: 1 }])(
    "is refused where the slot holds %j, and can be put over it",
    async (value) => {
      const { grants, store, issuer, send } = setUp();
      await store.credentials.put(key, value, { ifVersion: null });
      expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
        code: "STORE_INVALID",
      });
      const grant = issuer.grant();
      await grants.put(key, grant);
      expect(text(await grants.fresh(key, { send }))).toBe(text(grant));
    },
  );

  test("is read again when it has changed, when everything may have, and when it was kept for long enough", async () => {
    const { grants, start, store, issuer, send, clock } = setUp();
    await grants.put(key, issuer.grant());
    await grants.fresh(key, { send });
    const second = issuer.grant();
    await start().put(key, second);
    expect(text(await grants.fresh(key, { send }))).toBe(text(second));
    for (const age of [() => store.resync(), () => clock.pass(60_000), () => clock.pass(-90_000)]) {
      const calls = store.calls();
      expect(grants.current(key)).not.toBeInstanceOf(Promise);
      age();
      expect(text(await grants.current(key))).toBe(text(second));
      expect(store.calls()).toBeGreaterThan(calls);
    }
  });

  test("is not remembered as it was when it changes while it is read", async () => {
    const { grants, start, issuer, send } = setUp();
    await grants.put(key, issuer.grant());
    const second = issuer.grant();
    const reading = grants.current(key);
    await start().put(key, second);
    await reading;
    expect(text(await grants.fresh(key, { send }))).toBe(text(second));
  });

  test("is found whatever else the caller's key has", async () => {
    const { grants, start, issuer, send } = setUp();
    const more = Object.freeze({ session: "s", ...key });
    await grants.put(more, issuer.grant());
    expect(await start().fresh(key, { send })).toBeDefined();
    expect(await start().remove(more)).toBeDefined();
    await expect(grants.put(key, { ...issuer.grant(), issuer: "" })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
      message: expect.stringContaining("issuer") as string,
    });
  });

  test("is bounded in memory", async () => {
    const { grants, store, issuer, settle } = setUp({ limits: { maxGrants: 2 } });
    const keys = ["a", "b", "c"].map((user) => ({ ...key, user: userId(user) }));
    for (const each of keys) await grants.put(each, issuer.grant());
    for (const each of keys) await grants.current(each);
    const calls = store.calls();
    expect(keys.map((each) => grants.current(each) instanceof Promise)).toEqual([true, false, false]);
    await settle();
    expect(store.calls()).toBe(calls + 1);
  });
});

describe("a grant that has ended", () => {
  test.for([10, 1_000])(
    "is refreshed by one request for %i calls, and each gets the new token",
    async (count) => {
      const { grants, issuer, send, clock } = setUp();
      await grants.put(key, issuer.grant());
      await grants.fresh(key, { send });
      clock.pass(hour);
      const given = await Promise.all(Array.from({ length: count }, async () => grants.fresh(key, { send })));
      expect(issuer.requests).toBe(1);
      expect(new Set(given.map(text))).toEqual(new Set([text(await grants.current(key))]));
      expect(given.every((grant) => grant && issuer.accepts(grant))).toBe(true);
    },
  );

  test.for([10, 1_000])("is refreshed by one request for %i refusals of its token", async (count) => {
    const { grants, issuer, send } = setUp();
    const first = issuer.grant();
    await grants.put(key, first);
    const rejected = { send, rejected: first.generation };
    const given = await Promise.all(Array.from({ length: count }, async () => grants.fresh(key, rejected)));
    expect(issuer.requests).toBe(1);
    // Who is refused late is given what is there by now.
    given.push(await grants.fresh(key, rejected));
    expect(issuer.requests).toBe(1);
    expect(new Set(given.map((grant) => grant?.generation)).size).toBe(1);
    expect(given[0]).toMatchObject({ subject: first.subject });
    expect(given[0]?.generation).not.toBe(first.generation);
  });

  test("is refreshed by one of four processes, and the others take its token", async () => {
    const { start, issuer, send, clock, grants, settle } = setUp();
    await grants.put(key, issuer.grant());
    const all = [start(), start(), start(), start()];
    for (const each of all) await each.fresh(key, { send });
    clock.pass(hour);
    let answer = () => {};
    const slow: SendRefresh = (grant) =>
      new Promise((resolve) => (answer = () => resolve(issuer.refresh(grant))));
    const calls = all.map((each) => Promise.resolve(each.fresh(key, { send: slow })));
    await settle();
    clock.pass(1_000);
    await settle();
    answer();
    const given = await Promise.all(calls);
    expect(issuer.requests).toBe(1);
    expect(new Set(given.map(text)).size).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test("keeps what the issuer does not say anew", async () => {
    const { grants, issuer, clock } = setUp({ rotates: false });
    const first = issuer.grant({ scopes: ["a", "b"] });
    await grants.put(key, first);
    clock.pass(hour);
    const send: SendRefresh = async () => ({ accessToken: secret("new") });
    const next = await grants.fresh(key, { send });
    const { expiresAt: _ended, generation: _generation, accessToken: _token, ...same } = first;
    expect(next).toMatchObject(same);
    expect(next?.expiresAt).toBeUndefined();
    expect(next?.refreshToken?.reveal()).toBe(first.refreshToken?.reveal());
  });

  test.for([Number.NaN, -1, Infinity])(
    "lives on where the issuer says %s for its time",
    async (expiresInMs) => {
      const { grants, issuer, clock } = setUp();
      await grants.put(key, issuer.grant());
      clock.pass(hour);
      const send: SendRefresh = async (grant) => ({ ...issuer.refresh(grant), expiresInMs });
      expect(await grants.fresh(key, { send })).not.toHaveProperty("expiresAt");
    },
  );

  test("needs the person where it has no refresh token, and is refreshed in none of the processes", async () => {
    const { grants, issuer, send, clock } = setUp();
    const { refreshToken: _none, ...rest } = issuer.grant();
    await grants.put(key, rest);
    clock.pass(hour);
    const error = await failure(Promise.resolve(grants.fresh(key, { send })));
    expect(error).toMatchObject({ code: "AUTHORIZATION_REQUIRED", server: "github", slot: "oauth" });
    expect(issuer.requests).toBe(0);
  });

  test("comes back for a refused token although the clock was put back", async () => {
    const { grants, issuer, send, clock } = setUp();
    const first = issuer.grant();
    await grants.put(key, first);
    clock.pass(-10 * hour);
    expect(text(await grants.fresh(key, { send }))).toBe(text(first));
    const next = await grants.fresh(key, { send, rejected: first.generation });
    expect(next?.expiresAt).toBe(clock.now() + hour);
  });
});

describe("a caller who stops waiting", () => {
  test("leaves the others, and the refresh, alone", async () => {
    const { grants, issuer, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let answer = () => {};
    let aborted = false;
    const send: SendRefresh = (grant, signal) => {
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise((resolve) => (answer = () => resolve(issuer.refresh(grant))));
    };
    const leaver = new AbortController();
    const left = failure(Promise.resolve(grants.fresh(key, { send, signal: leaver.signal })));
    const stays = Promise.resolve(grants.fresh(key, { send }));
    await settle();
    leaver.abort("gone");
    expect(await left).toBe("gone");
    answer();
    expect(text(await stays)).toBe(text(await grants.current(key)));
    expect(aborted).toBe(false);
  });

  test("as the last one does not cost the token that has been sent", async () => {
    const { grants, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let answer = () => {};
    const slow: SendRefresh = (grant) =>
      new Promise((resolve) => (answer = () => resolve(issuer.refresh(grant))));
    const leaver = new AbortController();
    const left = failure(Promise.resolve(grants.fresh(key, { send: slow, signal: leaver.signal })));
    await settle();
    leaver.abort("gone");
    expect(await left).toBe("gone");
    const next = Promise.resolve(grants.fresh(key, { send }));
    answer();
    await settle();
    clock.pass(500);
    expect(issuer.accepts((await next) as Grant)).toBe(true);
    expect(issuer.requests).toBe(1);
  });

  test("as the last one before the token is sent ends the refresh", async () => {
    const { grants, issuer, send, clock, store, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const other = await store.leases.acquire(leaseName(), { ttlMs: 5_000 });
    const leaver = new AbortController();
    const left = failure(Promise.resolve(grants.fresh(key, { send, signal: leaver.signal })));
    await settle();
    leaver.abort("gone");
    expect(await left).toBe("gone");
    await settle();
    expect(clock.waiting).toBe(0);
    if (other) await store.leases.release(other);
    expect(await grants.fresh(key, { send })).toBeDefined();
    expect(issuer.requests).toBe(1);
  });

  test("as the last one before anything is written ends what is found out for the request", async () => {
    const { grants, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let ends: AbortSignal | undefined;
    const prepare = (_grant: Grant, signal: AbortSignal) => ((ends = signal), new Promise(() => {}));
    const leave = new AbortController();
    const hang = Object.assign(send.bind(undefined), { prepare });
    const waiting = failure(Promise.resolve(grants.fresh(key, { send: hang, signal: leave.signal })));
    await settle();
    leave.abort("left");
    expect(await waiting).toBe("left");
    expect([ends?.aborted, issuer.requests]).toEqual([true, 0]);
    await settle();
    expect(clock.waiting).toBe(0);
  });

  test("is not asked for at all when it has left already", async () => {
    const { grants, send, store } = setUp();
    const call = grants.fresh(key, { send, signal: AbortSignal.abort("gone") });
    expect(await failure(Promise.resolve(call))).toBe("gone");
    expect(store.calls()).toBe(0);
  });
});

describe("a refresh that fails", () => {
  const unsent = () =>
    new TenantryError("CONNECT_FAILED", "The issuer is away; try again.", { retryable: true });
  const answered = () =>
    new TenantryError("CREDENTIAL_FAILED", "The issuer said invalid_client.", { delivery: "answered" });

  test.for([unsent, answered])("without using the token leaves it for the next call", async (fail) => {
    const { grants, start, issuer, send, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const calls = [1, 2, 3].map(() =>
      Promise.resolve(grants.fresh(key, { send: () => Promise.reject(fail()) })),
    );
    for (const call of calls) expect(await failure(call)).toMatchObject({ code: fail().code });
    expect(await start().fresh(key, { send })).toBeDefined();
    expect(issuer.reused).toEqual([]);
  });

  test("while what it takes is found out is not begun, and leaves the token for the next call", async () => {
    const { grants, store, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const before = store.dump();
    const fail: SendRefresh = Object.assign(send.bind(undefined), {
      prepare: () => Promise.reject(unsent()),
    });
    expect(await failure(Promise.resolve(grants.fresh(key, { send: fail })))).toEqual(unsent());
    const hang = Object.assign(send.bind(undefined), { prepare: () => new Promise(() => {}) });
    const waiting = failure(Promise.resolve(grants.fresh(key, { send: hang })));
    await settle();
    clock.pass(7_500);
    expect(await waiting).toMatchObject({ code: "TIMEOUT", retryable: true, delivery: "unsent" });
    expect([store.dump(), issuer.requests]).toEqual([before, 0]);
    expect(issuer.accepts((await grants.fresh(key, { send })) as Grant)).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("takes no longer for finding out what it takes than for the whole", async () => {
    const { grants, issuer, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let prepared = () => {};
    const slow: SendRefresh = Object.assign(() => new Promise<never>(() => {}), {
      prepare: () => new Promise<void>((resolve) => (prepared = resolve)),
    });
    const waiting = failure(Promise.resolve(grants.fresh(key, { send: slow })));
    await settle();
    clock.pass(5_000);
    prepared();
    await settle();
    clock.pass(10_000);
    expect(await waiting).toMatchObject({ code: "AUTHORIZATION_REQUIRED", cause: { code: "TIMEOUT" } });
  });

  test("after which the token may have been used needs the person, in every process, and for a request only once", async () => {
    const { grants, start, issuer, send, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    for (const [each, cause] of [
      [grants, "lost"],
      [grants, undefined],
      [start(), undefined],
    ] as const) {
      const lose: SendRefresh = (grant) => {
        issuer.refresh(grant);
        return Promise.reject(new TenantryError("CONNECTION_LOST", "lost", { delivery: "unknown" }));
      };
      const error = await failure(Promise.resolve(each.fresh(key, { send: lose })));
      expect(error).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
      if (cause) expect(error).toMatchObject({ cause: { code: "CONNECTION_LOST" } });
    }
    expect(issuer.requests).toBe(1);
    const second = issuer.grant();
    await grants.put(key, second);
    expect(text(await start().fresh(key, { send }))).toBe(text(second));
  });

  test("after which the token may have been used is tried again while the issuer declares that it may be", async () => {
    const { grants, issuer, send, clock } = setUp({ graceMs: 30_000 });
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const lose: SendRefresh = (grant) => {
      issuer.refresh(grant);
      return Promise.reject(new TenantryError("CONNECTION_LOST", "lost", { delivery: "unknown" }));
    };
    expect(await failure(Promise.resolve(grants.fresh(key, { send: lose })))).toMatchObject({
      code: "CONNECTION_LOST",
    });
    clock.pass(20_000);
    expect(await failure(Promise.resolve(grants.fresh(key, { send: lose })))).toMatchObject({
      code: "CONNECTION_LOST",
    });
    // The grace began with the first use.
    clock.pass(10_000);
    expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
      code: "AUTHORIZATION_REQUIRED",
    });
    expect(issuer.reused).toEqual([]);
  });

  test("with no answer ends by its deadline, for all who wait", async () => {
    const { grants, issuer, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let signal: AbortSignal | undefined;
    const hang: SendRefresh = (_grant, given) => ((signal = given), new Promise(() => {}));
    const calls = [1, 2].map(() => failure(Promise.resolve(grants.fresh(key, { send: hang }))));
    await settle();
    clock.pass(15_000);
    for (const call of calls)
      expect(await call).toMatchObject({ code: "AUTHORIZATION_REQUIRED", cause: { code: "TIMEOUT" } });
    expect(signal?.aborted).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("because the authorization is over needs the person, and no further request", async () => {
    const { grants, start, issuer, send, clock } = setUp();
    const grant = issuer.grant();
    await grants.put(key, grant);
    issuer.end(grant.subject);
    clock.pass(hour);
    for (const each of [grants, grants, start()])
      expect(await failure(Promise.resolve(each.fresh(key, { send })))).toMatchObject({
        code: "AUTHORIZATION_REQUIRED",
      });
    expect(issuer.requests).toBe(1);
  });

  test("because the authorization is over leaves a newer one alone, and takes it", async () => {
    const { grants, start, issuer, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const newer = issuer.grant();
    const send: SendRefresh = async () => {
      await start().put(key, newer);
      throw invalidGrant();
    };
    expect(text(await grants.fresh(key, { send }))).toBe(text(newer));
    expect(text(await start().current(key))).toBe(text(newer));
  });

  test("keeps an access token that still lives, and only that, when the refresh token is over", async () => {
    const { grants, start, issuer, send, clock } = setUp();
    const grant = issuer.grant();
    await grants.put(key, grant);
    issuer.end(grant.subject);
    await failure(Promise.resolve(grants.fresh(key, { send, rejected: grant.generation })));
    const left = await start().fresh(key, { send });
    expect(text(left)).toBe(text(grant));
    expect(left?.refreshToken).toBeUndefined();
    clock.pass(hour);
    await failure(Promise.resolve(start().fresh(key, { send })));
    expect(issuer.requests).toBe(1);
  });
});

describe("a refresh while the row changes", () => {
  test("gives the newer authorization where the person has granted one meanwhile", async () => {
    const { grants, start, issuer, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const newer = issuer.grant();
    const send: SendRefresh = async (grant) => {
      await start().put(key, newer);
      return issuer.refresh(grant);
    };
    expect(text(await grants.fresh(key, { send }))).toBe(text(newer));
    expect(text(await start().current(key))).toBe(text(newer));
  });

  test("brings back nothing that was removed meanwhile", async () => {
    const { grants, start, store, issuer, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const send: SendRefresh = async (grant) => {
      await start().remove(key);
      return issuer.refresh(grant);
    };
    expect(await grants.fresh(key, { send })).toBeUndefined();
    expect(await store.credentials.get(key)).toBeUndefined();
  });

  test("survives a re-encryption of the row", async () => {
    const { grants, start, store, issuer, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const send: SendRefresh = async (grant) => {
      const row = await store.credentials.get(key);
      await store.credentials.put(key, row?.value ?? null, { ifVersion: row?.version ?? null });
      return issuer.refresh(grant);
    };
    const next = await grants.fresh(key, { send });
    expect(text(await start().current(key))).toBe(text(next));
  });
});

describe("a process that was killed", () => {
  /** A refresh that has been begun and will never end. */
  async function killed(world: ReturnType<typeof setUp>, answers: boolean) {
    const { start, issuer, clock, settle } = world;
    const lost: SendRefresh = (grant) => (answers && issuer.refresh(grant), new Promise(() => {}));
    void start({ ...clock, after: () => ({ cancel: () => {} }) }).fresh(key, { send: lost });
    await settle();
  }

  test.for([true, false])(
    "while it refreshed keeps the others waiting no longer than its lease, and its token is not sent again (answered: %s)",
    async (answers) => {
      const world = setUp();
      const { grants, start, issuer, send, clock, settle } = world;
      await grants.put(key, issuer.grant());
      clock.pass(hour);
      await killed(world, answers);
      const survivor = start();
      const began = clock.now();
      const waiting = failure(Promise.resolve(survivor.fresh(key, { send })));
      let done = false;
      void waiting.finally(() => (done = true));
      while (!done) {
        clock.pass(500);
        await settle();
      }
      expect(await waiting).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
      expect(clock.now() - began).toBeLessThanOrEqual(20_500);
      expect(issuer.requests).toBe(answers ? 1 : 0);
    },
  );

  test("leaves nobody waiting in vain because the others who waited have the lease just now", async () => {
    const { grants, store, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    let held = await store.leases.acquire(leaseName(), { ttlMs: 20_000 });
    const waiting = Promise.resolve(grants.fresh(key, { send }));
    for (let passed = 0; passed < 20_500; passed += 100) {
      clock.pass(100);
      await settle();
      // Somebody else is quicker whenever it ends.
      held = (await store.leases.acquire(leaseName(), { ttlMs: 300 })) ?? held;
    }
    if (held) await store.leases.release(held);
    clock.pass(1_000);
    await settle();
    expect(issuer.accepts((await waiting) as Grant)).toBe(true);
  });

  test("keeps a caller waiting for two seconds longer than its lease at most", async () => {
    const { grants, store, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    await store.leases.acquire(leaseName(), { ttlMs: hour });
    const waiting = failure(Promise.resolve(grants.fresh(key, { send })));
    for (let passed = 0; passed < 23_000; passed += 100) {
      await settle();
      clock.pass(100);
    }
    await settle();
    expect(await waiting).toMatchObject({ code: "TIMEOUT", retryable: true });
    expect([issuer.requests, clock.waiting]).toEqual([0, 0]);
  });

  test("while it found out what the request takes costs nobody anything", async () => {
    const { grants, start, issuer, send, clock, settle } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const stuck = Object.assign(send.bind(undefined), { prepare: () => new Promise(() => {}) });
    void start({ ...clock, after: () => ({ cancel: () => {} }) }).fresh(key, { send: stuck });
    await settle();
    clock.pass(20_000);
    expect(issuer.accepts((await start().fresh(key, { send })) as Grant)).toBe(true);
    expect(issuer.requests).toBe(1);
  });

  test("costs nothing where the issuer does not rotate refresh tokens", async () => {
    const world = setUp({ rotates: false, graceMs: Number.MAX_SAFE_INTEGER });
    const { grants, start, issuer, send, clock } = world;
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    await killed(world, true);
    clock.pass(20_000);
    expect(issuer.accepts((await start().fresh(key, { send })) as Grant)).toBe(true);
  });

  test("while it refreshed ahead of the end leaves the others the token that still lives", async () => {
    const world = setUp();
    const { grants, start, issuer, send, clock } = world;
    const grant = issuer.grant();
    await grants.put(key, grant);
    clock.pass(hour - 50_000);
    await killed(world, false);
    const other = start();
    expect(text(await other.fresh(key, { send }))).toBe(text(grant));
    clock.pass(49_999);
    expect(text(await other.fresh(key, { send }))).toBe(text(grant));
  });
});

describe("a store in trouble", () => {
  const away = () => new TenantryError("STORE_UNAVAILABLE", "The database rests.", { retryable: true });

  test("when the refresh should be begun sends nothing, and costs nothing once it is back", async () => {
    for (const written of [true, false]) {
      const { grants, store, issuer, send, clock } = setUp();
      await grants.put(key, issuer.grant());
      clock.pass(hour);
      const { put } = store.credentials;
      store.credentials.put = async (...args) => {
        store.credentials.put = put;
        // What was written is not always known to whoever wrote it.
        if (written) await put.apply(store.credentials, args);
        throw away();
      };
      const error = await failure(Promise.resolve(grants.fresh(key, { send })));
      expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(issuer.requests).toBe(0);
      expect(await grants.fresh(key, { send })).toBeDefined();
      expect(issuer.requests).toBe(1);
    }
  });

  test("when the new tokens should be kept loses none of them while the process lives", async () => {
    const { grants, start, store, issuer, clock } = setUp();
    await grants.put(key, issuer.grant());
    clock.pass(hour);
    const { put } = store.credentials;
    const send: SendRefresh = async (grant) => {
      store.credentials.put = () => Promise.reject(away());
      return issuer.refresh(grant);
    };
    expect(await failure(Promise.resolve(grants.fresh(key, { send })))).toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    store.credentials.put = put;
    const next = await grants.fresh(key, { send: () => Promise.reject(new Error("Nothing is sent.")) });
    expect(text(await start().current(key))).toBe(text(next));
    expect(issuer.requests).toBe(1);
  });
});

describe("a refresh ahead of the end", () => {
  test("happens once beside the calls, which have the old token at once", async () => {
    const { grants, issuer, send, clock, settle } = setUp();
    const first = issuer.grant();
    await grants.put(key, first);
    // Three quarters of a minute before, with this chance.
    clock.pass(hour - 45_001);
    for (let call = 0; call < 2; call++) await grants.fresh(key, { send });
    await settle();
    expect(issuer.requests).toBe(0);
    clock.pass(1);
    const given = [1, 2, 3].map(() => grants.fresh(key, { send }));
    expect(given.map((grant) => text(grant as Grant))).toEqual(given.map(() => text(first)));
    await settle();
    expect(issuer.requests).toBe(1);
    expect((await grants.fresh(key, { send }))?.expiresAt).toBe(clock.now() + hour);
  });

  test("that fails hurts nobody before the end, and is not tried at every call", async () => {
    const { grants, issuer, send, clock, settle } = setUp();
    const first = issuer.grant();
    await grants.put(key, first);
    let tries = 0;
    const fail: SendRefresh = () => {
      tries++;
      return Promise.reject(new TenantryError("CONNECT_FAILED", "away", { retryable: true }));
    };
    clock.pass(hour - 30_000);
    for (let call = 0; call < 50; call++) {
      expect(text(await grants.fresh(key, { send: fail }))).toBe(text(first));
      await settle();
      clock.pass(500);
    }
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(8);
    clock.pass(10_000);
    expect(await grants.fresh(key, { send })).toBeDefined();
    expect(issuer.requests).toBe(1);
  });
});

describe("whoever watches", () => {
  test("is told of a removal and of another authorization, here or in another process, and of no refresh", async () => {
    const { grants, start, issuer, send, clock, settle } = setUp();
    const events: GrantEvent[] = [];
    const watch = grants.watch((event) => events.push(event));
    const first = issuer.grant();
    await grants.put(key, first);
    await grants.fresh(key, { send });
    clock.pass(hour);
    await start().fresh(key, { send });
    await settle();
    expect(events).toEqual([]);

    await grants.fresh(key, { send });
    await start().put(key, issuer.grant());
    await settle();
    expect(events).toEqual([{ kind: "replaced", key, subject: first.subject }]);

    const second = await grants.fresh(key, { send });
    expect(text(await start().remove(key))).toBe(text(second));
    await settle();
    expect(events.slice(1)).toEqual([{ kind: "ended", key, subject: second?.subject }]);

    watch[Symbol.dispose]();
    await grants.put(key, issuer.grant());
    await grants.remove(key);
    expect(events).toHaveLength(2);
  });

  test("is told of what is removed while it is read for somebody", async () => {
    const { grants, start, issuer, send, settle } = setUp();
    const first = issuer.grant();
    await grants.put(key, first);
    const events: GrantEvent[] = [];
    grants.watch((event) => events.push(event));
    const reading = Promise.resolve(grants.fresh(key, { send }));
    await start().remove(key);
    await reading;
    await settle();
    expect(events).toEqual([{ kind: "ended", key, subject: first.subject }]);
  });

  test("is told after a loss of the store's connection, and of nobody else's grant", async () => {
    const { grants, store, issuer, send, settle } = setUp();
    const eve = { ...key, user: userId("eve") };
    const first = issuer.grant();
    for (const [each, grant] of [[key, first] as const, [eve, issuer.grant()] as const]) {
      await grants.put(each, grant);
      await grants.fresh(each, { send });
    }
    const events: GrantEvent[] = [];
    grants.watch(() => {
      throw new Error("A listener's trouble is its own.");
    });
    grants.watch((event) => events.push(event));
    (store.credentials as unknown as { rows: Map<string, unknown> }).rows.delete(
      JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    store.resync();
    await settle();
    expect(events).toEqual([{ kind: "ended", key, subject: first.subject }]);
  });
});

describe("closing", () => {
  test("waits for what was sent, ends what waits, and takes nothing more", async () => {
    const { grants, start, store, issuer, send, clock, settle } = setUp();
    const eve = { ...key, user: userId("eve") };
    await grants.put(key, issuer.grant());
    await grants.put(eve, issuer.grant());
    clock.pass(hour);
    let answer = () => {};
    const slow: SendRefresh = (grant) =>
      new Promise((resolve) => (answer = () => resolve(issuer.refresh(grant))));
    const other = start();
    const elsewhere = Promise.resolve(other.fresh(eve, { send: slow }));
    await settle();
    const answerOther = answer;
    const sent = Promise.resolve(grants.fresh(key, { send: slow }));
    const waits = failure(Promise.resolve(grants.fresh(eve, { send })));
    await settle();
    const closing = grants.close();
    expect(grants.close()).toBe(closing);
    expect(await waits).toMatchObject({ code: "CLOSED" });
    answer();
    await closing;
    expect(await sent).toBeDefined();
    for (const call of [
      () => grants.fresh(key, { send }),
      () => grants.current(key),
      () => grants.put(key, issuer.grant()),
      () => grants.remove(key),
    ])
      expect(await failure(Promise.resolve(call()))).toMatchObject({ code: "CLOSED" });
    answerOther();
    await elsewhere;
    await other.close();
    expect([store.watchers(), clock.waiting]).toEqual([0, 0]);
  });
});

test("limits that cannot be kept are refused", () => {
  for (const limits of [{ maxGrants: 0 }, { refreshLeaseMs: 15_000 }, { nonsense: 1 } as never])
    expect(thrown(() => setUp({ limits }))).toMatchObject({ code: "CONFIG_INVALID" });
});
