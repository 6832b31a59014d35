import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, type JSONWebKeySet } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  startAuthorizationServer,
  visit,
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type OAuthClient,
} from "../oauth.ts";

const redirect = "http://127.0.0.1:9/callback";
const resource = "https://mcp.example/mcp";
const insecure = { [oauth.allowInsecureRequests]: true } as const;
const publicClient: OAuthClient = { client_id: "public", redirect_uris: [redirect] };

async function start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({ clients: [publicClient], ...options });
  onTestFinished(() => server.close());
  return server;
}

async function discover(server: AuthorizationServer, algorithm: "oauth2" | "oidc" = "oauth2") {
  const issuer = new URL(server.metadata.issuer);
  return oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm, ...insecure }),
  );
}

/** The whole code grant with a client that checks every answer. */
async function signIn(
  server: AuthorizationServer,
  client: oauth.Client = { client_id: "public" },
  {
    proof = oauth.None(),
    scope = "read",
    DPoP,
  }: { proof?: oauth.ClientAuth; scope?: string; DPoP?: oauth.DPoPHandle } = {},
) {
  const as = await discover(server);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirect,
    response_type: "code",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    scope,
    resource,
  }).toString();
  const callback = oauth.validateAuthResponse(as, client, await visit(url, { login: "ada" }), state);
  const request = () =>
    oauth.authorizationCodeGrantRequest(as, client, proof, callback, redirect, verifier, {
      additionalParameters: { resource },
      ...insecure,
      ...(DPoP && { DPoP }),
    });
  const tokens = async () => oauth.processAuthorizationCodeResponse(as, client, await request());
  return { as, client, proof, tokens };
}

describe.each(["", "/tenant"])("the issuer at %j", (path) => {
  test.each(["oauth2", "oidc"] as const)("is discovered by %s", async (algorithm) => {
    const server = await start({ path });
    expect(await discover(server, algorithm)).toMatchObject({
      issuer: `${server.issuer.origin}${path}`,
      code_challenge_methods_supported: ["S256"],
    });
  });

  test("gives a person's tokens for a code, and refreshes them", async () => {
    const server = await start({ path });
    const { as, client, proof, tokens } = await signIn(server);
    const first = await tokens();
    expect(first).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: "read" });
    expect(server.verify(first.access_token)).toMatchObject({
      subject: "ada",
      clientId: "public",
      scopes: ["read"],
      resource,
    });
    const response = await oauth.refreshTokenGrantRequest(
      as,
      client,
      proof,
      first.refresh_token ?? "",
      insecure,
    );
    const second = await oauth.processRefreshTokenResponse(as, client, response);
    expect(server.verify(second.access_token)).toMatchObject({ subject: "ada", resource });
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(server.requests.map(({ grantType }) => grantType).filter(Boolean)).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
  });
});

test("a client proves who it is in each of the ways there are", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "1" }];
  const secret = "s3cr:t %&+";
  const known = { redirect_uris: [redirect] };
  const server = await start({
    clients: [
      { ...known, client_id: "basic:client", client_secret: secret },
      {
        ...known,
        client_id: "post",
        client_secret: secret,
        token_endpoint_auth_method: "client_secret_post",
      },
      { ...known, client_id: "jwt", jwks: { keys } },
    ],
  });
  const proofs = {
    "basic:client": oauth.ClientSecretBasic(secret),
    post: oauth.ClientSecretPost(secret),
    jwt: oauth.PrivateKeyJwt({ key: privateKey, kid: "1" }),
  };
  for (const [client_id, proof] of Object.entries(proofs)) {
    const { tokens, as, client } = await signIn(server, { client_id }, { proof });
    expect(server.verify((await tokens()).access_token)).toMatchObject({
      subject: "ada",
      clientId: client_id,
    });
    const own = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      proof,
      { scope: "sync", resource },
      insecure,
    );
    const { access_token, refresh_token } = await oauth.processClientCredentialsResponse(as, client, own);
    expect(server.verify(access_token)).toMatchObject({ subject: client_id, scopes: ["sync"], resource });
    expect(refresh_token).toBeUndefined();
  }
  expect(server.requests.filter(({ status }) => status !== 200 && status !== 302)).toEqual([]);
});

test("an ID token says who the person is, signed with a published key", async () => {
  const server = await start();
  const { as, tokens } = await signIn(server, undefined, { scope: "openid" });
  const { id_token = "" } = await tokens();
  const keys = (await (await fetch(as.jwks_uri ?? "")).json()) as JSONWebKeySet;
  const { payload } = await jwtVerify(id_token, createLocalJWKSet(keys), {
    issuer: as.issuer,
    audience: "public",
  });
  expect(payload.sub).toBe("ada");
  expect(server.jwks).toEqual(keys);
});

