import { inspect } from "node:util";
import {
  secret,
  TenantryError,
  type Connection,
  type Credential,
  type HttpEndpoint,
  type Origin,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import {
  manualClock,
  startFakeServer,
  type FakeServer,
  type FakeServerOptions,
  type RecordedRequest,
} from "@tenantry/testing";
import { onTestFinished, test as it, expect, vi } from "vitest";
import { createConnector, type ConnectorOptions } from "../index.ts";

type Open = Omit<Partial<HttpEndpoint>, "url">;

async function serve(options: FakeServerOptions = {}): Promise<FakeServer> {
  const server = await startFakeServer(options);
  onTestFinished(() => server.close());
  return server;
}

function connectorFor(options: Partial<ConnectorOptions> = {}) {
  const egress = createEgress();
  onTestFinished(() => egress.close());
  return createConnector({ egress, ...options });
}

function endpointOf(url: URL, more: Open = {}): HttpEndpoint {
  return Object.freeze({ kind: "http", url, provenance: "code", headers: Object.freeze({}), ...more });
}

function open(
  server: FakeServer,
  more: Open = {},
  credential?: Credential,
  options: Partial<ConnectorOptions> = {},
) {
  return kept(connectorFor(options).open(endpointOf(server.url, more), credential, {}));
}

async function kept(opening: Promise<Connection>): Promise<Connection> {
  const connection = await opening;
  onTestFinished(() => connection.close());
  return connection;
}

function bearer(token: string, origin: string, more: Partial<Credential> = {}): Credential {
  return {
    subject: "ada",
    generation: "1",
    origins: [origin as Origin],
    headers: () => ({ authorization: { value: secret(`Bearer ${token}`), replaces: false } }),
    ...more,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<TenantryError> {
  const failure: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TenantryError);
  return failure as TenantryError;
}

const said = (requests: readonly RecordedRequest[]) => requests.map(({ method, rpc }) => rpc ?? method);
const echo = (connection: Connection, text: string) =>
  connection.request("tools/call", { name: "echo", arguments: { text } });

it("speaks to a known legacy server with one handshake and one session", async () => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  expect(await echo(connection, "hi")).toMatchObject({ content: [{ type: "text", text: "hi" }] });
  expect(said(server.requests)).toEqual(["initialize", "notifications/initialized", "tools/call"]);
  const [first, ...rest] = server.requests;
  expect(first?.sessionId).toBeUndefined();
  const ids = new Set(rest.map(({ sessionId }) => sessionId));
  expect([...ids]).toEqual([...server.sessions.keys()]);
  expect(rest.at(-1)?.headers["mcp-protocol-version"]).toBe("2025-11-25");
  expect(connection).toMatchObject({
    era: "legacy",
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
  });
  expect(connection.serverInfo?.name).toBeTypeOf("string");
});

it("speaks to a known modern server without any handshake and with the routing headers", async () => {
  const server = await serve({ era: "modern" });
  const connection = await open(server, { era: "modern" });
  expect(server.requests).toEqual([]);
  expect(await echo(connection, "hi")).toMatchObject({ content: [{ type: "text", text: "hi" }] });
  expect(said(server.requests)).toEqual(["tools/call"]);
  const [call] = server.requests;
  expect(call?.headers).toMatchObject({
    "mcp-method": "tools/call",
    "mcp-name": "echo",
    "mcp-protocol-version": "2026-07-28",
  });
  expect(call?.sessionId).toBeUndefined();
  const body = call?.body as { params: { _meta: Record<string, unknown> } };
  expect(body.params._meta["io.modelcontextprotocol/protocolVersion"]).toBe("2026-07-28");
  expect(body.params._meta["io.modelcontextprotocol/clientInfo"]).toMatchObject({ name: "tenantry" });
});

const counted = (server: FakeServer, what: string) =>
  said(server.requests).filter((one) => one === what).length;

it("asks an unknown server both questions at once, once for the whole connector", async () => {
  const modern = await serve({ era: "modern" });
  const connector = connectorFor();
  expect((await kept(connector.open(endpointOf(modern.url), undefined, {}))).era).toBe("modern");
  await kept(connector.open(endpointOf(modern.url), undefined, {}));
  await vi.waitFor(() => expect(said(modern.requests).sort()).toEqual(["initialize", "server/discover"]));

  const legacy = await serve({ era: "legacy" });
  expect((await kept(connector.open(endpointOf(legacy.url), undefined, {}))).era).toBe("legacy");
  await kept(connector.open(endpointOf(legacy.url), undefined, {}));
  expect(counted(legacy, "server/discover")).toBe(1);
  expect(counted(legacy, "initialize")).toBe(2);
});

it("speaks the modern era to a server of both, and gives the session back that it did not need", async () => {
  const server = await serve({ era: "dual" });
  const connection = await open(server);
  expect(connection.era).toBe("modern");
  await connection.close();
  expect(counted(server, "initialize")).toBe(1);
  expect(counted(server, "notifications/initialized")).toBe(0);
  expect(server.endedSessions).toBe(1);
  expect(server.sessions.size).toBe(0);
});

it("speaks the legacy era where the question is in trouble, and asks it again the next time", async () => {
  const server = await serve({ era: "legacy" });
  server.faults.add({ kind: "answer", status: 503 }, { rpc: "server/discover" });
  const connector = connectorFor();
  expect((await kept(connector.open(endpointOf(server.url), undefined, {}))).era).toBe("legacy");
  await kept(connector.open(endpointOf(server.url), undefined, {}));
  expect(counted(server, "server/discover")).toBe(2);
});

it("does not wait for a question that a legacy server leaves unanswered", async () => {
  const clock = manualClock();
  const server = await serve({ era: "legacy" });
  server.faults.add({ kind: "hang" }, { rpc: "server/discover" });
  const opening = kept(connectorFor({ clock }).open(endpointOf(server.url), undefined, {}));
  await vi.waitFor(() => expect(server.sessions.size).toBe(1));
  await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(1));
  await clock.advance(1_000);
  expect((await opening).era).toBe("legacy");
});

