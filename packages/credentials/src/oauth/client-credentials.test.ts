import { generateKeyPairSync } from "node:crypto";
import { principalOf, scopeOf, secret } from "@tenantry/core";
import { fromContext } from "../sources.ts";
import { describe, expect, it } from "vitest";
import {
  ada,
  bob,
  callbackUrl,
  failure,
  grant,
  headersFor,
  call,
  requestOf,
  tokenRequests,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { tokenExchange } from "../enterprise.ts";
import { clientCredentials, oauth } from "../oauth.ts";

const { world } = opened();

const confidential = (method: "client_secret_basic" | "client_secret_post") => ({
  client_id: "a-host:with odd/characters",
  client_secret: "secret-of.the~host+&=%",
  redirect_uris: [callbackUrl.href],
  token_endpoint_auth_method: method,
});

describe("clientCredentials()", () => {
  it.each(["client_secret_basic", "client_secret_post"] as const)(
    "gets one token for everybody by %s",
    async (method) => {
      const client = confidential(method);
      const there = await world({ issuer: { clients: [client], accessTokenTtlMs: 3_600_000 } });
      const provider = clientCredentials({
        id: client.client_id,
        secret: client.client_secret,
        issuer: there.issuer.issuer.origin,
        authMethod: method,
      }).bind(there.dependencies);
      const all = await Promise.all(
        [scopeOf(ada, "user"), scopeOf(bob, "workspace"), scopeOf(bob, "everyone")].map(async (scope) =>
          provider.resolve({ ...requestOf(there), scope }),
        ),
      );
      expect(new Set(all).size).toBe(1);
      expect(provider.resolve(requestOf(there))).toBe(all[0]);
      expect(tokenRequests(there, "client_credentials")).toBe(1);
      const value = (await all[0]?.headers?.({ method: "POST", url: there.server.url }))?.["authorization"]
        ?.value;
      expect((await call(there, { authorization: value?.reveal() ?? "" })).status).toBe(200);
    },
  );

  it("gets another token after a refusal and before the end of the first, and keeps its subject", async () => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client], accessTokenTtlMs: 600_000 } });
    const provider = clientCredentials({
      id: client.client_id,
      secret: secret(client.client_secret),
      issuer: there.issuer.issuer.origin,
    }).bind(there.dependencies);
    const first = await provider.resolve(requestOf(there));
    const second = await provider.resolve(requestOf(there, ada, { generation: first?.generation ?? "" }));
    expect(second?.subject).toBe(first?.subject);
    expect(second?.generation).not.toBe(first?.generation);
    await there.clock.advance(580_000);
    const third = await provider.resolve(requestOf(there));
    expect(third?.generation).not.toBe(second?.generation);
  });

  it("asks its issuer a few times only, where the server refuses every token", async () => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client] } });
    const { client_id: id, client_secret: text } = client;
    const provider = clientCredentials({ id, secret: text, issuer: there.issuer.issuer.origin }).bind(
      there.dependencies,
    );
    const refuse = async () => {
      const credential = await provider.resolve(requestOf(there));
      return provider.resolve(requestOf(there, ada, { generation: credential?.generation ?? "" }));
    };
    for (let calls = 0; calls < 4; calls++) expect(await refuse()).toHaveProperty("generation");
    for (let calls = 0; calls < 50; calls++)
      expect(await failure(refuse())).toMatchObject({
        code: "UNAUTHORIZED",
        retryable: true,
        retryAfterMs: 60_000,
      });
    expect(tokenRequests(there, "client_credentials")).toBe(5);
    await there.clock.advance(60_000);
    expect(await refuse()).toHaveProperty("generation");
    expect(await failure(refuse())).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it.each([429, 503])("leaves an issuer alone that has asked for it with HTTP %i", async (status) => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client] } });
    const { client_id: id, client_secret: text } = client;
    const provider = clientCredentials({ id, secret: text, issuer: there.issuer.issuer.origin }).bind(
      there.dependencies,
    );
    const headers = { "retry-after": "60" };
    there.issuer.faults.add({ kind: "answer", status, headers }, { endpoint: "token", times: 1 });
    const refused = { code: "CREDENTIAL_FAILED", retryable: true, status };
    expect(await failure(provider.resolve(requestOf(there)))).toMatchObject({
      ...refused,
      retryAfterMs: 60_000,
    });
    await there.clock.advance(59_999);
    for (let calls = 0; calls < 20; calls++)
      expect(await failure(provider.resolve(requestOf(there)))).toMatchObject({
        ...refused,
        retryAfterMs: 1,
      });
    expect(tokenRequests(there, "client_credentials")).toBe(1);
    await there.clock.advance(1);
    expect(await provider.resolve(requestOf(there))).toBeDefined();
  });

  it.each([
    ["is refused by its issuer", { kind: "answer", status: 429, headers: { "retry-after": "300" } }],
    ["does not come", { kind: "reset" }],
  ] as const)(
    "gives everybody else the token on that one is refused with, where another %s",
    async (_how, fault) => {
      const client = confidential("client_secret_basic");
      const there = await world({ issuer: { clients: [client], accessTokenTtlMs: 3_600_000 } });
      const { client_id: id, client_secret: text } = client;
      const issuer = there.issuer.issuer.origin;
      const provider = clientCredentials({ id, secret: text, issuer }).bind(there.dependencies);
      const token = await provider.resolve(requestOf(there));
      const rejected = { generation: token?.generation ?? "" };
      there.issuer.faults.add(fault, { endpoint: "token" });
      for (let calls = 0; calls < 20; calls++) {
        const refused = Promise.all(
          [1, 2, 3].map(async () => provider.resolve(requestOf(there, ada, rejected))),
        );
        expect(await provider.resolve(requestOf(there, bob))).toBe(token);
        await failure(refused);
        expect(await provider.resolve(requestOf(there, bob))).toBe(token);
      }
      const sent = there.issuer.requests.filter(({ endpoint }) => endpoint === "token");
      expect(sent).toHaveLength(1 + (fault.kind === "reset" ? 4 : 1));
      there.issuer.faults.clear();
      await there.clock.advance(300_000);
      const others = await Promise.all(
        [1, 2, 3].map(async () => provider.resolve(requestOf(there, ada, rejected))),
      );
      expect(new Set(others).size).toBe(1);
      expect(await provider.resolve(requestOf(there, bob))).toBe(others[0]);
      expect(others[0]).not.toBe(token);
    },
  );

  it("keeps a token that may do too little: another one would be no better", async () => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client] } });
    const provider = clientCredentials({
      id: client.client_id,
      secret: client.client_secret,
      issuer: there.issuer.issuer.origin,
    }).bind(there.dependencies);
    const first = await provider.resolve(requestOf(there));
    const challenge = { scheme: "Bearer", parameters: { error: "insufficient_scope", scope: "more" } };
    expect(
      await provider.resolve(requestOf(there, ada, { generation: first?.generation ?? "", challenge })),
    ).toBe(first);
  });

  it("fails for good where its secret is wrong, and shows it nowhere", async () => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client] } });
    const provider = clientCredentials({
      id: client.client_id,
      secret: "a-wrong-secret",
      issuer: there.issuer.issuer.origin,
    }).bind(there.dependencies);
    const error = await failure(provider.resolve(requestOf(there)));
    expect(error).toMatchObject({ code: "CREDENTIAL_FAILED", retryable: false });
    expect(JSON.stringify([error, error.message])).not.toContain("a-wrong-secret");
  });

  it("is told what it lacks", () => {
    expect(() => clientCredentials({ id: "x" })).toThrow(/secret or a private key/u);
    expect(() => clientCredentials({ id: "x", secret: "y" })).toThrow(/issuer/u);
  });
});

