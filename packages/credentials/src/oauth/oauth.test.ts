import { secret, type CredentialEvent, type TenantryError as Failure } from "@tenantry/core";
import { expect, it } from "vitest";
import {
  ada,
  bob,
  call,
  callbackUrl,
  failure,
  grant,
  headersFor,
  pageFor,
  requestOf,
  secondProcess,
  tokenRequests,
  visit,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { combine } from "../combine.ts";
import { clientCredentials, flowServer, isOAuthProvider, issuerCallbackUrl, oauth } from "../oauth.ts";
import { header } from "../shapes.ts";
import { fromStatic } from "../sources.ts";

const { world } = opened();

it("sends the first request without, then asks the person, then gives that person's own token", async () => {
  const there = await world();
  expect(await there.provider.resolve(requestOf(there))).toBeUndefined();
  await grant(there);
  const headers = await headersFor(there);
  expect((await call(there, headers)).status).toBe(200);
  expect(there.server.requests.at(-1)?.user).toBe("ada");
});

it("sends nothing for anybody once it is known that the server wants a grant", async () => {
  const there = await world();
  await pageFor(there, ada);
  const error = await failure(there.provider.resolve(requestOf(there, bob)));
  expect(error).toMatchObject({ code: "AUTHORIZATION_REQUIRED", server: "server", slot: "oauth" });
  const address = await issuerCallbackUrl(callbackUrl, there.issuer.issuer.origin);
  expect(error.authorizationUrl?.searchParams.get("redirect_uri")).toBe(address.href);
});

it("asks before the first request where it is required", async () => {
  const there = await world({ oauth: { required: true } });
  const error = await failure(there.provider.resolve(requestOf(there)));
  expect(error.authorizationUrl?.origin).toBe(there.issuer.issuer.origin);
});

it("gives the same frozen credential at once, without the store, until it is refreshed", async () => {
  const there = await world();
  await grant(there);
  const first = await there.provider.resolve(requestOf(there));
  const before = there.store.calls();
  const second = there.provider.resolve(requestOf(there));
  expect(second).toBe(first);
  expect(there.store.calls()).toBe(before);
  expect(Object.isFrozen(first)).toBe(true);
  expect(first?.origins).toEqual([there.server.url.origin]);
});

it("asks for what the specification says: PKCE, the resource as published, a state of 256 bits", async () => {
  const there = await world();
  const { searchParams } = await pageFor(there);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    response_type: "code",
    code_challenge_method: "S256",
    resource: there.server.url.href,
  });
  expect(searchParams.get("state")).toMatch(/^[\w-]{43}$/u);
  expect(searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/u);
  expect(searchParams.has("scope")).toBe(false);
});

it("registers one client and opens one flow, however many calls want a grant at once", async () => {
  const there = await world();
  const { challenge } = await call(there, {});
  const rejected = challenge ? { challenge } : {};
  const pages = await Promise.all(
    Array.from({ length: 50 }, () => failure(there.provider.resolve(requestOf(there, ada, rejected)))),
  );
  expect(new Set(pages.map(({ authorizationUrl }) => authorizationUrl?.href)).size).toBe(1);
  expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "register")).toHaveLength(1);
  const { rows } = await there.store.flows.scan();
  expect(rows).toHaveLength(1);
});

it("gives each of two people a page of their own, and a grant of their own", async () => {
  const there = await world();
  const [adas, bobs] = [await pageFor(there, ada), await pageFor(there, bob)];
  expect(adas.searchParams.get("state")).not.toBe(bobs.searchParams.get("state"));
  await there.provider.finishAuthorization({ callback: await visit(bobs, "bob"), principal: bob });
  expect((await call(there, await headersFor(there, bob))).status).toBe(200);
  expect((await failure(there.provider.resolve(requestOf(there, ada)))).code).toBe("AUTHORIZATION_REQUIRED");
});

it("hands out no page that has been used in another process", async () => {
  const there = await world();
  const page = await pageFor(there);
  const other = secondProcess(there);
  await other.finishAuthorization({ callback: await visit(page), principal: ada });
  await other.disconnect({ principal: ada, server: there.ref.id });
  const next = await failure(there.provider.resolve(requestOf(there)));
  expect(next.authorizationUrl?.href).not.toBe(page.href);
  await other.close();
});

it("tells the host where a callback belongs, and nothing more", async () => {
  const there = await world();
  const page = await pageFor(there);
  expect(await flowServer(there.store, ada, page)).toBe("server");
  expect(await flowServer(there.store, bob, page)).toBeUndefined();
  expect(
    await flowServer(there.store, ada, new URL(`${callbackUrl.href}?state=${"x".repeat(43)}`)),
  ).toBeUndefined();
});