it("keeps what a server told one user from the next", async () => {
  const server = await serve({ era: "modern" });
  const connector = connectorFor();
  const asked = await kept(connector.open(endpointOf(server.url), undefined, {}));
  const assumed = await kept(connector.open(endpointOf(server.url), undefined, {}));
  expect(asked.serverInfo).toBeDefined();
  expect(assumed.serverInfo).toBeUndefined();
  expect(assumed.capabilities).toEqual({ tools: {}, resources: {}, prompts: {}, completions: {} });
});

it.for([401, 403, 500, 503])(
  "takes HTTP %i on the question for trouble, not for a legacy server",
  async (status) => {
    const server = await serve();
    server.faults.add({ kind: "answer", status });
    const failure = await failureOf(open(server));
    expect(failure.code).toBe(status < 500 ? "UNAUTHORIZED" : "SERVER_UNAVAILABLE");
    expect(said(server.requests).sort()).toEqual(["initialize", "server/discover"]);
    expect(server.sessions.size).toBe(0);
  },
);

it.for([
  { status: 400, body: "Bad Request" },
  { status: 404 },
  { status: 405 },
  { status: 200, body: "<html>", headers: { "content-type": "text/html" } },
  { status: 200, body: "{}", headers: { "content-type": "application/json" } },
  { status: 200, body: "", headers: { "content-type": "text/event-stream" } },
])("takes the answer $status $body to the question for a legacy server", async (answer) => {
  const server = await serve({ era: "legacy" });
  server.faults.add({ kind: "answer", ...answer }, { rpc: "server/discover" });
  expect((await open(server)).era).toBe("legacy");
});

const bare = { kind: "answer", status: 400, body: "Bad Request: Server not initialized" } as const;
const questions = ({ requests }: FakeServer) => said(requests).filter((rpc) => rpc === "server/discover");

it("asks anew where a remembered server answers its first list as one of another era", async () => {
  // What is not known by its id is the one call that there is: ids are one connector's, and not a test's to know.
  const invalid = { jsonrpc: "2.0", error: { code: -32600, message: "Invalid request" } };
  const json = { "content-type": "application/json" };
  for (const answer of [bare, { kind: "answer", status: 200, headers: json } as const]) {
    const server = await serve({ era: "dual" });
    const connector = connectorFor();
    const endpoint = endpointOf(server.url);
    await kept(connector.open(endpoint, undefined, {}));
    const assumed = await kept(connector.open(endpoint, undefined, {}));
    const body = answer === bare ? bare.body : JSON.stringify({ ...invalid, id: null });
    server.faults.add({ ...answer, body }, { rpc: "tools/list", times: 1 });
    expect(await failureOf(assumed.request("tools/list", {}))).toMatchObject({
      code: "HANDSHAKE_FAILED",
      recover: "reconnect",
      delivery: "refused",
    });
    expect(questions(server)).toHaveLength(1);
    await kept(connector.open(endpoint, undefined, {}));
    expect(questions(server)).toHaveLength(2);
  }
});

