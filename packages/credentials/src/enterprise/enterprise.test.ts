import { createHash } from "node:crypto";
import { scopeOf } from "@tenantry/core";
import { manualClock } from "@tenantry/testing";
import { startAuthorizationServer, type AuthorizationServer } from "@tenantry/testing/oauth";
import { describe, expect, it } from "vitest";
import {
  ada,
  bob,
  call,
  callbackUrl,
  failure,
  requestOf,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { enterpriseManaged, tokenExchange, workloadIdentity } from "../enterprise.ts";
import { fromFunction } from "../from-function.ts";
import { fromContext } from "../sources.ts";

const { keep, world } = opened();

const host = {
  client_id: "the-host",
  client_secret: "secret-of-the-host",
  redirect_uris: [callbackUrl.href],
  token_endpoint_auth_method: "client_secret_basic",
} as const;

/** An identity provider that vouches for whoever brings a token of its own, and a server whose issuer trusts it. */
async function enterprise() {
  const provider = keep(await startAuthorizationServer({ clients: [host], clock: manualClock() }));
  const there = await world({ issuer: { clients: [host], trustedIssuers: [provider] } });
  const client = { id: host.client_id, secret: host.client_secret };
  const source = enterpriseManaged({
    identityProvider: { issuer: provider.issuer.origin, client },
    idToken: fromContext("idToken"),
    client,
    issuer: there.issuer.issuer.origin,
  });
  return { provider, there, source: source.bind(there.dependencies) };
}

/** Signs ada in at the identity provider, as the host does in a browser, and gives her ID token. */
async function signIn({ metadata }: AuthorizationServer): Promise<string> {
  const verifier = "v".repeat(43);
  const page = new URL(metadata.authorization_endpoint);
  page.search = new URLSearchParams({
    response_type: "code",
    client_id: host.client_id,
    redirect_uri: callbackUrl.href,
    scope: "openid",
    state: "state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const code = (await visit(page, "ada")).searchParams.get("code") ?? "";
  const response = await fetch(metadata.token_endpoint, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${host.client_id}:${host.client_secret}`)}` },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      redirect_uri: callbackUrl.href,
    }),
  });
  return ((await response.json()) as { readonly id_token: string }).id_token;
}

async function sentBy(there: World, credential: Awaited<ReturnType<World["provider"]["resolve"]>>) {
  const headers = (await credential?.headers?.({ method: "POST", url: there.server.url })) ?? {};
  return { authorization: headers["authorization"]?.value.reveal() ?? "" };
}

describe("enterpriseManaged()", () => {
  it("fails for whoever has no ID token, before any request", async () => {
    const { there, source, provider } = await enterprise();
    expect((await failure((async () => source.resolve(requestOf(there)))())).code).toBe("CREDENTIAL_MISSING");
    const shared = { ...requestOf(there), scope: scopeOf(ada, "workspace"), context: { idToken: "x" } };
    expect((await failure((async () => source.resolve(shared))())).code).toBe("CREDENTIAL_MISSING");
    expect(provider.requests).toEqual([]);
    expect(there.sent).toEqual([]);
  });

  it("tells what the identity provider says of a token that it does not know, and asks nobody else", async () => {
    const { there, source } = await enterprise();
    const request = { ...requestOf(there), context: { idToken: "forged-token" } };
    const error = await failure(source.resolve(request));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(JSON.stringify([error, error.message])).not.toContain("forged-token");
    expect(there.issuer.requests.every(({ endpoint }) => endpoint === "metadata")).toBe(true);
  });
});

