import { principalOf, TenantryError, type CredentialEvent } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import {
  finish,
  holdAnswers,
  liveTokens,
  person,
  spoil,
  unlisted,
  wantMore,
} from "../../test/flow-fixture.ts";
import {
  ada,
  call,
  failure,
  grant,
  headersFor,
  pageFor,
  requestOf,
  secondProcess,
  tokenRequests,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { flowServer, oauth } from "../oauth.ts";

const { keep, world, elsewhere } = opened();

const stateOf = (page: URL | undefined) => page?.searchParams.get("state");
/** The page that a call without a challenge leads to, as polling does. */
const poll = async (there: World, principal = ada) =>
  (await failure(there.provider.resolve(requestOf(there, principal)))).authorizationUrl;

describe("a page", () => {
  it("stays the same while the person is there, whatever the server asks for that the issuer does not have", async () => {
    const there = await world({
      issuer: { alterMetadata: unlisted },
      server: { alterChallenge: (challenge) => ({ ...challenge, scope: "mail offline_access" }) },
    });
    const page = await pageFor(there);
    expect(page.searchParams.get("scope")).toBe("mail");
    const callback = await visit(page, "ada");
    expect(stateOf(await poll(there))).toBe(stateOf(page));
    await finish(there, callback);
  });

  it("stays the same where more is asked for than fits", async () => {
    const scope = Array.from({ length: 128 }, (_, index) => `s${index}`).join(" ");
    const there = await world({
      oauth: { scopes: ["own"] },
      server: { alterChallenge: (challenge) => ({ ...challenge, scope }) },
    });
    const page = await pageFor(there);
    expect(stateOf(await poll(there))).toBe(stateOf(page));
  });

  it("is followed by one for all that two tools want, and can still be finished itself", async () => {
    const there = await world();
    await grant(there);
    const first = await wantMore(there, "read:a");
    const both = await wantMore(there, "write:b");
    expect(both.searchParams.get("scope")?.split(" ")).toEqual(expect.arrayContaining(["read:a", "write:b"]));
    for (const scope of ["read:a", "write:b"])
      expect(stateOf(await wantMore(there, scope))).toBe(stateOf(both));
    for (const page of [first, both])
      await there.provider.finishAuthorization({ callback: await visit(page, "ada"), principal: ada });
  });

  it("is the same in every process", async () => {
    const there = await world();
    const page = await pageFor(there);
    const other = keep(secondProcess(there, { required: true }));
    expect(stateOf(await poll({ ...there, provider: other }))).toBe(stateOf(page));
    expect((await there.store.flows.scan()).rows).toHaveLength(1);
  });

  it("is one for all conversations and polls of a person, however many processes forget it", async () => {
    const there = await world({ oauth: { limits: { maxFlowsKnown: 1 } } });
    await pageFor(there);
    for (let at = 0; at < 40; at++)
      await poll(there, principalOf({ workspace: "acme", user: `user-${at % 2}`, session: `talk-${at}` }));
    expect((await there.store.flows.scan()).rows).toHaveLength(3);
  });

  it("is one of at most four for one person and server", async () => {
    const there = await world({ issuer: { alterMetadata: unlisted } });
    await grant(there);
    const pages = [];
    for (let at = 0; at < 7; at++) {
      pages.push(await wantMore(there, `more-${at}`));
      await there.clock.advance(1_000);
    }
    expect((await there.store.flows.scan()).rows).toHaveLength(4);
    const callbacks = await Promise.all(pages.map((page) => visit(page, "ada")));
    const servers = await Promise.all(callbacks.map((url) => flowServer(there.store, ada, url)));
    expect(servers).toEqual([undefined, undefined, undefined, ...Array<string>(4).fill("server")]);
  });
});

describe("the end of a flow", () => {
  it("is not undone by a browser that goes away", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    there.issuer.faults.add({ kind: "delay", ms: 50 }, { endpoint: "token" });
    const stop = new AbortController();
    const left = there.provider.finishAuthorization({ callback, principal: ada, signal: stop.signal });
    await vi.waitFor(() => expect(tokenRequests(there, "authorization_code")).toBe(1));
    stop.abort("gone");
    await expect(left).rejects.toBe("gone");
    await vi.waitFor(async () => {
      await there.clock.advance(50);
      expect(await there.provider.status(person(there))).toMatchObject({
        granted: true,
      });
    });
  });

  it("is waited for by close(), and nothing is finished after it", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const finishing = finish(there, callback);
    await Promise.all([there.provider.close(), finishing]);
    const late = await failure(finish(there, callback));
    expect(late.code).toBe("CLOSED");
    const other = keep(secondProcess(there));
    expect(await other.status(person(there))).toMatchObject({ granted: true });
  });

  it.each([429, 503])("comes later where the issuer cannot answer now (HTTP %i)", async (status) => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const fault = { kind: "answer", status, headers: { "retry-after": "1" } } as const;
    there.issuer.faults.add(fault, { endpoint: "token", times: 1 });
    const error = await failure(finish(there, callback));
    expect(error).toMatchObject({ code: "CREDENTIAL_FAILED", retryable: true });
    await finish(there, callback);
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("leaves no tokens at the issuer that nobody knows, where the store fails", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const put = () => Promise.reject(new TenantryError("STORE_UNAVAILABLE", "The disk is full; make room."));
    const process = elsewhere(there, { store: spoil(there.store, { credentials: { put } }) });
    const error = await failure(finish(process, callback));
    expect(error.code).toBe("STORE_UNAVAILABLE");
    expect(there.issuer.issued.map(({ kind }) => kind)).toContain("access_token");
    expect(liveTokens(there)).toEqual([]);
  });

  it.each(["disconnect", "erase"] as const)(
    "brings nobody back who has ended everything meanwhile (%s)",
    async (way) => {
      const there = await world();
      const callback = await visit(await pageFor(there), "ada");
      const { fetch, reached, goOn } = holdAnswers(there.dependencies, "grant_type=authorization_code");
      const process = elsewhere(there, { fetch });
      const finishing = failure(finish(process, callback));
      await reached;
      if (way === "disconnect") await there.provider.disconnect(person(there));
      else await there.store.flows.clear({ workspace: ada.workspace, user: ada.user });
      goOn();
      expect((await finishing).code).toBe("ARGUMENT_INVALID");
      expect(await process.provider.status(person(there))).toEqual({ granted: false });
      expect(liveTokens(there)).toEqual([]);
    },
  );

  it("ends with disconnect(), in other conversations and processes too", async () => {
    const there = await world();
    const callback = await visit(
      await pageFor(there, principalOf({ workspace: "acme", user: "ada", session: "talk" })),
    );
    const other = keep(secondProcess(there));
    await other.disconnect(person(there));
    const error = await failure(finish(there, callback));
    expect(error.code).toBe("ARGUMENT_INVALID");
    expect((await there.store.flows.scan()).rows).toEqual([]);
  });

  it("comes from the provider of its server and its slot only", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const slot = keep(secondProcess(there, { slot: "other" }));
    const elsewhere = { callback, principal: ada, server: "another" as typeof there.ref.id };
    for (const finish of [
      () => there.provider.finishAuthorization(elsewhere),
      () => slot.finishAuthorization({ callback, principal: ada }),
    ])
      expect((await failure(finish())).code).toBe("ARGUMENT_INVALID");
    await there.provider.finishAuthorization({ callback, principal: ada, server: there.ref.id });
  });
});