it.for([400, 404, 405])("never takes a tool for unread because of a bare HTTP %i", async (status) => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  const endpoint = endpointOf(server.url);
  const asked = await kept(connector.open(endpoint, undefined, {}));
  const assumed = await kept(connector.open(endpoint, undefined, {}));
  server.faults.add({ kind: "answer", status, body: "no" });
  const expected = { code: "SERVER_ERROR", delivery: "unknown", recover: "reconnect", status };
  expect(await failureOf(echo(asked, "hi"))).toMatchObject(expected);
  expect(questions(server)).toHaveLength(1);
  expect(await failureOf(echo(assumed, "hi"))).toMatchObject(expected);
  server.faults.clear();
  await kept(connector.open(endpoint, undefined, {}));
  expect(questions(server)).toHaveLength(2);
});

it("believes a refusal once the server has answered as a modern one", async () => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  const endpoint = endpointOf(server.url);
  await kept(connector.open(endpoint, undefined, {}));
  const assumed = await kept(connector.open(endpoint, undefined, {}));
  await echo(assumed, "hi");
  server.faults.add(bare, { rpc: "tools/list" });
  expect(await failureOf(assumed.request("tools/list", {}))).toMatchObject({
    code: "SERVER_ERROR",
    delivery: "answered",
    status: 400,
  });
  await kept(connector.open(endpoint, undefined, {}));
  expect(questions(server)).toHaveLength(1);
});

it("takes a refused revision for unread, a tool's call included", async () => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  const endpoint = endpointOf(server.url);
  const connection = await kept(connector.open(endpoint, undefined, {}));
  await echo(connection, "hi");
  const error = { code: -32022, message: "Unsupported", data: { supported: ["2025-11-25"] } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: null, error });
  const headers = { "content-type": "application/json" };
  server.faults.add({ kind: "answer", status: 400, body, headers }, { rpc: "tools/call", times: 1 });
  expect(await failureOf(echo(connection, "hi"))).toMatchObject({
    code: "HANDSHAKE_FAILED",
    recover: "reconnect",
    delivery: "refused",
  });
  await kept(connector.open(endpoint, undefined, {}));
  expect(questions(server)).toHaveLength(2);
});

it.for([
  { status: 400, anew: true },
  { status: 404, anew: true },
  { status: 401, anew: false },
  { status: 403, anew: false },
  { status: 503, anew: false },
])("asks anew where a remembered legacy server answers initialize with $status: $anew", async (one) => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  server.faults.add({ kind: "answer", status: 404 }, { rpc: "server/discover", times: 1 });
  expect((await kept(connector.open(endpointOf(server.url), undefined, {}))).era).toBe("legacy");
  server.faults.add({ kind: "answer", status: one.status }, { rpc: "initialize" });
  const opening = connector.open(endpointOf(server.url), undefined, {});
  if (one.anew) expect((await kept(opening)).era).toBe("modern");
  else await failureOf(opening);
  expect(questions(server)).toHaveLength(one.anew ? 2 : 1);
});

it("does not carry the era of one definition over to another of the same url", async () => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  const of = (tenant: string) => endpointOf(server.url, { headers: { "x-tenant": tenant } });
  server.faults.add({ kind: "answer", status: 404 }, { rpc: "server/discover", times: 1 });
  expect((await kept(connector.open(of("a"), undefined, {}))).era).toBe("legacy");
  expect((await kept(connector.open(of("b"), undefined, {}))).era).toBe("modern");
  expect((await kept(connector.open(of("a"), undefined, {}))).era).toBe("legacy");
  expect(questions(server)).toHaveLength(2);
});

it("asks anew where a server that was legacy refuses to be initialised", async () => {
  const server = await serve({ era: "dual" });
  const connector = connectorFor();
  server.faults.add({ kind: "answer", status: 404 }, { rpc: "server/discover", times: 1 });
  expect((await kept(connector.open(endpointOf(server.url), undefined, {}))).era).toBe("legacy");
  const error = {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32022, message: "Unsupported", data: { supported: ["2026-07-28"] } },
  };
  const body = JSON.stringify(error);
  server.faults.add(
    { kind: "answer", status: 400, body, headers: { "content-type": "application/json" } },
    { rpc: "initialize" },
  );
  expect((await kept(connector.open(endpointOf(server.url), undefined, {}))).era).toBe("modern");
});

it("questions a legacy verdict after its time", async () => {
  const clock = manualClock();
  const server = await serve({ era: "legacy" });
  const connector = connectorFor({ clock, limits: { eraVerdictTtlMs: 1_000 } });
  await kept(connector.open(endpointOf(server.url), undefined, {}));
  await clock.advance(1_000);
  await kept(connector.open(endpointOf(server.url), undefined, {}));
  expect(said(server.requests).filter((rpc) => rpc === "server/discover")).toHaveLength(2);
});

