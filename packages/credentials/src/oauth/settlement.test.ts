import { serverId, TenantryError, type CredentialStore } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import {
  finish,
  holdAnswers,
  liveTokens,
  person,
  spoil,
  unlisted,
  wantMore,
  type Spoilt,
} from "../../test/flow-fixture.ts";
import {
  ada,
  bob,
  call,
  failure,
  grant,
  headersFor,
  pageFor,
  requestOf,
  tokenRequests,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { oauth, type OAuthOptions } from "../oauth.ts";

const { world, elsewhere } = opened({ issuer: { alterMetadata: unlisted } });
const scopesOf = async (there: World) => {
  const status = await there.provider.status(person(there));
  return status.granted ? [...status.scopes].sort() : undefined;
};
/** How the store says that it is away; what it was asked for may have been done all the same. */
const away = (delivery: "unsent" | "unknown" = "unsent") =>
  new TenantryError("STORE_UNAVAILABLE", "The store is away; try again.", { retryable: true, delivery });

describe("an authorization that comes late", () => {
  it("takes nothing from the grant of one that was begun after it, and has its own tokens ended where the host says so", async () => {
    const there = await world();
    await grant(there);
    const first = await visit(await wantMore(there, "read:a"), "ada");
    const second = await visit(await wantMore(there, "write:b"), "ada");
    await finish(there, second);
    const headers = await headersFor(there);
    const before = liveTokens(there).map(({ value }) => value);
    expect(await finish(elsewhere(there, {}, { revokeReplaced: true }), first)).toMatchObject({
      scopes: expect.arrayContaining(["write:b"]) as string[],
    });
    expect(await headersFor(there)).toEqual(headers);
    expect((await call(there, headers)).status).toBe(200);
    expect(liveTokens(there).map(({ value }) => value)).toEqual(before);
  });

  it("costs nothing where its issuer ends with one token all that a person has granted", async () => {
    const there = await world();
    await grant(there);
    const first = await visit(await wantMore(there, "read:a"), "ada");
    const second = await visit(await wantMore(there, "write:b"), "ada");
    const fetch: typeof there.dependencies.fetch = async (input, init) => {
      if (String(init?.body).includes("token_type_hint=")) there.issuer.revoke({});
      return there.dependencies.fetch(input, init);
    };
    const process = elsewhere(there, { fetch });
    await finish(process, second);
    await finish(process, first);
    await process.provider.close();
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("takes nothing although its issuer answers after the other's is kept", async () => {
    const there = await world();
    await grant(there);
    const first = await visit(await wantMore(there, "read:a"), "ada");
    const second = await visit(await wantMore(there, "write:b"), "ada");
    const held = holdAnswers(there.dependencies, "grant_type=authorization_code");
    const late = finish(elsewhere(there, { fetch: held.fetch }), first);
    await held.reached;
    await finish(there, second);
    const headers = await headersFor(there);
    held.goOn();
    await late;
    expect((await call(there, await headersFor(there))).status).toBe(200);
    expect(await headersFor(there)).toEqual(headers);
    expect(await scopesOf(there)).toContain("write:b");
  });

  it("is kept where the one that was begun after it is of no use any more", async () => {
    const there = await world({
      issuer: { alterMetadata: unlisted, refresh: "never", accessTokenTtlMs: 60_000 },
    });
    await grant(there);
    const first = await wantMore(there, "read:a");
    const second = await visit(await wantMore(there, "write:b"), "ada");
    await finish(there, second);
    const before = await there.provider.status(person(there));
    await there.clock.advance(60_000);
    await finish(there, await visit(first, "ada"));
    expect(await there.provider.status(person(there))).not.toEqual(before);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("is no page that anybody is sent to once the newer grant is there", async () => {
    const there = await world({ issuer: { alterMetadata: unlisted, grantScopes: () => ["mail"] } });
    await grant(there);
    const first = await wantMore(there, "mail");
    const second = await visit(await wantMore(there, "write:b"), "ada");
    await finish(there, second);
    const again = await wantMore(elsewhere(there), "mail");
    expect(again.searchParams.get("state")).not.toBe(first.searchParams.get("state"));
    await finish(there, await visit(again, "ada"));
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("does not count for less where the clock of its process is behind", async () => {
    const there = await world();
    await grant(there);
    const now = () => there.clock.now() - 60_000;
    const behind = elsewhere(there, { clock: { ...there.clock, now } });
    const callback = await visit(await wantMore(behind, "more"), "ada");
    await finish(behind, callback);
    expect(await scopesOf(there)).toContain("more");
  });
});

describe("a store in trouble at the end of a step-up", () => {
  /** A person who has granted, and comes back from a page for more to a process whose store does something else. */
  async function returning(methods: (own: CredentialStore) => Spoilt, options: OAuthOptions = {}) {
    const there = await world();
    await grant(there);
    const callback = await visit(await wantMore(there, "more"), "ada");
    const process = elsewhere(there, { store: spoil(there.store, methods(there.store)) }, options);
    return { there, process, callback };
  }

  it("costs nothing where the flow cannot be taken away", async () => {
    const { there, process, callback } = await returning(() => ({
      flows: { delete: () => Promise.reject(away()) },
    }));
    await finish(process, callback);
    expect(await scopesOf(there)).toContain("more");
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("costs nothing where the store has written the grant and does not say so", async () => {
    const { there, process, callback } = await returning((own) => ({
      credentials: {
        async put(...put) {
          await own.credentials.put(...put);
          throw away("unknown");
        },
      },
    }));
    await finish(process, callback);
    expect(await scopesOf(there)).toContain("more");
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("costs nothing where it cannot be seen whether the flow was ended, and the same callback is finished later", async () => {
    const trouble = { isKept: false, isOver: false };
    const { there, process, callback } = await returning((own) => ({
      credentials: {
        async put(...put) {
          const version = await own.credentials.put(...put);
          trouble.isKept = true;
          return version;
        },
      },
      flows: {
        get: (...get) => (trouble.isKept && !trouble.isOver ? Promise.reject(away()) : own.flows.get(...get)),
      },
    }));
    expect(await failure(finish(process, callback))).toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
    expect((await call(there, await headersFor(there))).status).toBe(200);
    trouble.isOver = true;
    expect((await finish(process, callback)).scopes).toContain("more");
    expect(tokenRequests(there, "authorization_code")).toBe(2);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("costs nothing where the grant cannot be written, and the same callback is finished later", async () => {
    const trouble = { isOver: false };
    const { there, process, callback } = await returning((own) => ({
      credentials: {
        put: (...put) => (trouble.isOver ? own.credentials.put(...put) : Promise.reject(away())),
      },
    }));
    const headers = await headersFor(there);
    expect(await failure(finish(process, callback))).toMatchObject({ retryable: true });
    expect((await call(there, headers)).status).toBe(200);
    trouble.isOver = true;
    expect((await finish(process, callback)).scopes).toContain("more");
    expect(tokenRequests(there, "authorization_code")).toBe(2);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it.each([true, false])(
    "leaves no tokens behind that nobody can have any more, where the host says so (%j)",
    async (revokeReplaced) => {
      const methods = () => ({ credentials: { put: () => Promise.reject(away()) } });
      const { there, process, callback } = await returning(methods, { revokeReplaced });
      const before = liveTokens(there);
      await failure(finish(process, callback));
      expect(liveTokens(there).length).toBeGreaterThan(before.length);
      await process.provider.close();
      expect(liveTokens(there).length === before.length).toBe(revokeReplaced);
      expect((await call(there, await headersFor(there))).status).toBe(200);
    },
  );

  it("leaves no tokens to a person who disconnects instead", async () => {
    const { there, process, callback } = await returning(() => ({
      credentials: { put: () => Promise.reject(away()) },
    }));
    await failure(finish(process, callback));
    await process.provider.disconnect(person(there));
    await vi.waitFor(() => expect(liveTokens(there)).toEqual([]));
  });

  it("brings nobody back who disconnects meanwhile", async () => {
    const trouble = { isOver: false };
    const { there, process, callback } = await returning((own) => ({
      credentials: {
        put: (...put) => (trouble.isOver ? own.credentials.put(...put) : Promise.reject(away())),
      },
    }));
    await failure(finish(process, callback));
    await there.provider.disconnect(person(there));
    trouble.isOver = true;
    expect((await failure(finish(process, callback))).code).toBe("ARGUMENT_INVALID");
    expect(await scopesOf(there)).toBeUndefined();
    expect(liveTokens(there)).toEqual([]);
  });
});

it("says that an authorization has to be begun again whose code may have been used", async () => {
  const there = await world();
  const callback = await visit(await pageFor(there), "ada");
  there.issuer.faults.add({ kind: "reset", afterWork: true }, { endpoint: "token" });
  expect(await failure(finish(there, callback))).toMatchObject({ code: "CONNECTION_LOST", retryable: false });
  expect((await failure(finish(there, callback))).code).toBe("ARGUMENT_INVALID");
});

describe("a store that does not answer", () => {
  const never = new Promise<never>(() => {});

  it.each(["list", "get", "put"] as const)(
    "keeps neither a browser waiting nor close() (flows.%s)",
    async (method) => {
      const there = await world();
      const callback = await visit(await pageFor(there), "ada");
      const trouble = { isOver: false };
      const own = there.store.flows as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
      const flows = {
        [method]: async (...given: unknown[]) => (trouble.isOver ? own[method]?.(...given) : never),
      };
      const process = elsewhere(there, { store: spoil(there.store, { flows }) });
      const waiting = failure(finish(process, callback));
      await there.clock.advance(15_000);
      expect(await waiting).toMatchObject({ code: "TIMEOUT", retryable: true });
      expect(tokenRequests(there, "authorization_code")).toBe(0);
      trouble.isOver = true;
      await finish(process, callback);
      expect((await call(there, await headersFor(there))).status).toBe(200);
    },
  );

  it("is asked again where its answer to what it has done is lost (flows.put)", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const trouble = { isOver: false };
    const put: CredentialStore["flows"]["put"] = async (...given) => {
      const version = await there.store.flows.put(...given);
      if (trouble.isOver) return version;
      throw new TenantryError("STORE_UNAVAILABLE", "Away.", { retryable: true, delivery: "unknown" });
    };
    const process = elsewhere(there, { store: spoil(there.store, { flows: { put } }) });
    expect(await failure(finish(process, callback))).toMatchObject({ retryable: true });
    trouble.isOver = true;
    await finish(process, callback);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("leaves what somebody is to finish when others disconnect, or the same person elsewhere", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const trouble = { isOver: false };
    const put: CredentialStore["credentials"]["put"] = async (...given) => {
      if (trouble.isOver) return there.store.credentials.put(...given);
      throw new TenantryError("STORE_UNAVAILABLE", "Away.", { retryable: true, delivery: "unsent" });
    };
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    expect(await failure(finish(process, callback))).toMatchObject({ retryable: true });
    await process.provider.disconnect({ principal: bob, server: there.ref.id });
    await process.provider.disconnect({ principal: ada, server: serverId("elsewhere") });
    trouble.isOver = true;
    await finish(process, callback);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("loses nothing of what was granted (credentials.put)", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const trouble = { isOver: false };
    const reached = Promise.withResolvers<void>();
    const put: CredentialStore["credentials"]["put"] = async (...given) => {
      reached.resolve();
      return trouble.isOver ? there.store.credentials.put(...given) : never;
    };
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    const waiting = failure(finish(process, callback));
    await reached.promise;
    await there.clock.advance(15_000);
    expect(await waiting).toMatchObject({ code: "TIMEOUT", retryable: true });
    trouble.isOver = true;
    await finish(process, callback);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("brings nobody back who disconnects before it does what it was asked for", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const put: CredentialStore["credentials"]["put"] = async (...given) => {
      reached.resolve();
      await goOn.promise;
      return there.store.credentials.put(...given);
    };
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    const waiting = failure(finish(process, callback));
    await reached.promise;
    await there.clock.advance(15_000);
    expect((await waiting).code).toBe("TIMEOUT");
    expect(liveTokens(there)).not.toEqual([]);
    await there.provider.disconnect(person(there));
    goOn.resolve();
    await vi.waitFor(() => expect(liveTokens(there)).toEqual([]));
    expect(await scopesOf(there)).toBeUndefined();
    expect((await there.store.credentials.scan()).rows).toEqual([]);
  });

  it("does not keep close() from ending", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const reached = Promise.withResolvers<void>();
    const put = () => {
      reached.resolve();
      return never;
    };
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    const waiting = failure(finish(process, callback));
    await reached.promise;
    const closed = vi.fn();
    const closing = process.provider.close().then(closed);
    await vi.waitFor(async () => {
      await there.clock.advance(15_000);
      expect(closed).toHaveBeenCalled();
    });
    await closing;
    await waiting;
  });
});

describe("tokens that a refresh brings for nobody", () => {
  it("are ended at the issuer where the grant is removed meanwhile", async () => {
    const there = await world();
    await grant(there);
    const held = holdAnswers(there.dependencies, "grant_type=refresh_token");
    const process = elsewhere(there, { fetch: held.fetch });
    there.issuer.expire({ kind: "access_token" });
    await there.clock.advance(3_600_000);
    const refreshing = Promise.resolve(process.provider.resolve(requestOf(there))).catch(() => {});
    await held.reached;
    await there.store.credentials.clear({ workspace: ada.workspace, user: ada.user });
    expect(liveTokens(there)).not.toEqual([]);
    held.goOn();
    await refreshing;
    await process.provider.close();
    expect(liveTokens(there)).toEqual([]);
  });

  it("keep nobody waiting who has granted access anew meanwhile", async () => {
    const there = await world();
    await grant(there);
    const held = holdAnswers(there.dependencies, "grant_type=refresh_token");
    const process = elsewhere(there, { fetch: held.fetch });
    await there.clock.advance(3_600_000);
    const refreshing = Promise.resolve(process.provider.resolve(requestOf(there))).catch(() => {});
    await held.reached;
    await process.provider.disconnect(person(there));
    await finish(process, await visit(await pageFor(process), "ada"));
    expect((await call(there, await headersFor(process))).status).toBe(200);
    held.goOn();
    await refreshing;
  });

  it("are ended with the grant where the store could not be told of them before", async () => {
    const there = await world();
    await grant(there);
    const trouble = { puts: 0 };
    const put: CredentialStore["credentials"]["put"] = async (...given) => {
      // The intent is written, and what comes of it is not.
      if (++trouble.puts > 1) throw away();
      return there.store.credentials.put(...given);
    };
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    await there.clock.advance(3_700_000);
    await failure(process.provider.resolve(requestOf(there)));
    const newest = there.issuer.issued.filter(({ kind }) => kind === "refresh_token").at(-1);
    expect(await process.provider.disconnect(person(there))).toEqual({ removed: true, revoked: true });
    const revoked = there.sent.filter(({ body }) => body.includes("token_type_hint=refresh_token"));
    expect(revoked.map(({ body }) => new URLSearchParams(body).get("token"))).toEqual([newest?.value]);
  });
});

describe("what was asked for", () => {
  it("is asked for again by a page of another process, so that whichever is finished last narrows nothing", async () => {
    const there = await world();
    await grant(there);
    const other = elsewhere(there);
    const first = await wantMore(there, "read:a");
    const second = await wantMore(other, "write:b");
    for (const page of [first, second]) await finish(there, await visit(page, "ada"));
    expect(await scopesOf(there)).toEqual(expect.arrayContaining(["read:a", "write:b"]));
  });

  it("is on no page for ever, where nobody finishes those that ask for it", async () => {
    const there = await world();
    await grant(there);
    const first = await wantMore(there, "bogus");
    expect(first.searchParams.get("scope")).toContain("bogus");
    const pages: URL[] = [];
    for (let times = 0; times < 4; times++) {
      await there.clock.advance(485_000);
      pages.push(await wantMore(times % 2 === 0 ? there : elsewhere(there), "write:b"));
    }
    expect(pages.at(-1)?.searchParams.get("scope")).toContain("write:b");
    expect(pages.at(-1)?.searchParams.get("scope")).not.toContain("bogus");
  });

  it("is on the page that is begun while another one is being finished", async () => {
    const there = await world();
    await grant(there);
    const callback = await visit(await wantMore(there, "read:a"), "ada");
    const held = holdAnswers(there.dependencies, "grant_type=authorization_code");
    const finishing = finish(elsewhere(there, { fetch: held.fetch }), callback);
    await held.reached;
    const page = await wantMore(elsewhere(there), "write:b");
    held.goOn();
    await finishing;
    await finish(there, await visit(page, "ada"));
    expect(await scopesOf(there)).toEqual(expect.arrayContaining(["read:a", "write:b"]));
  });

  it("is on one page at least where two processes begin at the same moment", async () => {
    const there = await world();
    await grant(there);
    const pages = await Promise.all([
      wantMore(elsewhere(there), "read:a"),
      wantMore(elsewhere(there), "write:b"),
    ]);
    for (const page of pages) await finish(there, await visit(page, "ada"));
    expect(await scopesOf(there)).toEqual(expect.arrayContaining(["read:a", "write:b"]));
  });
});

describe("the tokens of a grant that was replaced", () => {
  it.each([
    [{}, true],
    [{ revokeReplaced: false }, true],
    [{ revokeReplaced: true }, false],
  ])("live on or not as the host says (%j)", async (options, live) => {
    const there = await world();
    const process = elsewhere(there, {}, options);
    await grant(process);
    const before = await headersFor(process);
    await finish(process, await visit(await wantMore(process, "more"), "ada"));
    await process.provider.close();
    expect((await call(there, before)).status === 200).toBe(live);
  });

  it("says `CONFIG_INVALID` to anything but yes and no", () => {
    expect(() => oauth({ revokeReplaced: "yes" as never })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  });
});

it("begins to count step-ups anew for a person who has disconnected", async () => {
  const there = await world();
  for (const round of [1, 2]) {
    await grant(there);
    for (const time of [1, 2])
      await finish(there, await visit(await wantMore(there, `more-${round}-${time}`), "ada"));
    await expect(wantMore(there, "even-more")).rejects.toThrow(/UNAUTHORIZED/u);
    await there.provider.disconnect(person(there));
  }
});