describe("a grant that takes another's place", () => {
  it("has the other's tokens ended once nothing uses them any more", async () => {
    const there = await world({ oauth: { revokeReplaced: true } });
    await grant(there);
    const before = await headersFor(there);
    const unused = Promise.withResolvers<void>();
    const events: CredentialEvent[] = [];
    using _watching = there.provider.watch?.((event) => {
      events.push(event);
      return unused.promise;
    });
    const page = await wantMore(there, "more");
    await there.provider.finishAuthorization({ callback: await visit(page, "ada"), principal: ada });
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["replaced"]));
    expect((await call(there, before)).status).toBe(200);
    unused.resolve();
    await vi.waitFor(async () => expect((await call(there, before)).status).toBe(401));
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it.each([[["access_token", "refresh_token"]], [["access_token"]], [["refresh_token"]]])(
    "has nothing ended where the issuer gives the %j of before",
    async (names) => {
      const there = await world({ oauth: { revokeReplaced: true } });
      const before: Record<string, unknown> = {};
      const fetch: typeof there.dependencies.fetch = async (input, init) => {
        const response = await there.dependencies.fetch(input, init);
        if (!String(init?.body).includes("grant_type=authorization_code")) return response;
        const answer = (await response.json()) as Record<string, unknown>;
        for (const name of names) answer[name] = before[name] ??= answer[name];
        return Response.json(answer);
      };
      const provider = oauth({ revokeReplaced: true }).bind({ ...there.dependencies, fetch });
      const here = { ...there, provider };
      await grant(here);
      const page = await wantMore(here, "more");
      await provider.finishAuthorization({ callback: await visit(page, "ada"), principal: ada });
      await provider.close();
      expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "revoke")).toEqual([]);
      const other = keep(secondProcess(there));
      expect((await call(there, await headersFor({ ...there, provider: other }))).status).toBe(200);
    },
  );

  it("has them ended before close() is done, whoever still uses them", async () => {
    const there = await world({ oauth: { revokeReplaced: true } });
    await grant(there);
    const before = await headersFor(there);
    using _watching = there.provider.watch?.(() => new Promise(() => {}));
    const page = await wantMore(there, "more");
    await there.provider.finishAuthorization({ callback: await visit(page, "ada"), principal: ada });
    await there.provider.close();
    expect((await call(there, before)).status).toBe(401);
  });
});