it.for(["json", "sse"] as const)("reads answers as %s in both eras", async (responseMode) => {
  for (const era of ["legacy", "modern"] as const) {
    const server = await serve({ era, responseMode });
    const connection = await open(server, { era });
    const { tools } = await connection.request("tools/list", {});
    expect(tools.map(({ name }) => name)).toContain("whoami");
    expect(await echo(connection, "ä€😀")).toMatchObject({ content: [{ text: "ä€😀" }] });
  }
});

it.for(["legacy", "modern"] as const)(
  "sends the credential of the moment, and one value for each header (%s)",
  async (era) => {
    const server = await serve({
      era,
      authenticate: { header: "x-api-key", keys: { "key-of-ada": "ada", "new-of-ada": "ada" } },
    });
    const key = (value: string, generation: string, replaces = true): Credential => ({
      subject: "ada",
      generation,
      origins: [server.url.origin as Origin],
      headers: () => ({
        "x-api-key": { value: secret(value), replaces },
        "x-team": { value: secret("credential"), replaces: false },
      }),
    });
    const headers = { "X-Api-Key": "of-the-definition", "x-team": "definition" };
    const connection = await open(server, { era, headers }, key("key-of-ada", "1"));
    await echo(connection, "hi");
    expect(server.requests.at(-1)?.headers).toMatchObject({
      "x-api-key": "key-of-ada",
      "x-team": "definition",
    });
    expect(connection.adopt(key("new-of-ada", "2"))).toBe(true);
    await echo(connection, "hi");
    expect(server.requests.at(-1)?.headers["x-api-key"]).toBe("new-of-ada");
    const current: { subject: string } & Credential = key("new-of-ada", "2");
    expect(connection.adopt(current)).toBe(true);
    expect(connection.adopt({ ...key("x", "3"), subject: "grace" })).toBe(false);
    current.subject = "grace";
    expect([connection.adopt(current), connection.subject]).toEqual([false, "ada"]);
    await echo(connection, "hi");
    expect(server.requests.at(-1)?.headers["x-api-key"]).toBe("new-of-ada");
  },
);

it("asks the credential for headers at every request, the last one included", async () => {
  const server = await serve({ era: "legacy" });
  const asked: string[] = [];
  const credential = bearer("token", server.url.origin, {
    headers: async ({ method, url }) => {
      asked.push(`${method} ${url.pathname}`);
      return { dpop: { value: secret(`proof-${asked.length}`), replaces: false } };
    },
  });
  const connection = await open(server, { era: "legacy" }, credential);
  await connection.close();
  expect(asked).toEqual(["POST /mcp", "POST /mcp", "DELETE /mcp"]);
  expect(server.requests.map(({ headers }) => headers.dpop)).toEqual(["proof-1", "proof-2", "proof-3"]);
});

it("sends nothing where the credential is bound elsewhere", async () => {
  const server = await serve();
  const failure = await failureOf(open(server, {}, bearer("token", "https://other.example")));
  expect(failure.code).toBe("ORIGIN_REFUSED");
  expect(failure.message).toContain(server.url.origin);
  expect(server.requests).toEqual([]);
});

it("reports a refused credential with its challenge", async () => {
  const server = await serve({
    era: "legacy",
    authenticate: { header: "authorization", keys: { good: "ada" } },
  });
  const failure = await failureOf(open(server, { era: "legacy" }, bearer("bad-token", server.url.origin)));
  expect(failure).toMatchObject({
    code: "UNAUTHORIZED",
    delivery: "refused",
    recover: "reauthorize",
    status: 401,
  });
  expect(failure.challenge).toEqual({
    scheme: "Bearer",
    parameters: { realm: "fake", error: "invalid_token" },
  });
  expect(JSON.stringify(failure) + failure.message + failure.stack).not.toContain("bad-token");
});

it.each([
  ["insufficient_scope", "reauthorize"],
  ["access_denied", undefined],
])("reports what is forbidden for %s, whose repair is %s", async (error, recover) => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  const headers = { "www-authenticate": `Bearer error="${error}", scope="files:write"` };
  server.faults.add({ kind: "answer", status: 403, headers });
  const failure = await failureOf(echo(connection, "hi"));
  expect(failure).toMatchObject({
    code: "UNAUTHORIZED",
    status: 403,
    challenge: { parameters: { scope: "files:write" } },
  });
  expect(failure.recover).toBe(recover);
  server.faults.clear();
});

