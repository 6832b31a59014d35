// The security cases AUTH-01 to AUTH-16, as far as they concern a client.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { principalOf, type Principal } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { describe, expect, it } from "vitest";
import {
  ada,
  bob,
  call,
  callbackUrl,
  dependenciesOf,
  failure,
  grant,
  headersFor,
  pageFor,
  refusal,
  refOf,
  requestOf,
  secondProcess,
  tokenRequests,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { oauth } from "../oauth.ts";

const { keep, world } = opened();

const origins = ({ sent }: World) => new Set(sent.map(({ url }) => new URL(url).origin));

describe("AUTH-01: where a server's metadata is, and whose it is", () => {
  it.each([
    "http://10.0.0.5/.well-known/oauth-protected-resource",
    "https://elsewhere.example/.well-known/oauth-protected-resource",
    "file:///etc/passwd",
    "http://127.0.0.1:1/metadata",
    "javascript:alert(1)",
  ])("refuses the resource_metadata %s and sends nothing there", async (url) => {
    const there = await world({
      server: { alterChallenge: (parameters) => ({ ...parameters, resource_metadata: url }) },
    });
    expect((await refusal(there)).code).toMatch(/^(?:ORIGIN|ADDRESS)_REFUSED$/u);
    expect(there.sent).toEqual([]);
  });

  it.each(["https://elsewhere.example/mcp", "/mcp/other", "/mc", "#fragment", "not a URL"])(
    "refuses the metadata of the resource %s",
    async (resource) => {
      const there = await world({
        server: {
          alterMetadata: (document) => ({
            ...document,
            resource: /^[/#]/u.test(resource) ? `${there.server.url.origin}${resource}` : resource,
          }),
        },
      });
      expect((await refusal(there)).code).toBe("ORIGIN_REFUSED");
      expect(there.issuer.requests).toEqual([]);
    },
  );
});

describe("AUTH-02: which issuers a server may name", () => {
  it.each([
    "http://10.0.0.5",
    "http://169.254.169.254",
    "https://10.0.0.5",
    "https://[fd00:ec2::254]",
    "http://issuer.example",
    "https://ada:secret@issuer.example",
  ])("refuses %s before a socket opens", async (issuer) => {
    const there = await world({
      server: { alterMetadata: (document) => ({ ...document, authorization_servers: [issuer] }) },
    });
    expect((await refusal(there)).code).toBe("ADDRESS_REFUSED");
  });

  it("tries no more issuers than it should", async () => {
    const there = await world({
      server: {
        alterMetadata: (document) => ({
          ...document,
          authorization_servers: Array.from(
            { length: 100 },
            (_, at) => `${there.server.url.origin}/issuer-${at}`,
          ),
        }),
      },
    });
    expect((await refusal(there)).code).toBe("CREDENTIAL_FAILED");
    // One for the server's own metadata, and three places for each of four issuers.
    expect(there.sent).toHaveLength(1 + 3 * 4);
  });
});

describe("AUTH-03, AUTH-08: which endpoints an issuer may name", () => {
  const endpoints = [
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
  ];
  const urls = [
    "javascript:alert(1)",
    "data:text/html,hello",
    "vbscript:x",
    "file:///bin/sh",
    "http://issuer.example/x",
    'https://issuer.example/"x',
    "https://issuer.example/a b",
    "https://issuer.example/`id`",
    "https://issuer.example/\nx",
    "https://issuer.example\\@evil.example/",
    "https://ada:secret@issuer.example/",
  ];
  it.each(endpoints.flatMap((endpoint) => urls.map((url) => [endpoint, url] as const)))(
    "refuses the %s %j",
    async (endpoint, url) => {
      const there = await world({
        issuer: { alterMetadata: (document) => ({ ...document, [endpoint]: url }) },
      });
      expect((await refusal(there)).code).toBe("ADDRESS_REFUSED");
      expect(there.issuer.requests.every((request) => request.endpoint === "metadata")).toBe(true);
    },
  );

  it.each([
    "https://10.0.0.1/reboot?now=1",
    "https://169.254.169.254/latest",
    "http://localhost:631/admin?do=1",
    "http://127.0.0.2:2375/containers",
    "https://[::1]/x",
    "https://printer.local/x",
  ])("sends nobody to the authorization endpoint %s", async (url) => {
    const there = await world({
      issuer: { alterMetadata: (document) => ({ ...document, authorization_endpoint: url }) },
    });
    const error = await refusal(there);
    expect(error.code).toBe("ADDRESS_REFUSED");
    expect(error.authorizationUrl).toBeUndefined();
    expect(there.issuer.requests.every(({ endpoint }) => endpoint === "metadata")).toBe(true);
  });

  it("refuses a token endpoint on a private address when the code is redeemed", async () => {
    const there = await world({
      issuer: { alterMetadata: (document) => ({ ...document, token_endpoint: "https://10.0.0.5/token" }) },
    });
    const callback = await visit(await pageFor(there));
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("ADDRESS_REFUSED");
  });

  it("gives what a shell would make something of as an opaque URL", async () => {
    const there = await world({
      issuer: {
        alterMetadata: (document) => ({
          ...document,
          authorization_endpoint: `${there.issuer.issuer.origin}/authorize?a=$(calc)&calc`,
        }),
      },
    });
    const { authorizationUrl } = await refusal(there);
    expect(authorizationUrl).toBeInstanceOf(URL);
    expect(authorizationUrl?.origin).toBe(there.issuer.issuer.origin);
  });
});

it("AUTH-04: nothing that is configured for the server reaches its issuer", async () => {
  const there = await world();
  const ref = Object.freeze({ ...there.ref, url: `${there.server.url.href}?key=server-key` });
  const { challenge } = await call(there, {});
  const request = {
    ...requestOf({ ref }),
    context: { token: "users-own-token" },
    rejected: challenge ? { challenge } : {},
  };
  const { authorizationUrl } = await failure(there.provider.resolve(request));
  expect(authorizationUrl?.searchParams.get("resource")).toBe(there.server.url.href);
  expect(JSON.stringify([there.sent, there.issuer.requests])).not.toMatch(/server-key|users-own-token/u);
});

describe("AUTH-05: mix-up", () => {
  it("refuses metadata of another issuer", async () => {
    const there = await world({
      issuer: { alterMetadata: (document) => ({ ...document, issuer: "https://honest.example" }) },
    });
    expect((await refusal(there)).code).toBe("ORIGIN_REFUSED");
    expect(there.issuer.requests.every(({ endpoint }) => endpoint === "metadata")).toBe(true);
  });

  it("takes metadata under another name where the host says so", async () => {
    const there = await world({
      issuer: {
        alterMetadata: (document) => ({ ...document, issuer: "https://honest.example" }),
        iss: "missing",
      },
    });
    const options = { allowIssuerMismatch: true, issuer: there.issuer.issuer.origin };
    const provider = secondProcess(there, options);
    const page = await pageFor({ ...there, provider });
    const callback = await visit(page);
    callback.searchParams.set("iss", "https://honest.example");
    await provider.finishAuthorization({ callback, principal: ada });
    expect(Object.keys(await headersFor({ ...there, provider }))).toEqual(["authorization"]);
    await provider.close();
  });

  it("takes another name only of an issuer that the host has named", () => {
    expect(() => oauth({ allowIssuerMismatch: true })).toThrow("CONFIG_INVALID");
  });

  it.each(["missing", "wrong"] as const)("redeems no code where the iss is %s", async (iss) => {
    const there = await world({ issuer: { iss } });
    const callback = await visit(await pageFor(there));
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(tokenRequests(there, "authorization_code")).toBe(0);
  });

  it("compares the iss verbatim", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there));
    callback.searchParams.set("iss", `${callback.searchParams.get("iss")}/`);
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(tokenRequests(there, "authorization_code")).toBe(0);
  });

  it("repeats nothing of an error that another issuer sends", async () => {
    const there = await world();
    const state = (await pageFor(there)).searchParams.get("state") ?? "";
    const callback = new URL(callbackUrl);
    callback.search = new URLSearchParams({
      state,
      iss: "https://evil.example",
      error: "access_denied",
      error_description: "call this number",
    }).toString();
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.message).not.toMatch(/access_denied|call this number|evil/u);
  });

  it("tells what the issuer that was asked says", async () => {
    const there = await world({
      issuer: { authorize: () => ({ error: "access_denied", description: "not\u202e today" }) },
    });
    const callback = await visit(await pageFor(there));
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(error.message).toContain("access_denied");
    expect(error.message).toContain("\\u202e");
  });

  it("redeems a code at the issuer that the flow was begun at, whatever the server says by then", async () => {
    const there = await world();
    const other = await world();
    const page = await pageFor(there);
    const lies = { value: false };
    const moved = await world({
      server: {
        alterMetadata: (document) =>
          lies.value
            ? { ...document, authorization_servers: [other.issuer.issuer.origin] }
            : { ...document, authorization_servers: [there.issuer.issuer.origin] },
      },
    });
    lies.value = true;
    const callback = await visit(page);
    await there.provider.finishAuthorization({ callback, principal: ada });
    expect(tokenRequests(other, "authorization_code")).toBe(0);
    expect(tokenRequests(moved, "authorization_code")).toBe(0);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
  });
});

