import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthClientProvider,
} from "@modelcontextprotocol/client";
import * as oauth from "oauth4webapi";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFakeServer, type FakeServer, type TokenAuthentication } from "./index.ts";
import { startAuthorizationServer, visit, type AuthorizationServer } from "./oauth.ts";

const app = {
  client_id: "app",
  client_secret: "s",
  token_endpoint_auth_method: "client_secret_post",
} as const;
const redirect = "http://127.0.0.1:9/callback";

async function start(options: Partial<TokenAuthentication> = {}) {
  const issuer = await startAuthorizationServer({ clients: [app] });
  const server = await startFakeServer({ authenticate: { authorizationServer: issuer, ...options } });
  onTestFinished(async () => void (await Promise.all([server.close(), issuer.close()])));
  return { issuer, server };
}

/** A token of the client's own, by hand. */
async function tokenFor(issuer: AuthorizationServer, scope: string, resource?: string): Promise<string> {
  const fields = { grant_type: "client_credentials", client_id: "app", client_secret: "s", scope };
  const body = new URLSearchParams(resource === undefined ? fields : { ...fields, resource });
  const response = await fetch(issuer.metadata.token_endpoint, { method: "POST", body });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function call(server: FakeServer, headers: Readonly<Record<string, string>> = {}, name = "whoami") {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name, arguments: {}, _meta: meta };
  const response = await fetch(server.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": name,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
  await response.text();
  return [response.status, response.headers.get("www-authenticate")] as const;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(["legacy", "auto"] as const)("the official client in %s mode", (mode) => {
  test("finds the issuer, registers, signs a person in, calls, and goes on with a refreshed token", async () => {
    const { issuer, server } = await start({ scopes: ["mcp"] });
    const person = signingIn();
    const connect = async () => {
      const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
      onTestFinished(() => client.close());
      const transport = new StreamableHTTPClientTransport(server.url, { authProvider: person.provider });
      return { client, transport, connected: client.connect(transport) };
    };
    const first = await connect();
    await expect(first.connected).rejects.toBeInstanceOf(UnauthorizedError);
    const callback = await visit(person.authorizationUrl(), { login: "ada" });
    await first.transport.finishAuth(callback.searchParams);
    const { client, connected } = await connect();
    await connected;
    const { structuredContent } = await client.callTool({ name: "whoami" });
    const [access] = issuer.issued.filter(({ kind }) => kind === "access_token");
    expect(structuredContent).toMatchObject({ user: "ada", credential: `Bearer ${access?.value}` });
    expect(access).toMatchObject({ subject: "ada", scopes: ["mcp"], resource: server.url.href });

    issuer.expire({ kind: "access_token" });
    expect((await client.callTool({ name: "whoami" })).structuredContent).toMatchObject({ user: "ada" });
    expect(issuer.requests.map(({ grantType }) => grantType).filter(Boolean)).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
  });
});

/** A person's browser and memory, as the official client wants them. */
function signingIn() {
  const kept: { [K in "client" | "tokens" | "verifier" | "url" | "discovery"]?: unknown } = {};
  const provider: OAuthClientProvider = {
    redirectUrl: redirect,
    clientMetadata: { redirect_uris: [redirect], token_endpoint_auth_method: "none", client_name: "test" },
    clientInformation: () => kept.client as never,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens as never,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    redirectToAuthorization: (url) => void (kept.url = url),
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier as string,
    saveDiscoveryState: (state) => void (kept.discovery = state),
    discoveryState: () => kept.discovery as never,
  };
  return { provider, authorizationUrl: () => kept.url as URL };
}

test("a request without a token, or with one that does not hold, is told where to get one", async () => {
  const { issuer, server } = await start({ scopes: ["mcp", "more"] });
  const metadata = new URL("/.well-known/oauth-protected-resource/mcp", server.url).href;
  expect(await call(server)).toEqual([401, `Bearer resource_metadata="${metadata}", scope="mcp more"`]);
  const expected = `Bearer resource_metadata="${metadata}", scope="mcp more", error="invalid_token"`;
  expect(await call(server, bearer("made up"))).toEqual([401, expected]);
  expect(await call(server, { authorization: "Basic YTpi" })).toEqual([401, expected]);
  const good = await tokenFor(issuer, "mcp more", server.url.href);
  expect(await call(server, bearer(good))).toEqual([200, null]);
  issuer.revoke();
  expect(await call(server, bearer(good))).toEqual([401, expected]);
});

test("a token for another resource, or for none, is refused unless the server does not look", async () => {
  const strict = await start();
  const careless = await start({ checkAudience: false });
  for (const resource of ["https://elsewhere.example/mcp", undefined]) {
    const { issuer, server } = strict;
    expect((await call(server, bearer(await tokenFor(issuer, "", resource))))[0]).toBe(401);
    const taken = await call(careless.server, bearer(await tokenFor(careless.issuer, "", resource)));
    expect(taken[0]).toBe(200);
  }
});

test("a tool needs scopes of its own, and the refusal names those alone", async () => {
  const { issuer, server } = await start({ scopes: ["mcp"], toolScopes: { echo: ["write"] } });
  const metadata = new URL("/.well-known/oauth-protected-resource/mcp", server.url).href;
  const plain = bearer(await tokenFor(issuer, "mcp", server.url.href));
  expect((await call(server, plain))[0]).toBe(200);
  expect(await call(server, plain, "echo")).toEqual([
    403,
    `Bearer resource_metadata="${metadata}", scope="write", error="insufficient_scope"`,
  ]);
  expect((await call(server, bearer(await tokenFor(issuer, "mcp write", server.url.href)), "echo"))[0]).toBe(
    200,
  );
  const [status, challenge] = await call(
    server,
    bearer(await tokenFor(issuer, "write", server.url.href)),
    "echo",
  );
  expect([status, challenge]).toEqual([403, expect.stringContaining('scope="mcp"')]);
});

test.each([
  ["path", [200, 404], "/.well-known/oauth-protected-resource/mcp"],
  ["root", [404, 200], "/.well-known/oauth-protected-resource"],
  ["both", [200, 200], "/.well-known/oauth-protected-resource/mcp"],
  ["none", [404, 404], undefined],
] as const)("metadata: %j answers %j", async (metadata, statuses, named) => {
  const { issuer, server } = await start({ metadata, toolScopes: { echo: ["write"] }, scopes: ["mcp"] });
  const at = (path: string) => fetch(new URL(path, server.url));
  const answers = [
    await at("/.well-known/oauth-protected-resource/mcp"),
    await at("/.well-known/oauth-protected-resource"),
  ];
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  const good = answers.find(({ status }) => status === 200);
  if (good !== undefined) {
    expect(await good.json()).toEqual({
      resource: server.url.href,
      authorization_servers: [issuer.metadata.issuer],
      bearer_methods_supported: ["header"],
      scopes_supported: ["mcp", "write"],
    });
  }
  const [, challenge] = await call(server);
  const url = /resource_metadata="(?<url>[^"]+)"/u.exec(challenge ?? "")?.groups?.["url"];
  expect(url).toBe(named === undefined ? undefined : new URL(named, server.url).href);
});