it.each([10, 1_000])("refreshes once for %i calls at expiry, and all of them succeed", async (calls) => {
  const there = await world({ issuer: { accessTokenTtlMs: 60_000 } });
  await grant(there);
  const before = await there.provider.resolve(requestOf(there));
  await there.clock.advance(61_000);
  const all = await Promise.all(
    Array.from({ length: calls }, async () => there.provider.resolve(requestOf(there))),
  );
  expect(tokenRequests(there, "refresh_token")).toBe(1);
  expect(new Set(all).size).toBe(1);
  expect(all[0]?.subject).toBe(before?.subject);
  expect(all[0]?.generation).not.toBe(before?.generation);
  expect((await call(there, await headersFor(there))).status).toBe(200);
});

it("refreshes what the server has refused, once", async () => {
  const there = await world();
  await grant(there);
  const credential = await there.provider.resolve(requestOf(there));
  const rejected = { generation: credential?.generation ?? "" };
  const next = await Promise.all([
    there.provider.resolve(requestOf(there, ada, rejected)),
    there.provider.resolve(requestOf(there, ada, rejected)),
  ]);
  expect(next[0]?.generation).not.toBe(credential?.generation);
  expect(next[1]).toBe(next[0]);
  expect(tokenRequests(there, "refresh_token")).toBe(1);
});

it("asks the person again where the issuer has ended the grant, with what had been granted", async () => {
  const there = await world({ server: { scopes: ["read"] }, issuer: { accessTokenTtlMs: 60_000 } });
  await grant(there);
  there.issuer.revoke();
  await there.clock.advance(61_000);
  const error = await failure(there.provider.resolve(requestOf(there)));
  expect(error.code).toBe("AUTHORIZATION_REQUIRED");
  expect(error.authorizationUrl?.searchParams.get("scope")).toBe("read");
});

it("asks for the challenge's scopes, and for all that the server lists where there is none", async () => {
  const challenged = await world({ server: { scopes: ["read"], toolScopes: { add: ["write"] } } });
  expect((await pageFor(challenged)).searchParams.get("scope")).toBe("read");
  const silent = await world({
    server: {
      scopes: ["read"],
      toolScopes: { add: ["write"] },
      alterChallenge: ({ scope: _, ...rest }) => rest,
    },
  });
  expect((await pageFor(silent)).searchParams.get("scope")).toBe("read write");
});

it("asks for offline access only where the issuer lists it", async () => {
  const listed = await world({
    issuer: { scopes: ["offline_access", "read"] },
    server: { scopes: ["read"] },
  });
  const page = await pageFor(listed);
  expect(page.searchParams.get("scope")).toBe("read offline_access");
  expect(page.searchParams.get("prompt")).toBe("consent");
  const without = await world({
    issuer: { scopes: ["offline_access", "read"] },
    server: { scopes: ["read"] },
    oauth: { offlineAccess: false },
  });
  expect((await pageFor(without)).searchParams.get("scope")).toBe("read");
});

it("steps up to the union of what was granted and what is wanted, a few times and then no more", async () => {
  const there = await world({ server: { scopes: ["read"], toolScopes: { add: ["write"] } } });
  await grant(there);
  const credential = await there.provider.resolve(requestOf(there));
  const { status, challenge } = await call(there, await headersFor(there), "add");
  expect(status).toBe(403);
  const stepUp = (generation = credential?.generation ?? "", scope?: string): Promise<Failure> => {
    const parameters = { ...challenge?.parameters, ...(scope !== undefined && { scope }) };
    const rejected = { generation, challenge: { scheme: "Bearer", parameters } };
    return failure(there.provider.resolve(requestOf(there, ada, rejected)));
  };
  const error = await stepUp();
  expect(error.authorizationUrl?.searchParams.get("scope")).toBe("read write");
  await there.provider.finishAuthorization({
    callback: await visit(error.authorizationUrl ?? callbackUrl, "ada"),
    principal: ada,
  });
  expect((await call(there, await headersFor(there), "add")).status).toBe(200);
  // A server that says the same of what was just granted for it.
  const codes = ["AUTHORIZATION_REQUIRED", "UNAUTHORIZED", "UNAUTHORIZED"];
  for (const [times, code] of codes.entries()) {
    const now = await there.provider.resolve(requestOf(there));
    // It counts whether the server wants something else each time or not.
    const again = await stepUp(now?.generation, times % 2 === 0 ? `other-${times}` : undefined);
    expect(again.code).toBe(code);
    if (again.authorizationUrl) {
      const callback = await visit(again.authorizationUrl, "ada");
      await there.provider.finishAuthorization({ callback, principal: ada });
    }
  }
});

it("registers anew where the issuer has forgotten its client", async () => {
  const there = await world({ issuer: { accessTokenTtlMs: 60_000 } });
  await grant(there);
  there.issuer.faults.add(
    {
      kind: "answer",
      status: 401,
      headers: { "content-type": "application/json" },
      body: '{"error":"invalid_client"}',
    },
    { endpoint: "token", times: 1 },
  );
  await there.clock.advance(61_000);
  const error = await failure(there.provider.resolve(requestOf(there)));
  expect(error.code).toBe("AUTHORIZATION_REQUIRED");
  expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "register")).toHaveLength(2);
});