it("tells the nonce that a server wants in proofs, which comes in a header of its own", async () => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  const headers = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n-1" };
  server.faults.add({ kind: "answer", status: 401, headers });
  const failure = await failureOf(echo(connection, "hi"));
  expect(failure.challenge?.parameters).toEqual({ error: "use_dpop_nonce", dpop_nonce: "n-1" });
  server.faults.clear();
});

/** A connector that knows that a server reads nothing before the end of the handshake. */
async function orderly(server: FakeServer, credential?: Credential) {
  const connector = connectorFor();
  const error = { code: -32600, message: "Server not initialized" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: null, error });
  server.faults.add({ kind: "answer", status: 400, body }, { rpc: "tools/list", times: 1 });
  const endpoint = endpointOf(server.url, { era: "legacy" });
  const connection = await connector.open(endpoint, credential, {});
  await connection.request("tools/list", {});
  await connection.close();
  return (signal?: AbortSignal) => connector.open(endpoint, credential, { signal });
}

it("hides what was sent in secret from a challenge, and from the refusal of a notification, that repeats it", async () => {
  const authenticate = { header: "authorization", keys: { "token-of-ada": "ada" } };
  const server = await serve({ era: "legacy", authenticate });
  const credential = bearer("token-of-ada", server.url.origin);
  const repeats =
    'Bearer error="insufficient_scope", scope="token-of-ada", error_description="no \\"token-of-ada\\""';
  const reopen = await orderly(server, credential);
  const fault = { kind: "answer", status: 403, headers: { "www-authenticate": repeats } } as const;
  const body = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: 1, message: "no token-of-ada" } });

  server.faults.add({ kind: "answer", status: 422, body }, { rpc: "notifications/initialized", times: 1 });
  const refused = await failureOf(reopen());
  const connection = await open(server, { era: "legacy" }, credential);
  server.faults.add(fault);
  const forbidden = await failureOf(echo(connection, "hi"));
  server.faults.clear();
  expect(refused.message).toContain("no [redacted]");
  expect(forbidden.challenge?.parameters).toEqual({
    error: "insufficient_scope",
    scope: "[redacted]",
    error_description: 'no "[redacted]"',
  });
  for (const failure of [refused, forbidden])
    expect(inspect(failure) + JSON.stringify(failure)).not.toContain("token-of-ada");
});

it("honours how long a server asks to be left alone, up to a bound", async () => {
  const server = await serve({ era: "modern" });
  const connection = await open(server, { era: "modern" }, undefined, {
    limits: { maxRetryAfterMs: 10_000 },
  });
  const overloaded = async (retryAfter: string) => {
    server.faults.add({ kind: "answer", status: 503, headers: { "retry-after": retryAfter } }, { times: 1 });
    return failureOf(echo(connection, "hi"));
  };
  const expected = { code: "SERVER_UNAVAILABLE", retryable: true, delivery: "unknown", status: 503 };
  expect(await overloaded("7")).toMatchObject({ ...expected, retryAfterMs: 7_000 });
  expect(await overloaded("86400")).toMatchObject({ retryAfterMs: 10_000 });
  expect(await overloaded("Fri, 01 Jan 2100 00:00:00 GMT")).toMatchObject({ retryAfterMs: 10_000 });
  expect((await overloaded("soon")).retryAfterMs).toBeUndefined();
});

it("reports a lost session as repairable, and resolves `closed`", async () => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  await server.forgetSessions();
  const failure = await failureOf(echo(connection, "hi"));
  expect(failure).toMatchObject({
    code: "SESSION_LOST",
    delivery: "refused",
    recover: "reconnect",
    status: 404,
  });
  expect((await connection.closed).kind).toBe("lost");
  expect(await failureOf(echo(connection, "hi"))).toMatchObject({ delivery: "unsent", recover: "reconnect" });
  const before = server.requests.length;
  await connection.close();
  expect(server.requests).toHaveLength(before);
});

it("ends the session when it closes, once", async () => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  const closing = connection.close();
  expect(connection.close()).toBe(closing);
  await closing;
  expect(server.endedSessions).toBe(1);
  expect(await connection.closed).toEqual({ kind: "closed" });
  expect(await failureOf(echo(connection, "hi"))).toMatchObject({ code: "CLOSED", delivery: "unsent" });
});