it("signs with its private key, at the token endpoint and for its issuer alone", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = await crypto.subtle.importKey(
    "pkcs8",
    privateKey.export({ format: "der", type: "pkcs8" }),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "ES256" };
  const there = await world({
    issuer: {
      clients: [
        {
          client_id: "signer",
          redirect_uris: [callbackUrl.href],
          token_endpoint_auth_method: "private_key_jwt",
          jwks: { keys: [jwk] },
        },
      ],
    },
    oauth: { client: { id: "signer", privateKey: { key, kid: "k1" }, redirectUrl: callbackUrl } },
  });
  await grant(there);
  expect((await call(there, await headersFor(there))).status).toBe(200);
});

it("uses the client that was registered by hand, with its secret", async () => {
  const client = confidential("client_secret_basic");
  const there = await world({ issuer: { clients: [client] } });
  const provider = oauth({
    client: { id: client.client_id, secret: client.client_secret, redirectUrl: callbackUrl },
    issuer: there.issuer.issuer.origin,
  }).bind(there.dependencies);
  await grant({ ...there, provider });
  expect(there.issuer.requests.some(({ endpoint }) => endpoint === "register")).toBe(false);
  expect((await call(there, await headersFor({ ...there, provider }))).status).toBe(200);
  await provider.close();
});