it("says what to configure where the issuer registers nobody", async () => {
  const there = await world({ issuer: { dynamicRegistration: false, clientIdMetadataDocuments: false } });
  const { challenge } = await call(there, {});
  const error = await failure(there.provider.resolve(requestOf(there, ada, challenge ? { challenge } : {})));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toContain(`redirect URI ${callbackUrl.href}/`);
});

it("ends one person's grant at the store, at the issuer and for whoever listens, and nobody else's", async () => {
  const there = await world();
  await grant(there, ada);
  await grant(there, bob);
  const subject = (await there.provider.resolve(requestOf(there, ada)))?.subject;
  const events: CredentialEvent[] = [];
  using _watching = there.provider.watch?.((event) => events.push(event));
  const adas = await headersFor(there, ada);
  expect(await there.provider.disconnect({ principal: ada, server: there.ref.id })).toEqual({
    removed: true,
    revoked: true,
  });
  expect(events).toContainEqual({
    kind: "revoked",
    scope: { share: "user", workspace: "acme", user: "ada" },
    server: "server",
    subject,
  });
  expect((await call(there, adas)).status).toBe(401);
  expect((await call(there, await headersFor(there, bob))).status).toBe(200);
  expect(await there.provider.status({ principal: ada, server: there.ref.id })).toEqual({ granted: false });
  expect(await there.provider.status({ principal: bob, server: there.ref.id })).toMatchObject({
    granted: true,
    resource: there.server.url.href,
    isRenewable: true,
  });
});

it("disconnects although the issuer cannot be asked, and says so", async () => {
  const there = await world();
  await grant(there);
  there.issuer.faults.add({ kind: "reset" }, { endpoint: "revoke" });
  const disconnected = await there.provider.disconnect({ principal: ada, server: there.ref.id });
  expect(disconnected).toEqual({ removed: true, revoked: false });
  expect((await failure(there.provider.resolve(requestOf(there)))).code).toBe("AUTHORIZATION_REQUIRED");
});

it("gives what a person granted to nobody else", async () => {
  const there = await world();
  for (const scope of [
    { share: "everyone" },
    { share: "workspace", workspace: ada.workspace },
    { share: "discovery", workspace: ada.workspace },
  ] as const) {
    const request = { ...requestOf(there), scope };
    expect((await failure((async () => there.provider.resolve(request))())).code).toBe("CREDENTIAL_MISSING");
  }
});

it("keeps no secret where the store, an error or an inspector shows it", async () => {
  const there = await world({
    issuer: {
      clients: [
        { client_id: "known", client_secret: "client-secret-of-the-host", redirect_uris: [callbackUrl.href] },
      ],
    },
  });
  await grant(there);
  const shown = [there.store.dump(), JSON.stringify(there.provider), String(there.provider)].join("\n");
  for (const value of there.issuer.secrets()) expect(shown).not.toContain(value);
  there.issuer.faults.add(
    { kind: "answer", status: 400, body: '{"access_token":"leaked-token-text"}' },
    { endpoint: "token" },
  );
  await there.clock.advance(3_700_000);
  const error = await failure(there.provider.resolve(requestOf(there)));
  expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain("leaked-token-text");
});

it("is granted through a combination with other credentials too", async () => {
  const there = await world();
  const key = header("x-tenant", fromStatic("tenant-key"));
  expect(() =>
    combine([oauth(), key, clientCredentials({ id: "a", secret: "b", issuer: "https://a.example" })]),
  ).toThrow(/header "authorization"/u);
  const provider = combine([oauth({ required: true }), key]).bind(there.dependencies);
  if (!isOAuthProvider(provider)) throw new Error("It cannot be granted.");
  const error = await failure(provider.resolve(requestOf(there)));
  const callback = await visit(error.authorizationUrl ?? callbackUrl, "ada");
  await provider.finishAuthorization({ callback, principal: ada });
  const headers = await headersFor({ ...there, provider });
  expect(Object.keys(headers).sort()).toEqual(["authorization", "x-tenant"]);
  expect((await call(there, headers)).status).toBe(200);
  await provider.close();
});

it("asks the person when what was sent beside it was refused", async () => {
  const there = await world();
  const key = header("x-tenant", fromStatic("tenant-key"));
  const provider = combine([key, oauth()]).bind(there.dependencies);
  // Nothing says that a grant is needed, so the first request goes with the key alone.
  const first = await provider.resolve(requestOf(there));
  const { challenge } = await call(there, {});
  const rejected = { generation: first?.generation ?? "", ...(challenge && { challenge }) };
  const error = await failure(provider.resolve(requestOf(there, ada, rejected)));
  expect(error.code).toBe("AUTHORIZATION_REQUIRED");
  expect(error.authorizationUrl?.origin).toBe(there.issuer.issuer.origin);
  await provider.close?.();
});

it("does not take a secret that was bound to no issuer", () => {
  const make = () => oauth({ client: { id: "known", secret: secret("its-secret") } });
  expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
  expect(make).not.toThrow(/its-secret/u);
});