test("metadata and challenges tell whatever lie they are told to tell", async () => {
  const { server } = await start({
    alterMetadata: (metadata) => ({ ...metadata, authorization_servers: ["http://10.0.0.5"] }),
    alterChallenge: (parameters) => ({
      ...parameters,
      resource_metadata: "file:///etc/passwd",
      scope: 'a"b',
    }),
  });
  const metadata = await fetch(new URL("/.well-known/oauth-protected-resource/mcp", server.url));
  expect(await metadata.json()).toMatchObject({
    resource: server.url.href,
    authorization_servers: ["http://10.0.0.5"],
  });
  expect(await call(server)).toEqual([401, 'Bearer resource_metadata="file:///etc/passwd", scope="a\\"b"']);
});

test("a token that is bound to a key is taken with a proof of it only", async () => {
  const { issuer, server } = await start();
  const as: oauth.AuthorizationServer = { ...structuredClone(issuer.metadata) } as never;
  const insecure = { [oauth.allowInsecureRequests]: true } as const;
  const handle = oauth.DPoP({}, await oauth.generateKeyPair("ES256"));
  const boundToken = async () => {
    const parameters = { resource: server.url.href };
    const options = { DPoP: handle, ...insecure };
    const proof = oauth.ClientSecretPost("s");
    const answer = await oauth.clientCredentialsGrantRequest(as, app, proof, parameters, options);
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const [access_token, second] = [await boundToken(), await boundToken()];
  expect((await call(server, bearer(access_token)))[0]).toBe(401);
  expect((await call(server, { authorization: `DPoP ${access_token}`, dpop: "made.up.proof" }))[0]).toBe(401);
  const seen: Readonly<Record<string, string>>[] = [];
  const through = async (_: string, { headers }: { headers: Readonly<Record<string, string>> }) => {
    seen.push(headers);
    return new Response();
  };
  const asked = (DPoP: oauth.DPoPHandle) =>
    oauth.protectedResourceRequest(access_token, "POST", server.url, undefined, undefined, {
      DPoP,
      [oauth.customFetch]: through,
      ...insecure,
    });
  await asked(handle);
  await asked(oauth.DPoP({}, await oauth.generateKeyPair("ES256")));
  const [mine, others] = seen.map(({ authorization = "", dpop = "" }) => ({ authorization, dpop }));
  const forTheSecond = { ...mine, authorization: `DPoP ${second}` };
  expect((await call(server, forTheSecond))[0]).toBe(401);
  expect((await call(server, mine))[0]).toBe(200);
  expect(await call(server, mine)).toEqual([401, expect.stringMatching(/^DPoP .*error="invalid_token"/u)]);
  expect((await call(server, others))[0]).toBe(401);
});

test("keys cannot be set where tokens are asked for", async () => {
  const { server } = await start();
  expect(() => server.setKeys({})).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
});