it("AUTH-06: a server that moves to another issuer gets another client and another grant", async () => {
  const next = await world();
  const now = { issuer: "" };
  const there = await world({
    issuer: { accessTokenTtlMs: 60_000 },
    server: {
      alterMetadata: (document) =>
        now.issuer === "" ? document : { ...document, authorization_servers: [now.issuer] },
    },
  });
  await grant(there);
  const known = there.issuer.clients.map(({ client_id }) => client_id);
  now.issuer = next.issuer.issuer.origin;
  const restarted = secondProcess(there);
  await there.clock.advance(61_000);
  const error = await failure(restarted.resolve(requestOf(there)));
  expect(error.code).toBe("AUTHORIZATION_REQUIRED");
  expect(error.authorizationUrl?.origin).toBe(next.issuer.issuer.origin);
  expect(known).not.toContain(error.authorizationUrl?.searchParams.get("client_id"));
  expect(tokenRequests(there, "refresh_token")).toBe(0);
  expect(JSON.stringify(next.issuer.requests)).not.toContain(there.issuer.secrets()[1]);
  await restarted.close();
});

it("AUTH-06: grants of an issuer that the host does not want count as none", async () => {
  const there = await world();
  await grant(there);
  const strict = secondProcess(there, { issuer: "https://honest.example" });
  expect(await strict.resolve(requestOf(there))).toBeUndefined();
  await strict.close();
});