describe("workloadIdentity()", () => {
  it("shows the platform's assertion once for everybody, and reads it anew for the next token", async () => {
    const { there } = await enterprise();
    const read: string[] = [];
    const fetch: typeof there.dependencies.fetch = async (input, init) => {
      const form = new URLSearchParams(typeof init?.body === "string" ? init.body : "");
      const assertion = form.get("assertion");
      if (assertion === null) return there.dependencies.fetch(input, init);
      return Response.json({ access_token: `for-${assertion}`, token_type: "Bearer", expires_in: 600 });
    };
    const source = workloadIdentity({
      issuer: there.issuer.issuer.origin,
      client: { id: "workload" },
      assertion: fromFunction(() => `assertion-${read.push("")}`),
    }).bind({ ...there.dependencies, fetch });
    const [adas, bobs] = await Promise.all([
      source.resolve(requestOf(there, ada)),
      source.resolve(requestOf(there, bob)),
    ]);
    expect(adas).toBe(bobs);
    expect(await sentBy(there, adas)).toEqual({ authorization: "Bearer for-assertion-1" });
    const next = await source.resolve(requestOf(there, ada, { generation: adas?.generation ?? "" }));
    expect(await sentBy(there, next)).toEqual({ authorization: "Bearer for-assertion-2" });
    expect(next?.subject).toBe(adas?.subject);
  });

  it("says so where there is no assertion", async () => {
    const { there } = await enterprise();
    const source = workloadIdentity({
      issuer: there.issuer.issuer.origin,
      client: { id: "workload" },
      assertion: fromFunction(() => undefined),
    });
    expect((await failure(source.bind(there.dependencies).resolve(requestOf(there)))).code).toBe(
      "CREDENTIAL_MISSING",
    );
  });
});

it("is given a token by the server's issuer for what the identity provider vouches for", async () => {
  const { there, source, provider } = await enterprise();
  const idToken = await signIn(provider);
  const credential = await source.resolve({ ...requestOf(there), context: { idToken } });
  expect((await call(there, await sentBy(there, credential))).status).toBe(200);
  expect(await source.resolve({ ...requestOf(there), context: { idToken } })).toBe(credential);
  expect(JSON.stringify(there.issuer.requests)).not.toContain(idToken);
});

describe("two subject tokens of one user", () => {
  it("get a credential and a subject each, and neither takes the other's away", async () => {
    const there = await world();
    let exchanges = 0;
    const fetch: typeof there.dependencies.fetch = async (input, init) => {
      const form = new URLSearchParams(typeof init?.body === "string" ? init.body : "");
      const subject = form.get("subject_token");
      if (subject === null) return there.dependencies.fetch(input, init);
      exchanges++;
      return Response.json({
        access_token: `for-${subject}`,
        token_type: "Bearer",
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        expires_in: 600,
      });
    };
    const source = tokenExchange({
      issuer: there.issuer.issuer.origin,
      client: { id: "host", secret: "secret-of-the-host" },
      subjectToken: fromContext("token"),
    }).bind({ ...there.dependencies, fetch });
    const tokens = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? "admin" : "reader"));
    const all = await Promise.all(
      tokens.map(async (token) => source.resolve({ ...requestOf(there), context: { token } })),
    );
    for (const [index, credential] of all.entries())
      expect(await sentBy(there, credential)).toEqual({ authorization: `Bearer for-${tokens[index]}` });
    expect(new Set(all.map((credential) => credential?.subject)).size).toBe(2);
    expect(exchanges).toBe(2);
    // At once, where it is at hand.
    expect(source.resolve({ ...requestOf(there), context: { token: "reader" } })).toBe(all[1]);
    expect(exchanges).toBe(2);
  });
});

it("hands nothing over to an issuer that the host has not named", () => {
  const client = { id: "host" };
  // As JavaScript may call it.
  const nowhere = { issuer: undefined as unknown as string };
  const assertion = fromContext("token");
  expect(() => workloadIdentity({ ...nowhere, client, assertion })).toThrow("CONFIG_INVALID");
  expect(() => tokenExchange({ ...nowhere, client, subjectToken: assertion })).toThrow("CONFIG_INVALID");
  const identityProvider = { issuer: "https://login.example", client };
  expect(() =>
    enterpriseManaged({ identityProvider, idToken: assertion, client, allowIssuerMismatch: true }),
  ).toThrow("CONFIG_INVALID");
});
