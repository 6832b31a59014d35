import { expect, it } from "vitest";
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
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";

const { world } = opened();

it("sends a token that is bound to a key with a proof of its own for each request", async () => {
  const there = await world({ issuer: { dpop: "required" }, oauth: { dpop: true } });
  await grant(there);
  const [first, second] = [await headersFor(there), await headersFor(there)];
  expect(first["authorization"]).toMatch(/^DPoP /u);
  expect(first["dpop"]).not.toBe(second["dpop"]);
  expect((await call(there, first)).status).toBe(200);
  expect((await call(there, second)).status).toBe(200);
  // A proof that was seen, and a token without one, are worth nothing.
  expect((await call(there, first)).status).toBe(401);
  expect(
    (await call(there, { authorization: first["authorization"]?.replace("DPoP", "Bearer") ?? "" })).status,
  ).toBe(401);
});

it("draws a key for each grant, and keeps it sealed through refreshes and in another process", async () => {
  const there = await world({
    issuer: { dpop: "required", accessTokenTtlMs: 60_000 },
    oauth: { dpop: true },
  });
  await grant(there, ada);
  await grant(there, bob);
  const keyOf = async (principal: typeof ada) => {
    const { dpop = "" } = await headersFor(there, principal);
    return Buffer.from(dpop.split(".")[0] ?? "", "base64url").toString();
  };
  const before = await keyOf(ada);
  expect(await keyOf(bob)).not.toBe(before);
  await there.clock.advance(61_000);
  expect(await keyOf(ada)).toBe(before);
  expect(tokenRequests(there, "refresh_token")).toBe(1);
  expect((await call(there, await headersFor(there, ada))).status).toBe(200);
  expect(there.store.dump()).not.toContain('"d"');
});

it("repeats a token request with the nonce that the issuer wants, once", async () => {
  const there = await world({ issuer: { dpop: "nonce" }, oauth: { dpop: true } });
  await grant(there);
  expect(tokenRequests(there, "authorization_code")).toBe(2);
  expect((await call(there, await headersFor(there))).status).toBe(200);
});

it("gives another generation with the nonce that the server wants, and still knows the grant behind it", async () => {
  const there = await world({ issuer: { dpop: "required" }, oauth: { dpop: true } });
  await grant(there);
  const credential = await there.provider.resolve(requestOf(there));
  const challenge = { scheme: "DPoP", parameters: { error: "use_dpop_nonce", dpop_nonce: "the-nonce" } };
  const next = await there.provider.resolve(
    requestOf(there, ada, { generation: credential?.generation ?? "", challenge }),
  );
  expect(next?.subject).toBe(credential?.subject);
  expect(next?.generation).not.toBe(credential?.generation);
  const { dpop } = (await next?.headers?.({ method: "POST", url: there.server.url })) ?? {};
  const payload = Buffer.from(dpop?.value.reveal().split(".")[1] ?? "", "base64url").toString();
  expect(JSON.parse(payload)).toMatchObject({ nonce: "the-nonce", htm: "POST", htu: there.server.url.href });
  expect(there.provider.resolve(requestOf(there))).toBe(next);
  // The next refusal is of the token itself.
  await there.provider.resolve(requestOf(there, ada, { generation: next?.generation ?? "" }));
  expect(tokenRequests(there, "refresh_token")).toBe(1);
});

it("takes no bearer token where it wants one that is bound", async () => {
  const there = await world({ oauth: { dpop: true } });
  const callback = await visit(await pageFor(there));
  there.issuer.faults.add(
    { kind: "answer", status: 200, body: '{"access_token":"a","token_type":"Bearer"}' },
    { endpoint: "token" },
  );
  const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
  expect(error.code).toBe("PROTOCOL_VIOLATION");
});