it.each([undefined, [], ["plain"], "S256"])(
  "AUTH-07: refuses an issuer whose code_challenge_methods_supported are %j",
  async (methods) => {
    const there = await world({
      issuer: { alterMetadata: (document) => ({ ...document, code_challenge_methods_supported: methods }) },
    });
    const error = await refusal(there);
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(error.authorizationUrl).toBeUndefined();
  },
);

describe("a client's secret", () => {
  const elsewhere = {
    client_id: "app",
    redirect_uris: [callbackUrl.href],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  } as const;
  const before = { client: { id: "app", redirectUrl: callbackUrl } };
  const secretText = "secret-of-the-own-issuer";

  /** A world whose host has been without an issuer of its own so far, and the same host with one and its secret. */
  async function pinned() {
    const there = await world({ issuer: { clients: [elsewhere] }, oauth: before });
    const own = await world();
    const issuer = own.issuer.issuer.origin;
    const options = { client: { ...before.client, secret: secretText }, issuer };
    const provider = keep(secondProcess(there, options));
    const sendsIt = () =>
      there.sent.some(({ headers, body }) => {
        const basic = Buffer.from(
          (headers["authorization"] ?? "").replace("Basic ", ""),
          "base64",
        ).toString();
        return `${basic} ${body}`.includes(secretText);
      });
    return { there, provider, sendsIt };
  }

  it("goes to no issuer that gave a grant before the host had one of its own", async () => {
    const { there, provider, sendsIt } = await pinned();
    await grant(there);
    await there.clock.advance(3_700_000);
    // A grant of another issuer counts as none, and is not renewed.
    expect(await provider.resolve(requestOf(there))).toBeUndefined();
    expect((await refusal({ ...there, provider })).code).toBe("ORIGIN_REFUSED");
    expect(await provider.disconnect({ principal: ada, server: there.ref.id })).toEqual({
      removed: true,
      revoked: false,
    });
    expect(tokenRequests(there, "refresh_token")).toBe(0);
    expect(sendsIt()).toBe(false);
  });

  it("goes to no issuer at which a flow was begun before", async () => {
    const { there, provider, sendsIt } = await pinned();
    const callback = await visit(await pageFor(there), "ada");
    const error = await failure(provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(sendsIt()).toBe(false);
    expect(tokenRequests(there, "authorization_code")).toBe(0);
  });
});

describe("AUTH-09: whose state", () => {
  it("ends a flow once, however often its callback comes at the same time", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there));
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, () => there.provider.finishAuthorization({ callback, principal: ada })),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
  });

  it("tells no difference between unknown, used, too old and somebody else's", async () => {
    const there = await world();
    const messages: string[] = [];
    const finish = async (callback: URL, principal: Principal) => {
      const error = await failure(there.provider.finishAuthorization({ callback, principal }));
      expect(error.code).toBe("ARGUMENT_INVALID");
      messages.push(error.message);
    };
    const callback = await visit(await pageFor(there));
    await finish(callback, bob);
    await finish(callback, principalOf({ workspace: "other", user: "ada" }));
    await finish(new URL(`${callbackUrl.href}?state=unknown&code=x`), ada);
    await finish(new URL(`${callbackUrl.href}?code=x`), ada);
    await finish(new URL(`${callback.href}&state=another`), ada);
    await there.provider.finishAuthorization({ callback, principal: ada });
    await finish(callback, ada);
    await there.provider.disconnect({ principal: ada, server: there.ref.id });
    const late = await visit(await pageFor(there));
    await there.clock.advance(600_001);
    await finish(late, ada);
    expect(new Set(messages).size).toBe(1);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
  });

  it("binds a flow to the person, whose browser knows nothing of conversations", async () => {
    const there = await world();
    const talk = principalOf({ workspace: "acme", user: "ada", session: "talk-1" });
    const page = await pageFor(there, talk);
    expect((await pageFor(there, ada)).href).toBe(page.href);
    const callback = await visit(page);
    await there.provider.finishAuthorization({ callback, principal: ada });
    expect((await call(there, await headersFor(there, talk))).status).toBe(200);
  });

  it("cannot be finished by who reads the store", async () => {
    const there = await world();
    const page = await pageFor(there);
    expect(there.store.dump()).not.toContain(page.searchParams.get("state"));
  });
});

