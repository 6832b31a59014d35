import { expect, onTestFinished, test } from "vitest";
import { manualClock } from "../index.ts";
import {
  oauthError,
  startAuthorizationServer,
  type AuthorizationServer,
  type AuthorizationServerOptions,
} from "../oauth.ts";

const secret = {
  client_id: "app",
  client_secret: "s",
  token_endpoint_auth_method: "client_secret_post",
} as const;

async function start(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer({ clients: [secret], ...options });
  onTestFinished(() => server.close());
  return server;
}

const ask = (server: AuthorizationServer, init: RequestInit = {}) =>
  fetch(server.metadata.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: "app", client_secret: "s" }),
    ...init,
  });

const places = {
  oauth: "/.well-known/oauth-authorization-server/tenant",
  openid: "/.well-known/openid-configuration/tenant",
  behind: "/tenant/.well-known/openid-configuration",
} as const;

test.each([
  ["both", ["oauth", "openid", "behind"]],
  ["oauth", ["oauth"]],
  ["openid", ["openid", "behind"]],
  ["none", []],
] as const)("metadata: %j is at %j", async (metadata, expected) => {
  const server = await start({ metadata, path: "/tenant" });
  const found: string[] = [];
  for (const [name, place] of Object.entries(places))
    if ((await fetch(new URL(place, server.issuer))).status === 200) found.push(name);
  expect(found).toEqual(expected);
  expect((await fetch(new URL("/.well-known/oauth-authorization-server", server.issuer))).status).toBe(404);
});

test("metadata tells whatever lie it is told to tell, and the server stays as it is", async () => {
  const lies: ((metadata: Record<string, unknown>) => unknown)[] = [
    (metadata) => ({ ...metadata, issuer: "https://elsewhere.example" }),
    (metadata) => {
      delete metadata["code_challenge_methods_supported"];
      metadata["authorization_endpoint"] = "javascript:alert(1)";
    },
    () => null,
  ];
  const server = await start({ alterMetadata: (metadata) => lies.shift()?.(metadata) });
  const read = async () =>
    (await fetch(new URL("/.well-known/oauth-authorization-server", server.issuer))).json() as Promise<
      object | null
    >;
  expect(await read()).toEqual({ ...server.metadata, issuer: "https://elsewhere.example" });
  const { code_challenge_methods_supported: _, ...rest } = server.metadata;
  expect(await read()).toEqual({ ...rest, authorization_endpoint: "javascript:alert(1)" });
  expect(await read()).toBeNull();
  expect(await read()).toEqual(server.metadata);
});

test("a fault meets the requests of one endpoint, grant or client", async () => {
  const server = await start();
  server.faults.add(
    { kind: "answer", status: 503, headers: { "retry-after": "2" } },
    { endpoint: "metadata" },
  );
  server.faults.add(
    { kind: "answer", status: 500, body: "<html>" },
    { grantType: "client_credentials", times: 1 },
  );
  server.faults.add({ kind: "answer", status: 502 }, { clientId: "somebody else" });
  expect([(await ask(server)).status, (await ask(server)).status]).toEqual([500, 200]);
  const metadata = await fetch(new URL("/.well-known/openid-configuration", server.issuer));
  expect([metadata.status, metadata.headers.get("retry-after")]).toEqual([503, "2"]);
});

test("an error is answered as a client expects one", async () => {
  const server = await start();
  server.faults.add(oauthError("invalid_client"), { times: 1 });
  server.faults.add(
    oauthError("slow_down", { status: 429, description: "later", headers: { "retry-after": "1" } }),
  );
  const [first, second] = [await ask(server), await ask(server)];
  expect([first.status, await first.json()]).toEqual([401, { error: "invalid_client" }]);
  expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(await second.json()).toEqual({ error: "slow_down", error_description: "later" });
});

test("an answer is lost before the work, or after it", async () => {
  const server = await start();
  server.faults.add({ kind: "reset" }, { times: 1 });
  server.faults.add({ kind: "reset", afterWork: true }, { times: 1 });
  await expect(ask(server)).rejects.toThrow();
  expect(server.issued).toEqual([]);
  await expect(ask(server)).rejects.toThrow();
  expect(server.issued).toMatchObject([{ kind: "access_token" }]);
});

test("an answer is late by the clock, or never ends", async () => {
  const clock = manualClock();
  const server = await start({ clock });
  server.faults.add({ kind: "delay", ms: 3000 }, { times: 1 });
  const late = ask(server);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(3000);
  expect((await late).status).toBe(200);
  server.faults.add({ kind: "endless", headers: { "content-type": "application/json" } });
  let bytes = 0;
  for await (const chunk of (await ask(server)).body ?? [])
    if ((bytes += chunk.byteLength) > 10_000_000) break;
  expect(bytes).toBeGreaterThan(10_000_000);
});

test("several run at once and know nothing of each other", async () => {
  const [one, other] = [await start(), await start()];
  const { access_token } = (await (await ask(one)).json()) as { access_token: string };
  expect([one.verify(access_token)?.subject, other.verify(access_token)]).toEqual(["app", undefined]);
  expect([one.requests.length, other.requests.length]).toEqual([1, 0]);
});

test("nothing that it was given is changed, and nothing that it tells can change it", async () => {
  const options = Object.freeze({
    clients: Object.freeze([Object.freeze({ ...secret })]),
    scopes: Object.freeze(["a"]),
  });
  const server = await start(options);
  server.issuer.pathname = "/elsewhere";
  server.jwks.keys.length = 0;
  (server.metadata.code_challenge_methods_supported as string[]).push("plain");
  expect(server.issuer.pathname).toBe("/");
  expect(server.jwks.keys).toHaveLength(1);
  expect(server.metadata.code_challenge_methods_supported).toEqual(["S256"]);
  expect((await ask(server)).status).toBe(200);
  expect(server.secrets()).toEqual([server.issued[0]?.value, "s"]);
});

test("a path that is none is refused, and a closed server answers nothing", async () => {
  await expect(startAuthorizationServer({ path: "tenant/" })).rejects.toMatchObject({
    code: "ARGUMENT_INVALID",
  });
  const server = await start();
  await server.close();
  await expect(ask(server)).rejects.toThrow();
});