it("does not wait for a server that keeps its session", async () => {
  const clock = manualClock();
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" }, undefined, { clock });
  server.faults.add({ kind: "hang" }, { method: "DELETE" });
  const closing = connection.close();
  await vi.waitFor(() => expect(said(server.requests)).toContain("DELETE"));
  await clock.advance(2_000);
  await closing;
  expect(clock.pending).toBe(0);
});

it("fails what is in flight when it closes", async () => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  server.faults.add({ kind: "hang" }, { rpc: "tools/call" });
  const call = failureOf(echo(connection, "hi"));
  await vi.waitFor(() => expect(said(server.requests)).toContain("tools/call"));
  await connection.close();
  expect(await call).toMatchObject({ code: "CLOSED", delivery: "unknown" });
  expect(said(server.requests)).not.toContain("notifications/cancelled");
});

it.for(["legacy", "modern"] as const)(
  "ends the exchange when the time is up, whatever the progress (%s)",
  async (era) => {
    const serverClock = manualClock();
    const clock = manualClock();
    const server = await serve({ era, clock: serverClock });
    const connection = await open(server, { era }, undefined, { clock });
    const progress: number[] = [];
    const call = failureOf(
      connection.request(
        "tools/call",
        { name: "sleep", arguments: { ms: 4_000 } },
        { timeoutMs: 100, onProgress: (one) => progress.push(one.progress) },
      ),
    );
    await vi.waitFor(async () => {
      await serverClock.advance(1_000);
      expect(progress.length).toBeGreaterThan(0);
    });
    await clock.advance(100);
    expect(await call).toMatchObject({
      code: "TIMEOUT",
      delivery: "unknown",
      retryable: false,
      message: expect.stringContaining("it may have run, so look before calling it again") as unknown,
    });
    if (era === "legacy")
      await vi.waitFor(() => expect(said(server.requests)).toContain("notifications/cancelled"));
    else expect(said(server.requests)).not.toContain("notifications/cancelled");
    // The exchange itself is over too: its socket does not stay busy with an answer that nobody reads.
    await vi.waitFor(() =>
      expect(server.requests.find(({ rpc }) => rpc === "tools/call")?.status).toBeDefined(),
    );
    await vi.waitFor(() => expect(clock.pending).toBe(0));
  },
);

it.for(["legacy", "modern"] as const)("throws the reason of the caller's own abort (%s)", async (era) => {
  const server = await serve({ era });
  const connection = await open(server, { era });
  server.faults.add({ kind: "hang" }, { rpc: "tools/call" });
  const controller = new AbortController();
  const reason = new Error("The person left, and that is private.");
  const call = connection.request("tools/call", { name: "echo" }, { signal: controller.signal });
  await vi.waitFor(() => expect(said(server.requests)).toContain("tools/call"));
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  await vi.waitFor(() => expect(server.openSockets).toBeLessThan(2));
  expect(JSON.stringify(server.requests)).not.toContain("private");
});

it("says of anything but a tool that it may be asked again when the time is up", async () => {
  const clock = manualClock();
  const server = await serve({ era: "modern" });
  const connection = await open(server, { era: "modern" }, undefined, { clock });
  server.faults.add({ kind: "hang" });
  const listing = failureOf(connection.request("tools/list", {}, { timeoutMs: 100 }));
  await vi.waitFor(() => expect(said(server.requests)).toEqual(["tools/list"]));
  await clock.advance(100);
  const failure = await listing;
  expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown", retryable: true });
  expect(failure.message).toContain("ask again or allow more time");
});

it("sends nothing for a caller who has already left", async () => {
  const server = await serve({ era: "modern" });
  const connection = await open(server, { era: "modern" });
  const signal = AbortSignal.abort("left");
  await expect(connection.request("tools/list", {}, { signal })).rejects.toBe("left");
  expect(server.requests).toEqual([]);
});

it("reports progress in order, the last one included", async () => {
  for (const era of ["legacy", "modern"] as const) {
    const server = await serve({ era });
    const connection = await open(server, { era });
    const seen: unknown[] = [];
    const onProgress = (progress: unknown) => seen.push(progress);
    await connection.request("tools/call", { name: "sleep", arguments: { ms: 0 } }, { onProgress });
    expect(seen).toEqual([1, 2, 3, 4].map((progress) => ({ progress, total: 4 })));
  }
});

it.for<[string, () => void]>([
  ["throws", () => expect.unreachable("the host's own")],
  ["rejects", (() => Promise.reject(new Error("the host's own"))) as () => void],
])("gives the answer to a caller whose listener %s", async ([, onProgress]) => {
  const server = await serve({ era: "legacy" });
  const connection = await open(server, { era: "legacy" });
  const sleep = { name: "sleep", arguments: { ms: 0 } };
  // Vitest fails for a rejection that nobody handles.
  expect(await connection.request("tools/call", sleep, { onProgress })).toMatchObject({
    content: [{ type: "text" }],
  });
});