it("AUTH-12: no user's own token leaves with a grant", async () => {
  const there = await world();
  await grant(there);
  const request = { ...requestOf(there), context: { authorization: "Bearer inbound-token" } };
  const credential = await there.provider.resolve(request);
  const headers = await credential?.headers?.({ method: "POST", url: there.server.url });
  expect(headers?.["authorization"]?.value.reveal()).not.toContain("inbound-token");
  expect(JSON.stringify(there.sent)).not.toContain("inbound-token");
});

it("AUTH-13: two servers behind one URL have a grant each", async () => {
  const there = await world();
  await grant(there);
  const other = requestOf({ ref: refOf(there.server.url, "other") });
  expect(await there.provider.resolve(other)).toBeUndefined();
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
});

it("AUTH-13: a grant stays at its server when the definition gets another URL", async () => {
  const there = await world();
  await grant(there);
  const moved = requestOf({ ref: refOf(new URL("https://elsewhere.example/mcp")) });
  expect(await there.provider.resolve(moved)).toBeUndefined();
});

describe("AUTH-16: answers that are no answers", () => {
  const faults = [
    [
      "ten megabytes",
      { kind: "answer", status: 200, body: "x".repeat(10_000_000) },
      /LIMIT_EXCEEDED|CONNECTION_LOST/u,
    ],
    ["without end", { kind: "endless" }, /LIMIT_EXCEEDED/u],
    [
      "HTML",
      { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<p>hi" },
      /PROTOCOL_VIOLATION/u,
    ],
    ["no token", { kind: "answer", status: 200, body: '{"token_type":"bearer"}' }, /PROTOCOL_VIOLATION/u],
    [
      "a token with a line break",
      { kind: "answer", status: 200, body: '{"access_token":"a\\nb","token_type":"bearer"}' },
      /PROTOCOL_VIOLATION/u,
    ],
    [
      "a token of another type",
      { kind: "answer", status: 200, body: '{"access_token":"a","token_type":"mac"}' },
      /PROTOCOL_VIOLATION/u,
    ],
    [
      "deep nesting",
      { kind: "answer", status: 200, body: `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}` },
      /LIMIT_EXCEEDED/u,
    ],
    [
      "a redirect",
      { kind: "redirect", to: new URL("https://evil.example/") },
      /ORIGIN_REFUSED|CREDENTIAL_FAILED/u,
    ],
    ["a reset", { kind: "reset" }, /CONNECTION_LOST/u],
    ["a failure", { kind: "answer", status: 500, body: "oops" }, /CREDENTIAL_FAILED/u],
  ] as const;
  it.each(faults)("gets a typed error for a token answer of %s", async (_name, fault, code) => {
    const there = await world();
    const callback = await visit(await pageFor(there));
    there.issuer.faults.add(fault, { endpoint: "token" });
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toMatch(code);
    expect((await failure(there.provider.resolve(requestOf(there)))).code).toBe("AUTHORIZATION_REQUIRED");
  });

  it.each(["token", "metadata", "register"] as const)(
    "gives up a %s endpoint that never answers",
    async (endpoint) => {
      const there = await world();
      const callback = endpoint === "token" ? await visit(await pageFor(there)) : undefined;
      there.issuer.faults.add({ kind: "hang" }, { endpoint });
      const waiting = callback
        ? failure(there.provider.finishAuthorization({ callback, principal: ada }))
        : refusal(there);
      // The request has to be on its way before time passes.
      const arrived = () => there.issuer.requests.some((request) => request.endpoint === endpoint);
      while (!arrived()) await new Promise((resolve) => setImmediate(resolve));
      await there.clock.advance(15_000);
      // A code that may have been used is not redeemed again.
      expect(await waiting).toMatchObject({ code: "TIMEOUT", retryable: endpoint !== "token" });
    },
  );

  it("keeps a good grant where a refresh gets no answer that can be read", async () => {
    const there = await world({ issuer: { accessTokenTtlMs: 3_600_000 } });
    await grant(there);
    const before = await there.provider.resolve(requestOf(there));
    there.issuer.faults.add(
      { kind: "answer", status: 503, headers: { "retry-after": "1" } },
      { endpoint: "token" },
    );
    // Close to its end, so that it is refreshed beside the call.
    await there.clock.advance(3_590_000);
    await there.provider.resolve(requestOf(there));
    await there.clock.advance(9_500);
    expect((await there.provider.resolve(requestOf(there)))?.generation).toBe(before?.generation);
    while (tokenRequests(there, "refresh_token") === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await there.provider.resolve(requestOf(there)))?.generation).toBe(before?.generation);
  });
});

