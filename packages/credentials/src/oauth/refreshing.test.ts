import type { Credential, TenantryError as Failure } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import {
  ada,
  bob,
  call,
  callbackUrl,
  failure,
  grant,
  headersFor,
  requestOf,
  tokenRequests,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";

const { world } = opened();

const hour = 3_600_000;

describe("a server that refuses every token", () => {
  /** Has the server refuse what it is sent now; gives what is to be sent next, or why there is nothing. */
  async function refuse(there: World): Promise<Credential | Failure | undefined> {
    const credential = await there.provider.resolve(requestOf(there));
    const rejected = { generation: credential?.generation ?? "" };
    return Promise.resolve(there.provider.resolve(requestOf(there, ada, rejected))).catch(
      (error: Failure) => error,
    );
  }

  it("has a few refreshed, then the person asked, and one refreshed a minute for as long as it does so", async () => {
    const there = await world({ issuer: { accessTokenTtlMs: 86_400_000 } });
    await grant(there);
    for (let calls = 0; calls < 4; calls++) expect(await refuse(there)).toHaveProperty("generation");
    const pages = new Set<string | undefined>();
    for (let calls = 0; calls < 50; calls++) {
      const error = await refuse(there);
      expect(error).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
      pages.add((error as Failure).authorizationUrl?.href);
    }
    expect(pages.size).toBe(1);
    expect(tokenRequests(there, "refresh_token")).toBe(4);
    for (let seconds = 0; seconds < 3_600; seconds += 20) {
      await there.clock.advance(20_000);
      await refuse(there);
    }
    expect(tokenRequests(there, "refresh_token")).toBe(4 + 60);
    // As soon as it takes one again, nobody has to do anything.
    expect((await call(there, await headersFor(there))).status).toBe(200);
  });

  it("costs nobody else a refresh, and not the same person with another grant", async () => {
    const there = await world();
    await grant(there);
    await grant(there, bob);
    for (let calls = 0; calls < 4; calls++) await refuse(there);
    const generation = (await there.provider.resolve(requestOf(there, bob)))?.generation ?? "";
    expect(await there.provider.resolve(requestOf(there, bob, { generation }))).toHaveProperty("generation");
    const { authorizationUrl } = (await refuse(there)) as Failure;
    const callback = await visit(authorizationUrl ?? callbackUrl, "ada");
    await there.provider.finishAuthorization({ callback, principal: ada });
    expect(await refuse(there)).toHaveProperty("generation");
  });

  it("has as many refreshed as the host allows", async () => {
    const there = await world({ oauth: { limits: { maxRenewals: 1 } } });
    await grant(there);
    expect(await refuse(there)).toHaveProperty("generation");
    expect(await refuse(there)).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
  });

  it("keeps no token from being refreshed that has ended", async () => {
    const there = await world({ issuer: { accessTokenTtlMs: 30_000 } });
    await grant(there);
    for (let calls = 0; calls < 4; calls++) await refuse(there);
    const credential = await there.provider.resolve(requestOf(there));
    await there.clock.advance(31_000);
    const rejected = { generation: credential?.generation ?? "" };
    expect(await there.provider.resolve(requestOf(there, ada, rejected))).toHaveProperty("generation");
  });

  it("is asked for no more refreshes by an issuer that gives none", async () => {
    const there = await world();
    await grant(there);
    const headers = { "content-type": "application/json" };
    there.issuer.faults.add(
      { kind: "answer", status: 400, headers, body: '{"error":"temporarily_unavailable"}' },
      { endpoint: "token" },
    );
    const before = there.issuer.requests.length;
    const codes = [];
    for (let calls = 0; calls < 20; calls++) codes.push(((await refuse(there)) as Failure).code);
    expect(codes.slice(0, 4)).toEqual(Array(4).fill("CREDENTIAL_FAILED"));
    expect(new Set(codes.slice(4))).toEqual(new Set(["AUTHORIZATION_REQUIRED"]));
    const sent = there.issuer.requests.slice(before).filter(({ endpoint }) => endpoint === "token");
    expect(sent).toHaveLength(4);
  });
});

describe("an issuer that asks to be left alone (RFC 9110, section 10.2.3)", () => {
  /** A world in which Ada's and Bob's tokens have ended and whose issuer answers so. */
  async function away(status: number, retryAfter?: string) {
    const there = await world();
    await grant(there);
    await grant(there, bob);
    await there.clock.advance(hour + 1);
    const headers = { ...(retryAfter !== undefined && { "retry-after": retryAfter }) };
    there.issuer.faults.add({ kind: "answer", status, headers }, { endpoint: "token" });
    const sent = () => there.issuer.requests.filter(({ grantType }) => grantType === "refresh_token").length;
    const call = (principal = ada) => failure(there.provider.resolve(requestOf(there, principal)));
    return { there, comeBack: () => there.issuer.faults.clear(), sent, call };
  }

  it.each([429, 503])("with HTTP %i is sent no refresh until then", async (status) => {
    const { there, comeBack, sent, call } = await away(status, "120");
    const refused = { code: "CREDENTIAL_FAILED", retryable: true, status };
    expect(await call()).toMatchObject({ ...refused, retryAfterMs: 120_000 });
    await there.clock.advance(20_000);
    for (let calls = 0; calls < 20; calls++)
      expect(await call()).toMatchObject({ ...refused, retryAfterMs: 100_000, delivery: "unsent" });
    expect(sent()).toBe(1);
    comeBack();
    await there.clock.advance(99_999);
    expect(await call()).toMatchObject({ ...refused, retryAfterMs: 1 });
    expect(sent()).toBe(1);
    await there.clock.advance(1);
    expect(await there.provider.resolve(requestOf(there))).toBeDefined();
    expect(sent()).toBe(2);
  });

  it("because one person asks too often (429) is asked for the others, and for nobody where it is away (503)", async () => {
    const often = await away(429, "60");
    await often.call();
    expect(await often.call(bob)).toMatchObject({ status: 429 });
    expect(often.sent()).toBe(2);
    const gone = await away(503, "60");
    await gone.call();
    expect(await gone.call(bob)).toMatchObject({ status: 503, retryAfterMs: 60_000 });
    expect(gone.sent()).toBe(1);
  });

  it.each(["3600", "9999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "until %s is asked again after five minutes",
    async (retryAfter) => {
      const { there, comeBack, sent, call } = await away(503, retryAfter);
      await call();
      comeBack();
      await there.clock.advance(299_999);
      await call();
      expect(sent()).toBe(1);
      await there.clock.advance(1);
      expect(await there.provider.resolve(requestOf(there))).toBeDefined();
    },
  );

  it.each([undefined, "0", "-5", "soon"])("and says %s is asked at the next call", async (retryAfter) => {
    const { there, comeBack, sent, call } = await away(429, retryAfter);
    await call();
    comeBack();
    expect(await there.provider.resolve(requestOf(there))).toBeDefined();
    expect(sent()).toBe(2);
  });

  it("keeps a token that lives from nobody", async () => {
    const { there, comeBack, call } = await away(429, "120");
    comeBack();
    const credential = await there.provider.resolve(requestOf(there));
    await there.clock.advance(hour - 30_000);
    there.issuer.faults.add(
      { kind: "answer", status: 429, headers: { "retry-after": "120" } },
      { endpoint: "token" },
    );
    // Refreshed ahead of its end, which is not what its caller waits for.
    for (let calls = 0; calls < 5; calls++)
      expect(await there.provider.resolve(requestOf(there))).toMatchObject({
        generation: credential?.generation,
      });
    await there.clock.advance(30_001);
    expect(await call()).toMatchObject({ code: "CREDENTIAL_FAILED", status: 429 });
  });
});