it.for([
  { fault: "reset", era: "legacy" },
  { fault: "endStream", era: "legacy" },
  { fault: "reset", era: "modern" },
  { fault: "endStream", era: "modern" },
] as const)(
  "says that a tool may have run when its answer is lost ($fault, $era)",
  async ({ fault, era }) => {
    const server = await serve({ era });
    const connection = await open(server, { era });
    server.faults.add({ kind: fault, afterWork: true });
    const called = await failureOf(connection.request("tools/call", { name: "counter" }));
    expect(called).toMatchObject({ code: "DELIVERY_UNKNOWN", delivery: "unknown", retryable: false });
    expect(called.cause).toMatchObject({ code: "CONNECTION_LOST" });
    const listed = await failureOf(connection.request("tools/list", {}));
    expect(listed).toMatchObject({ code: "CONNECTION_LOST", delivery: "unknown", retryable: true });
    server.faults.clear();
    expect(await echo(connection, "still here")).toMatchObject({ content: [{ text: "still here" }] });
  },
);

it("gives up a handshake in time, and leaves no timer", async () => {
  const clock = manualClock();
  const server = await serve();
  server.faults.add({ kind: "hang" });
  const opening = failureOf(open(server, {}, undefined, { clock }));
  await vi.waitFor(() => expect(server.requests).toHaveLength(2));
  await clock.advance(30_000);
  // A session that is made late would be given back, so that it is waited for a little longer.
  await clock.advance(2_000);
  expect(await opening).toMatchObject({ code: "TIMEOUT", delivery: "unsent" });
  await vi.waitFor(() => expect(clock.pending).toBe(0));
  await vi.waitFor(() => expect(server.openSockets).toBe(0));
});

it("gives back the session of a handshake that fails halfway", async () => {
  const server = await serve({ era: "legacy" });
  const reopen = await orderly(server);
  server.faults.add({ kind: "answer", status: 400, body: "no" }, { rpc: "notifications/initialized" });
  const failure = await failureOf(reopen());
  expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", status: 400 });
  expect(failure.cause).toBeInstanceOf(TenantryError);
  expect(server.endedSessions).toBe(2);
});

it("sends the first request together with the end of the handshake", async () => {
  const server = await serve({ era: "legacy" });
  server.faults.add({ kind: "hang" }, { rpc: "notifications/initialized" });
  const connection = await open(server, { era: "legacy" });
  expect(await echo(connection, "hi")).toMatchObject({ content: [{ text: "hi" }] });
  server.faults.clear();
});

it.for([
  { status: 400, code: -32000, message: "Bad Request: Server not initialized" },
  { status: 200, code: -32602, message: "Invalid request parameters" },
  { status: 200, code: -32600, message: "Received request before initialization was complete" },
])("sends a call again, in order, to a server that says $message, and remembers it", async (one) => {
  const server = await serve({ era: "legacy" });
  const { status, ...error } = one;
  const headers = { "content-type": "application/json" };
  const refuse = (rpc: string, id: number | null) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id, error });
    server.faults.add({ kind: "answer", status, body, headers }, { rpc, times: 1 });
  };
  const connector = connectorFor();
  const endpoint = endpointOf(server.url, { era: "legacy" });
  const first = await kept(connector.open(endpoint, undefined, {}));
  refuse("tools/call", status === 200 ? 2 : null);
  expect(await echo(first, "hi")).toMatchObject({ content: [{ text: "hi" }] });
  expect(counted(server, "tools/call")).toBe(2);

  server.faults.add({ kind: "hang" }, { rpc: "notifications/initialized" });
  const controller = new AbortController();
  const second = connector.open(endpoint, undefined, { signal: controller.signal });
  await vi.waitFor(() => expect(counted(server, "notifications/initialized")).toBe(2));
  controller.abort("it waits");
  await expect(second).rejects.toBe("it waits");
});

it.for([
  { code: -32602, message: "amount must be positive" },
  { code: -32000, message: "Could not initialize the browser: no display" },
  { code: -32000, message: "The ledger is not initialized" },
  { code: -32603, message: "Server not initialized" },
  { code: -32000, message: "The account was charged and its ledger failed to initialise" },
])("does not call a tool again because of an error that may be the tool's own ($message)", async (error) => {
  const server = await serve({ era: "legacy" });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 2, error });
  const headers = { "content-type": "application/json" };
  server.faults.add({ kind: "answer", status: 200, body, headers }, { rpc: "tools/call" });
  expect(await failureOf(echo(await open(server, { era: "legacy" }), "hi"))).toMatchObject({ rpc: error });
  expect(counted(server, "tools/call")).toBe(1);
});