it("shares one discovery among people, and one person's abort ends nobody else's", async () => {
  const there = await world();
  const { challenge } = await call(there, {});
  const rejected = challenge ? { challenge } : {};
  const leaving = new AbortController();
  const first = there.provider.resolve({ ...requestOf(there, ada, rejected), signal: leaving.signal });
  const second = failure(there.provider.resolve(requestOf(there, bob, rejected)));
  leaving.abort(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  expect((await second).code).toBe("AUTHORIZATION_REQUIRED");
  expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "register")).toHaveLength(1);
});

it("reaches no origin but the server's and its issuer's", async () => {
  const there = await world();
  await grant(there);
  expect(origins(there)).toEqual(new Set([there.server.url.origin, there.issuer.issuer.origin]));
});

it("takes a server of 2025-03-26, which has no metadata, as its own issuer", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader("content-type", "application/json");
    if (request.url === "/register") return response.writeHead(201).end('{"client_id":"registered"}');
    if (request.url === "/token") return response.end('{"access_token":"given","token_type":"Bearer"}');
    return response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const egress = createEgress({ allow: ["127.0.0.1"] });
  const there = await world();
  keep({ [Symbol.asyncDispose]: () => egress.close() });
  keep({ [Symbol.asyncDispose]: async () => void server.close() });
  const provider = oauth().bind(
    dependenciesOf({ fetch: egress.fetch, clock: there.clock, store: there.store }),
  );
  const ref = refOf(url, "old");
  const { authorizationUrl } = await failure(provider.resolve(requestOf({ ref }, ada, {})));
  expect(authorizationUrl?.pathname).toBe("/authorize");
  expect(authorizationUrl?.searchParams.get("resource")).toBe(url.href);
  const callback = new URL(authorizationUrl?.searchParams.get("redirect_uri") ?? "");
  callback.search = `?state=${authorizationUrl?.searchParams.get("state")}&code=code`;
  await provider.finishAuthorization({ callback, principal: ada });
  const credential = await provider.resolve(requestOf({ ref }));
  expect((await credential?.headers?.({ method: "POST", url }))?.["authorization"]?.value.reveal()).toBe(
    "Bearer given",
  );
  expect(asked).toEqual([
    "GET /.well-known/oauth-protected-resource/mcp",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/openid-configuration",
    "POST /register",
    "POST /token",
  ]);
});
