import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import { manualClock } from "../index.ts";
import {
  startAuthorizationServer,
  type AuthorizationServer,
  type AuthorizationServerOptions,
} from "../oauth.ts";
import { clients, codeOf, redeem, redirect, send } from "./by-hand.fixture.ts";

async function start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({ clients, ...options });
  onTestFinished(() => server.close());
  return server;
}

test.each([
  [{ redirect_uris: ["http://elsewhere.example/"] }, "invalid_redirect_uri"],
  [{ redirect_uris: ["javascript:alert(1)"] }, "invalid_redirect_uri"],
  [{ redirect_uris: ["https://app.example/callback#part"] }, "invalid_redirect_uri"],
  [{ redirect_uris: [] }, "invalid_redirect_uri"],
  [{ redirect_uris: [redirect], token_endpoint_auth_method: "tls_client_auth" }, "invalid_client_metadata"],
  [{ redirect_uris: [redirect], token_endpoint_auth_method: "private_key_jwt" }, "invalid_client_metadata"],
  [{ redirect_uris: redirect }, "invalid_client_metadata"],
])("the registration of %j is refused", async (metadata, error) => {
  const server = await start();
  const headers = { "content-type": "application/json" };
  const url = server.metadata.registration_endpoint ?? "";
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(metadata) });
  expect([response.status, await response.json()]).toMatchObject([400, { error }]);
  expect(server.clients).toEqual(clients);
});

describe("a client whose id is the URL of its document", () => {
  const client_id = "https://client.example/metadata.json";
  const document = { client_id, redirect_uris: [redirect], token_endpoint_auth_method: "none" };

  const signIn = async (server: AuthorizationServer) =>
    redeem(server, await codeOf(server, { client_id }), { client_id });

  test("is known by its document", async () => {
    const fetched: string[] = [];
    const server = await start({
      fetch: async (url) => {
        fetched.push(url.href);
        return Response.json(document);
      },
    });
    const { access_token } = await signIn(server);
    expect(server.verify(String(access_token))?.clientId).toBe(client_id);
    expect(fetched).toEqual([client_id]);
  });

  test.each([
    ["of another client", () => Response.json({ ...document, client_id: "https://other.example/" })],
    ["with a secret", () => Response.json({ ...document, client_secret: "known to everybody" })],
    [
      "that asks for a secret",
      () => Response.json({ ...document, token_endpoint_auth_method: "client_secret_post" }),
    ],
    ["without redirect URIs", () => Response.json({ client_id })],
    ["that is too large", () => Response.json({ ...document, padding: "x".repeat(6000) })],
    ["that is absent", () => Response.json(document, { status: 404 })],
    ["that is not JSON", () => new Response("<html>")],
  ])("is unknown by a document %s", async (_, respond) => {
    const server = await start({ fetch: async () => respond() });
    await expect(signIn(server)).rejects.toMatchObject({ code: "SERVER_ERROR", status: 400 });
    expect(server.issued).toEqual([]);
  });

  test("is unknown when its document does not come in time", async () => {
    const clock = manualClock();
    const server = await start({ clock, fetch: () => new Promise(() => {}) });
    const outcome = expect(signIn(server)).rejects.toMatchObject({ status: 400 });
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(5000);
    await outcome;
  });

  test("is unknown where documents are not read", async () => {
    const server = await start({
      clientIdMetadataDocuments: false,
      fetch: async () => Response.json(document),
    });
    expect(server.metadata.client_id_metadata_document_supported).toBe(false);
    await expect(signIn(server)).rejects.toMatchObject({ status: 400 });
  });
});

describe("a client", () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
  });
  const own = { grant_type: "client_credentials" };

  test.each([
    ["is unknown", { ...own, client_id: "nobody" }, {}],
    ["has another secret", own, basic("secret", "wrong")],
    [
      "shows its secret elsewhere than registered",
      { ...own, client_id: "secret", client_secret: "right" },
      {},
    ],
    ["leaves its secret out", { ...own, client_id: "secret" }, {}],
    ["without a secret shows one", own, basic("app", "made up")],
  ])("that %s is refused", async (_, fields, headers) => {
    const server = await start();
    expect(await send(server, fields, headers)).toMatchObject({ status: 401, error: "invalid_client" });
  });

  test.each([
    [{ grant_type: "password", client_id: "app" }, "unsupported_grant_type"],
    [{ ...own, client_id: "app" }, "unauthorized_client"],
    [{ ...own, client_id: "secret", client_secret: "right", client_assertion: "both" }, "invalid_request"],
  ])("that sends %j is told so", async (fields, error) => {
    expect(await send(await start(), fields)).toMatchObject({ status: 400, error });
  });

  test("that shows no key is refused where tokens have to be bound to one", async () => {
    const server = await start({ dpop: "required" });
    const answer = await send(server, { ...own, client_id: "secret" }, basic("secret", "right"));
    expect(answer).toMatchObject({ status: 400, error: "invalid_dpop_proof" });
    expect(server.issued).toEqual([]);
  });

  test("with keys signs each assertion anew, for this server, and in time", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const clock = manualClock({ startMs: Date.now() });
    const jwks = { keys: [await exportJWK(publicKey)] };
    const server = await start({ clock, clients: [{ client_id: "jwt", jwks }] });
    const assertion = (aud: string, jti: string) =>
      new SignJWT({ iss: "jwt", sub: "jwt", aud, jti, exp: Math.floor(clock.now() / 1000) + 60 })
        .setProtectedHeader({ alg: "ES256" })
        .sign(privateKey);
    const show = async (client_assertion: string) =>
      (await send(server, { ...own, client_assertion }))["status"];
    const once = await assertion(server.metadata.issuer, "1");
    expect([await show(once), await show(once)]).toEqual([200, 401]);
    expect(await show(await assertion("https://elsewhere.example/token", "2"))).toBe(401);
    expect(await show("not.a.jwt")).toBe(401);
    const late = await assertion(server.metadata.token_endpoint, "3");
    await clock.advance(61_000);
    expect(await show(late)).toBe(401);
  });
});

test("parameters that come twice are refused and told in the record", async () => {
  const server = await start();
  const body = "grant_type=refresh_token&client_id=app&client_id=other&refresh_token=x";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(server.metadata.token_endpoint, { method: "POST", body, headers });
  expect(await response.json()).toMatchObject({ error: "invalid_request" });
  expect(server.requests).toMatchObject([{ endpoint: "token", repeated: ["client_id"], status: 400 }]);
});