it("gives back the session of a handshake that is aborted, before it says so", async () => {
  const server = await serve({ era: "legacy" });
  const reopen = await orderly(server);
  server.faults.add({ kind: "hang" }, { rpc: "notifications/initialized" });
  const controller = new AbortController();
  const opening = reopen(controller.signal);
  await vi.waitFor(() => expect(counted(server, "notifications/initialized")).toBe(2));
  controller.abort("left");
  await expect(opening).rejects.toBe("left");
  expect(server.endedSessions).toBe(2);
});

it("gives back a session that the server makes after the abort, and does not wait for ever for one", async () => {
  const clock = manualClock();
  const serverClock = manualClock();
  const server = await serve({ era: "legacy", clock: serverClock });
  const open = (signal: AbortSignal) =>
    connectorFor({ clock })
      .open(endpointOf(server.url, { era: "legacy" }), undefined, { signal })
      .catch((reason: unknown) => reason);

  server.faults.add({ kind: "delay", ms: 1_000 }, { rpc: "initialize", times: 1 });
  const slow = new AbortController();
  const late = open(slow.signal);
  await vi.waitFor(() => expect(said(server.requests)).toEqual(["initialize"]));
  slow.abort("left");
  await serverClock.advance(1_000);
  expect(await late).toBe("left");
  expect(server.endedSessions).toBe(1);

  server.faults.add({ kind: "hang" }, { rpc: "initialize" });
  const hung = new AbortController();
  const never = open(hung.signal);
  await vi.waitFor(() => expect(said(server.requests).filter((rpc) => rpc === "initialize")).toHaveLength(2));
  hung.abort("left too");
  await clock.advance(2_000);
  expect(await never).toBe("left too");
  expect(clock.pending).toBe(0);
});

it("reports an unreachable server as such", async () => {
  const server = await startFakeServer();
  const { url } = server;
  await server.close();
  const failure = await failureOf(connectorFor().open(endpointOf(url), undefined, {}));
  expect(failure).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent" });
});

it("does not follow a redirect to another origin with the credential", async () => {
  const other = await serve();
  const server = await serve();
  server.faults.add({ kind: "redirect", to: other.url });
  const failure = await failureOf(open(server, {}, bearer("token-of-ada", server.url.origin)));
  expect(failure.code).toBe("ORIGIN_REFUSED");
  expect(other.requests).toEqual([]);
});

it("writes nothing to the console and adds no process listeners", async () => {
  const spies = (["log", "warn", "error", "debug", "info"] as const).map((name) => vi.spyOn(console, name));
  const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
  for (const era of ["legacy", "modern"] as const) {
    const server = await serve({ era });
    const connection = await open(server, { era });
    await connection.request("tools/list", {});
    await failureOf(connection.request("tools/call", { name: "nope" })).catch(() => {});
    await connection.close();
  }
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
});

it("refuses a limit that it could not keep", () => {
  const egress = { exchange: () => expect.unreachable(), target: () => expect.unreachable() };
  for (const limits of [
    { maxDepth: 0 },
    { requestTimeoutMs: Number.NaN },
    { closeTimeoutMs: -1 },
    { unknown: 1 } as object,
  ]) {
    expect(() => createConnector({ egress, limits })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  }
});

it("uses no request id twice, whichever of its connections asks", async () => {
  const server = await serve({ era: "legacy" });
  const connector = connectorFor();
  const endpoint = endpointOf(server.url, { era: "legacy" });
  for (let at = 0; at < 3; at++) await echo(await kept(connector.open(endpoint, undefined, {})), "hi");
  const ids = server.requests.map(({ body }) => (body as { id?: number } | undefined)?.id);
  const used = ids.filter((id) => id !== undefined);
  expect(used).toHaveLength(6);
  expect(new Set(used).size).toBe(6);
});

it("does not wait for a credential that never makes its headers once the call is given up", async () => {
  const server = await serve({ era: "modern" });
  const never = bearer("token", server.url.origin, { headers: () => new Promise(() => {}) });
  const connection = await open(server, { era: "modern" }, never);
  const controller = new AbortController();
  const asked = connection.request("tools/list", {}, { signal: controller.signal });
  controller.abort("left");
  await expect(asked).rejects.toBe("left");
  await connection.close();
  expect(server.requests).toEqual([]);
});