test("a client registers, with a secret where it wants one, and is known after", async () => {
  const server = await start();
  const as = await discover(server);
  const register = async (metadata: Partial<oauth.Client>) =>
    oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(as, { redirect_uris: [redirect], ...metadata }, insecure),
    );
  const open = await register({ token_endpoint_auth_method: "none", application_type: "native" });
  expect(open).toMatchObject({ token_endpoint_auth_method: "none", application_type: "native" });
  expect(open.client_secret).toBeUndefined();
  const confidential = await register({});
  const proof = oauth.ClientSecretBasic(String(confidential.client_secret));
  for (const [client, how] of [
    [open, oauth.None()],
    [confidential, proof],
  ] as const) {
    const { tokens } = await signIn(server, client, { proof: how });
    expect(server.verify((await tokens()).access_token)?.clientId).toBe(client.client_id);
  }
  expect(server.clients).toContainEqual(
    expect.objectContaining({ client_id: open.client_id, application_type: "native" }),
  );
  expect(server.secrets()).toContain(confidential.client_secret);
});

test("a revoked refresh token takes its whole grant with it, an access token only itself", async () => {
  const server = await start();
  const { as, client, proof, tokens } = await signIn(server);
  const { access_token, refresh_token = "" } = await tokens();
  const revoke = async (token: string) =>
    oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, token, insecure));
  await revoke("a token that nobody issued");
  await revoke(access_token);
  expect(server.verify(access_token)).toBeUndefined();
  const refreshed = await oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, proof, refresh_token, insecure),
  );
  expect(server.verify(refreshed.access_token)).toBeDefined();
  await revoke(refreshed.refresh_token ?? "");
  expect(server.issued.every(({ revoked }) => revoked)).toBe(true);
  expect(server.verify(refreshed.access_token)).toBeUndefined();
});

test("tokens are bound to a key, after the nonce that the server insists on", async () => {
  const server = await start({ dpop: "nonce" });
  const handle = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
  const { tokens, as, client } = await signIn(server, undefined, { DPoP: handle });
  await expect(tokens()).rejects.toSatisfy(oauth.isDPoPNonceError);
  const first = await tokens();
  expect(first.token_type).toBe("dpop");
  expect(server.verify(first.access_token)?.keyThumbprint).toMatch(/^[\w-]{43}$/u);
  const refresh = async (DPoP: oauth.DPoPHandle) => {
    const options = { DPoP, ...insecure };
    const request = () =>
      oauth.refreshTokenGrantRequest(as, client, oauth.None(), first.refresh_token ?? "", options);
    const answer = async () => oauth.processRefreshTokenResponse(as, client, await request());
    return answer().catch((error: unknown) =>
      oauth.isDPoPNonceError(error) ? answer() : Promise.reject(error as Error),
    );
  };
  const other = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
  await expect(refresh(other)).rejects.toMatchObject({ error: "invalid_grant" });
  expect((await refresh(handle)).token_type).toBe("dpop");
});

test("an ID-JAG of one issuer is redeemed at another that trusts it, once", async () => {
  const idp = await start();
  const server = await start({ trustedIssuers: [idp] });
  const others = [await start(), await start({ trustedIssuers: [idp] })];
  const { as: idpAs, client, proof, tokens } = await signIn(idp, undefined, { scope: "openid" });
  const request = (as: oauth.AuthorizationServer, grant: string, parameters: Record<string, string>) =>
    oauth.genericTokenEndpointRequest(
      as,
      client,
      proof,
      `urn:ietf:params:oauth:grant-type:${grant}`,
      parameters,
      insecure,
    );
  const type = "urn:ietf:params:oauth:token-type:";
  const exchanged = await request(idpAs, "token-exchange", {
    requested_token_type: `${type}id-jag`,
    subject_token_type: `${type}id_token`,
    subject_token: (await tokens()).id_token ?? "",
    audience: server.metadata.issuer,
    resource,
    scope: "read",
  });
  const { access_token: assertion } = (await exchanged.json()) as { access_token: string };
  // One does not trust the issuer, and the other is not whom the assertion is for.
  for (const other of others) {
    const refused = await request(await discover(other), "jwt-bearer", { assertion });
    expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
  }
  const as = await discover(server);
  const redeemed = await oauth.processGenericTokenEndpointResponse(
    as,
    client,
    await request(as, "jwt-bearer", { assertion }),
  );
  expect(server.verify(redeemed.access_token)).toMatchObject({ subject: "ada", scopes: ["read"], resource });
  expect(await (await request(as, "jwt-bearer", { assertion })).json()).toMatchObject({
    error: "invalid_grant",
  });
});