it("refuses the client of another issuer where the server has moved", async () => {
  const there = await world();
  const provider = oauth({ client: { id: "x", secret: "y" }, issuer: "https://honest.example" }).bind(
    there.dependencies,
  );
  const { challenge } = await call(there, {});
  const error = await failure(provider.resolve(requestOf(there, ada, challenge ? { challenge } : {})));
  expect(error.code).toBe("ORIGIN_REFUSED");
  expect(there.issuer.requests).toEqual([]);
  await provider.close();
});

describe("tokenExchange()", () => {
  it("gives each user what was got for that user's own token, and nobody what was got for another", async () => {
    const client = confidential("client_secret_basic");
    const there = await world({ issuer: { clients: [client] } });
    const asked = new Map<string, number>();
    const fetch: typeof there.dependencies.fetch = async (input, init) => {
      const form = new URLSearchParams(typeof init?.body === "string" ? init.body : "");
      const subject = form.get("subject_token");
      if (subject === null) return there.dependencies.fetch(input, init);
      asked.set(subject, (asked.get(subject) ?? 0) + 1);
      return Response.json({
        access_token: `exchanged-for-${subject}`,
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 600,
      });
    };
    const provider = tokenExchange({
      client: { id: client.client_id, secret: client.client_secret },
      issuer: there.issuer.issuer.origin,
      subjectToken: fromContext("token"),
    }).bind({ ...there.dependencies, fetch });
    const tokenOf = async (user: string, token?: string) => {
      const scope = scopeOf(principalOf({ workspace: "acme", user }), "user");
      const credential = await provider.resolve({
        ...requestOf(there),
        scope,
        context: { ...(token && { token }) },
      });
      return (await credential?.headers?.({ method: "POST", url: there.server.url }))?.[
        "authorization"
      ]?.value.reveal();
    };
    const [first, same, second] = await Promise.all([
      tokenOf("ada", "a1"),
      tokenOf("ada", "a1"),
      tokenOf("bob", "b1"),
    ]);
    expect([first, same, second]).toEqual([
      "Bearer exchanged-for-a1",
      "Bearer exchanged-for-a1",
      "Bearer exchanged-for-b1",
    ]);
    expect(await tokenOf("ada", "a1")).toBe("Bearer exchanged-for-a1");
    expect(asked).toEqual(
      new Map([
        ["a1", 1],
        ["b1", 1],
      ]),
    );
    // Another token of the same user, or none, is not answered with what there is.
    expect(await tokenOf("ada", "a2")).toBe("Bearer exchanged-for-a2");
    expect((await failure(tokenOf("ada"))).code).toBe("CREDENTIAL_MISSING");
    await there.clock.advance(600_000);
    await tokenOf("bob", "b1");
    expect(asked.get("b1")).toBe(2);
  });
});
