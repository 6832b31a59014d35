// Law 3: a credential goes to the origins it is bound to and to no other, whoever redirects, answers or asks.
// It is in nothing that a host may print: no error, no state, no listing, no diagnostic event. What people grant has a
// file of its own: 03-grants-stay-home.test.ts.
import { inspect } from "node:util";
import {
  bearer,
  chain,
  createTenantry,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  header,
  secret,
  type CredentialSource,
  type ServerDefinition,
  type Tenantry,
  type WorkspaceClient,
} from "tenantry";
import {
  inMemoryServer,
  startFakeServer,
  startRecorder,
  stdioServerPath,
  type FakeServer,
  type FakeTool,
  type Fault,
} from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import type { Credential, Origin } from "@tenantry/core";
import { codeOf, factsOf, textOf } from "./fixture/answers.ts";
import { openConnection } from "./fixture/connection.ts";
import { listen } from "./fixture/diagnostics.ts";
import { failureOf, thrownBy, until } from "./fixture/outcome.ts";
import {
  eras,
  keyedDefinition,
  keyHeader,
  keyMark,
  keyOf,
  keysSeen,
  startKeyedServer,
  type LawEra,
} from "./fixture/servers.ts";
import { startWireServer } from "./fixture/wire-server.ts";
import { spellings } from "./fixture/spellings.ts";

type Failure = (world: World) => Promise<unknown>;
type Answer = Extract<Fault, { readonly kind: "answer" }>;

/** Every kind of trouble that a call can meet. */
const failures: readonly (readonly [string, Failure])[] = [
  ["a tool that is unknown", ({ ada }) => failureOf(ada.callTool("notes__nothing"))],
  ["a tool that fails with a JSON-RPC error", ({ ada }) => failureOf(ada.callTool("notes__broken"))],
  ["a key that is refused", ({ tenantry }) => failureOf(call(tenantry, keyOf("stranger")))],
  [
    "a key that no header can carry",
    ({ tenantry }) => failureOf(call(tenantry, `${keyOf("ada")}\r\nx-evil: 1`)),
  ],
  ["a key that is too long", ({ tenantry }) => failureOf(call(tenantry, keyOf("ada").repeat(600)))],
  ["a key that was rotated away", ({ server, ada }) => rotatedAway(server, ada)],
  ["an aborted call", ({ server, ada }) => aborted(server, ada)],
  ["a call without an answer in time", ({ server, ada }) => hung(server, ada)],
  [
    "a call after close",
    ({ tenantry, ada }) => tenantry.close().then(() => failureOf(ada.callTool("notes__echo"))),
  ],
  ["a redirect to another origin", met({ kind: "redirect", to: new URL("http://localhost:9/") })],
  ["a connection that breaks", met({ kind: "reset" })],
  ["a connection that breaks after the work", met({ kind: "reset", afterWork: true })],
  ["a stream that ends early", met({ kind: "endStream" })],
  ["an answer that is no JSON", met({ kind: "answer", status: 200, body: "<html>" })],
  ...[400, 401, 403, 404, 410, 429, 500, 502, 503].map(
    (status) => [`a ${status}`, met({ kind: "answer", status })] as const,
  ),
  [
    "a server that is gone",
    ({ server, ada }) => server.close().then(() => failureOf(ada.callTool("notes__echo"))),
  ],
  [
    "a credential function that fails",
    ({ server }) => withCredential(server, header(keyHeader, chain([failing, fromStatic(keyOf("static"))]))),
  ],
  [
    "a credential for another origin",
    ({ server }) =>
      withCredential(server, bearer(fromStatic(keyOf("static")), { origins: ["https://example.com"] })),
  ],
  [
    "a bearer token with a space",
    ({ server }) => withCredential(server, bearer(fromStatic(`Bearer ${keyOf("static")}`))),
  ],
  ["two credentials for one header", ({ server }) => withCredential(server, [twice("one"), twice("two")])],
];

const inBody = (make: (key: string) => unknown) => ({ body: JSON.stringify(make(keyOf("ada"))) });
const rpcError = (message: string) => ({
  jsonrpc: "2.0",
  id: null,
  error: { code: -32_000, message, data: { message } },
});

/** Every place in which a server can say what it was sent. */
const echoes: readonly (readonly [string, Omit<Answer, "kind"> | undefined])[] = [
  ["a JSON-RPC error", undefined],
  ["a 400 with a JSON-RPC error", { status: 400, ...inBody((key) => rpcError(`bad key ${key}`)) }],
  ["a 401 with a JSON-RPC error", { status: 401, ...inBody((key) => rpcError(`bad key ${key}`)) }],
  [
    "a 401's challenge",
    {
      status: 401,
      headers: {
        "www-authenticate": `Bearer error="invalid_token", error_description="${keyOf("ada")} is no key"`,
      },
    },
  ],
  [
    "a 403's scope",
    {
      status: 403,
      headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${keyOf("ada")}"` },
    },
  ],
  ["a 403 with text", { status: 403, body: `forbidden: ${keyOf("ada")}` }],
  ["a 404 with a JSON-RPC error", { status: 404, ...inBody((key) => rpcError(key)) }],
  ["a 429 with a JSON-RPC error", { status: 429, ...inBody((key) => rpcError(key)) }],
  ["a 500 with a JSON-RPC error", { status: 500, ...inBody((key) => rpcError(`${key} crashed me`)) }],
  ["a 500 with text", { status: 500, body: `TypeError: ${keyOf("ada")}` }],
  [
    "a 200 that is no JSON",
    { status: 200, headers: { "content-type": "application/json" }, body: keyOf("ada") },
  ],
  ["a content type", { status: 200, headers: { "content-type": `text/${keyOf("ada")}` }, body: "{}" }],
  ["a redirect", { status: 307, headers: { location: `http://localhost:9/?${keyOf("ada")}` } }],
];

describe.each(eras)("against a %s server", (era) => {
  describe("a redirect", () => {
    const statuses = [301, 302, 303, 307, 308] as const;

    it.each(statuses)(
      "%i to another port, host or scheme is refused, at the door and at the call",
      async (status) => {
        await using server = await startKeyedServer(era, ["ada"]);
        await using elsewhere = await startRecorder();
        const { port } = server.url;
        const others = [
          elsewhere.url,
          ...[`http://localhost:${port}/mcp`, `https://127.0.0.1:${port}/mcp`].map((to) => new URL(to)),
        ];
        for (const to of others) {
          await using tenantry = createTenantry({ servers: { notes: { ...withHeader(server), era } } });
          const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
          const requests = () => server.requests.length;

          const door = server.faults.add({ kind: "redirect", to, status });
          const before = requests();
          expect(await codeOf(ada.callTool("notes__whoami"))).toBe("ORIGIN_REFUSED");
          expect((await ada.listTools()).unavailable).toMatchObject([{ error: { code: "ORIGIN_REFUSED" } }]);
          // Each was refused at its first hop; nothing came back under another name.
          expect(requests() - before).toBe(2);
          door[Symbol.dispose]();

          expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
          using _call = server.faults.add({ kind: "redirect", to, status });
          expect(await codeOf(ada.callTool("notes__whoami"))).toBe("ORIGIN_REFUSED");
          expect(await codeOf(ada.callTool({ server: "notes", tool: "whoami" }))).toBe("ORIGIN_REFUSED");
          // Closing ends the session with a DELETE, which is redirected as well.
          await tenantry.close();
        }
        expect(elsewhere.requests).toEqual([]);
      },
    );

    it.each([307, 308] as const)("%i within the origin is followed with the key", async (status) => {
      await using server = await startKeyedServer(era, ["ada"]);
      await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
      const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
      const to = new URL("?moved", server.url);
      server.faults.add({ kind: "redirect", to, status }, { times: 1 });
      expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
      expect(server.requests.map(({ path }) => path)).toContain("/mcp?moved");
      expect(keysSeen(server)).toEqual([keyOf("ada")]);
    });

    it("of anonymous discovery leads nowhere either", async () => {
      await using server = await startFakeServer({ era });
      await using elsewhere = await startRecorder();
      await using tenantry = createTenantry({
        servers: { notes: { url: server.url, headers: { "x-app": keyOf("app") }, discovery: "anonymous" } },
      });
      server.faults.add({ kind: "redirect", to: elsewhere.url });
      const { unavailable } = await tenantry.workspace("acme").discovery().listTools();
      expect(unavailable).toMatchObject([{ error: { code: "ORIGIN_REFUSED" } }]);
      expect(elsewhere.requests).toEqual([]);
    });
  });

  it("127.0.0.1 and localhost are two origins, and so are two ports and two schemes", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    await using other = await startRecorder();
    const { port } = server.url;
    const bound: readonly (readonly [string, boolean])[] = [
      [`http://127.0.0.1:${port}`, true],
      [`http://127.0.0.1:${port}/any/path?and=query`, true],
      [`http://localhost:${port}`, false],
      [`https://127.0.0.1:${port}`, false],
      [`http://[::1]:${port}`, false],
      ["http://127.0.0.1", false],
      [other.url.href, false],
    ];
    for (const [origin, sent] of bound) {
      const before = server.requests.length;
      const credential = header(keyHeader, fromContext("key"), { origins: [origin] });
      await using tenantry = createTenantry({ servers: { notes: { url: server.url, credential } } });
      const call = tenantry
        .workspace("acme")
        .as("ada", { key: keyOf("ada") })
        .callTool("notes__whoami");
      if (sent) expect(textOf(await call)).toBe("ada");
      else expect(await failureOf(call)).toMatchObject({ code: "ORIGIN_REFUSED", delivery: "unsent" });
      expect(server.requests.length > before).toBe(sent);
    }
    expect(other.requests).toEqual([]);
  });

  it("what one server is sent no other server is, whatever they have in common", async () => {
    await using first = await startFakeServer({ era });
    await using second = await startFakeServer({ era });
    const headers = Object.freeze({ "x-app": "app" });
    await using tenantry = createTenantry({
      servers: {
        first: { url: first.url, headers, credential: header("x-first", fromContext("first")) },
        second: { url: second.url, headers, credential: bearer(fromContext("second")) },
        third: { url: second.url },
      },
    });
    const ada = tenantry.workspace("acme").as("ada", { first: keyOf("first"), second: keyOf("second") });
    for (const id of ["first", "second", "third"]) await ada.callTool({ server: id, tool: "whoami" });
    expect((await ada.listTools()).unavailable).toEqual([]);
    await tenantry.close();
    const sent = ({ requests }: FakeServer) =>
      new Set(
        requests.map(({ headers }) =>
          [headers["x-app"], headers["x-first"], headers["authorization"]].join(),
        ),
      );
    expect(sent(first)).toEqual(new Set([`app,${keyOf("first")},`]));
    expect(sent(second)).toEqual(new Set([`app,,Bearer ${keyOf("second")}`, ",,"]));
  });

  it.each(failures)("no secret is in what a host sees of %s", async (_, fail) => {
    await using world = await createWorld(era);
    using events = listen();
    const seen = await fail(world);
    await world.tenantry.close();
    expectNoSecret(...[seen].flat(), world.tenantry.stats(), ...events.heard);
  });

  it.each(echoes)(
    "a server that echoes the key in %s gets it into no message and no log",
    async (_, answer) => {
      await using world = await createWorld(era);
      if (answer !== undefined) world.server.faults.add({ kind: "answer", ...answer });
      const shown: string[] = [];
      for (const tool of ["tell", "tell"]) {
        const failure = await failureOf(world.ada.callTool({ server: "notes", tool }));
        const texts = [
          failure.message,
          failure.stack,
          JSON.stringify(failure),
          inspect(failure, { depth: Infinity }),
        ];
        shown.push(...texts.map(String));
      }
      const { unavailable } = await world.ada.listTools();
      shown.push(JSON.stringify(unavailable), inspect(unavailable, { depth: Infinity }));
      expect(shown.filter((text) => text.includes(keyMark))).toEqual([]);
    },
  );

  it("no secret is in any object, state, listing or event, from the first call to the last", async () => {
    await using world = await createWorld(era);
    const { server, tenantry, ada, definition } = world;
    using events = listen();
    const acme = tenantry.workspace("acme");
    const bob = acme.as("bob", { key: secret(keyOf("bob")) });
    const clients = [ada, bob, acme.discovery()];
    expectNoSecret(tenantry, acme, definition.credential, definition.discovery, ...clients, tenantry.stats());

    // In the middle of things, and not only when all is quiet.
    const calls = [ada, bob].map((one) => one.callTool("notes__gate"));
    await until(() => server.requests.filter(({ tool }) => tool === "gate").length === 2);
    expect(tenantry.stats().leases).toBe(2);
    expectNoSecret(tenantry.stats(), ...clients, ...calls);
    world.gate.resolve();
    expectNoSecret(
      await Promise.all(calls),
      await ada.listTools(),
      await bob.servers(),
      await clients[2]!.listTools(),
    );

    server.setKeys({ [keyOf("ada-2")]: "ada" });
    const renewed = acme.as("ada", { key: keyOf("ada-2") });
    expectNoSecret(await renewed.callTool("notes__echo"), renewed, tenantry.stats(), await bob.servers());
    await tenantry.close();
    expectNoSecret(tenantry, tenantry.stats(), await failureOf(ada.callTool("notes__echo")));
    expect(events.heard.length).toBeGreaterThan(40);
    expectNoSecret(...events.heard);
  });

  it("a diagnostic event gives nobody a connection, a credential or an answer", async () => {
    await using world = await createWorld(era);
    using events = listen();
    // This tool tells the key that it was called with, which is the caller's to know and no listener's.
    expect(factsOf(await world.ada.callTool("notes__whoami"))["credential"]).toBe(keyOf("ada"));
    await world.ada.listTools();
    await world.tenantry.revoke({ server: "notes" });
    expect(new Set(events.heard.map(({ channel }) => channel)).size).toBe(6);
    const known = new Set([
      "list",
      "isStale",
      "scope",
      "server",
      "tool",
      "outcome",
      "resumed",
      "reason",
      "deviations",
      "isError",
    ]);
    for (const { event } of events.heard) {
      const told = Object.entries(event).filter(([name, value]) => !known.has(name) && value !== undefined);
      expect(told).toEqual([]);
    }
    expectNoSecret(...events.heard);
  });

  it("a call's arguments are in no event and no error", async () => {
    await using world = await createWorld(era);
    using events = listen();
    await world.ada.callTool("notes__echo", { text: keyOf("argument") });
    const failure = await failureOf(world.ada.callTool("notes__broken", { text: keyOf("argument") }));
    expectNoSecret(failure, ...events.heard);
  });
});

// The origins of real deployments, with a `fetch` that leads every one of them to the same server.
it.each([
  ["https://api.x.com/mcp", "https://api.x.com", true],
  ["http://api.x.com/mcp", "https://api.x.com", false],
  ["https://api.x.com:8443/mcp", "https://api.x.com", false],
  ["https://api.x.com/mcp", "https://api.x.com:443/", true],
  ["https://API.X.COM/mcp", "https://api.x.com", true],
  ["https://api.x.com/mcp", "https://API.x.CoM", true],
  ["https://evil.api.x.com/mcp", "https://api.x.com", false],
  ["https://api.x.com.evil.com/mcp", "https://api.x.com", false],
  ["https://x.com/mcp", "https://api.x.com", false],
  ["https://api.x.com./mcp", "https://api.x.com", false],
  ["https://аpi.x.com/mcp", "https://api.x.com", false],
  ["https://ＡＰＩ.x.com/mcp", "https://api.x.com", true],
  ["https://api.x.com/other/path?query=1", "https://api.x.com/mcp", true],
  ["http://0x7f000001/mcp", "http://127.0.0.1", true],
])("a server at %s is sent a key for %s: %s", async (url, origin, sent) => {
  await using server = await startKeyedServer("modern", ["ada"]);
  const asked: string[] = [];
  const credential = header(keyHeader, fromContext("key"), { origins: [origin] });
  await using tenantry = createTenantry({
    servers: { notes: { url, credential } },
    fetch: (input, init) => {
      asked.push(new URL(input instanceof Request ? input.url : input).origin);
      return fetch(server.url, init);
    },
  });
  const call = tenantry
    .workspace("acme")
    .as("ada", { key: keyOf("ada") })
    .callTool("notes__whoami");
  if (sent) expect(textOf(await call)).toBe("ada");
  else expect(await codeOf(call)).toBe("ORIGIN_REFUSED");
  expect(server.requests.length > 0).toBe(sent);
  expect(new Set(asked)).toEqual(new Set(sent ? [new URL(url).origin] : []));
});

describe("a definition that could not be kept safe is refused, and not repeated", () => {
  const url = "https://mcp.example.com/mcp";
  const credential = header(keyHeader, fromContext("key"));
  it.each<[string, () => unknown]>([
    ["a URL with a user name", () => define({ url: `https://${keyOf("ada")}@example.com/mcp` })],
    [
      "a URL with a password",
      () => define({ url: `https://ada:${keyOf("ada")}@example.com/mcp`, credential }),
    ],
    ["a URL that only begins like another", () => define({ url: `https://api.x.com@evil.com/${keyMark}` })],
    ["a file", () => define({ url: `file:///${keyMark}` })],
    ["a data URL", () => define({ url: `data:,${keyMark}` })],
    ["no URL", () => define({ url: keyOf("ada") })],
    [
      "a header value with a line break",
      () => define({ url, headers: { "x-app": `${keyOf("app")}\r\nx-other: 1` } }),
    ],
    ["a protocol header", () => define({ url, headers: { "mcp-session-id": keyOf("app") } })],
    [
      "a header given twice",
      () => define({ url, headers: { "x-app": keyOf("app"), "X-App": keyOf("app") } }),
    ],
    ["a key in the place of its source", () => bearer(keyOf("ada") as never)],
    ["a key in the place of a variable's name", () => env(keyOf("ada"), fromContext("key"))],
    ["a key in the place of a credential", () => define({ url, credential: keyOf("ada") as never })],
    ["no origin", () => header(keyHeader, fromContext("key"), { origins: [] })],
    ["an empty origin", () => header(keyHeader, fromContext("key"), { origins: [""] })],
    ["an origin that is none", () => header(keyHeader, fromContext("key"), { origins: [keyOf("ada")] })],
    [
      "an opaque origin",
      () => header(keyHeader, fromContext("key"), { origins: ["file:///etc", "data:,x"] }),
    ],
    ["the text null as an origin", () => header(keyHeader, fromContext("key"), { origins: ["null"] })],
    [
      "an origin with a password",
      () => bearer(fromContext("key"), { origins: [`https://a:${keyMark}@x.com`] }),
    ],
  ])("%s", async (_, make) => {
    const failure = await thrownBy(make);
    expect(failure.code).toMatch(/^(?:DEFINITION|CREDENTIAL)_INVALID$/u);
    expectNoSecret(failure);
  });
});

it("without origins there is the server's own, and no other default", async () => {
  await using server = await startKeyedServer("modern", ["ada"]);
  await using local = await startRecorder();
  const credential = header(keyHeader, fromContext("key"));
  await using tenantry = createTenantry({
    servers: {
      notes: { url: server.url, credential },
      local: { url: `http://localhost:${local.url.port}/mcp` },
    },
  });
  const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
  await ada.callTool("notes__whoami");
  await failureOf(ada.callTool("local__whoami"));
  expect(keysSeen(server)).toEqual([keyOf("ada")]);
  expect(local.requests.length).toBeGreaterThan(0);
  expect(keysSeen(local)).toEqual(["none"]);
});

it("a child gets the variables that its own definition declares, and nothing of the host or of its neighbours", async () => {
  process.env["LAW_3_HOST_SECRET"] = keyOf("host");
  const child = { command: process.execPath, args: [stdioServerPath] };
  await using tenantry = createTenantry({
    servers: {
      keyed: { ...child, env: { DECLARED: "1" }, credential: env("USER_KEY", fromContext("key")) },
      plain: child,
    },
  });
  const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
  const given = async (tool: string) => factsOf(await ada.callTool(tool))["variables"];
  const always = ["PATH", "TENANTRY_INSTANCE"];
  expect(await given("keyed__whoami")).toEqual(["DECLARED", "USER_KEY", ...always].toSorted());
  expect(await given("plain__whoami")).toEqual(always);
  delete process.env["LAW_3_HOST_SECRET"];
});

it.each([
  ["dies while it starts", "process.stderr.write(process.env.KEY + '\\n'); process.exit(3)"],
  ["dies at a call", "process.stdin.once('data', () => { console.error(process.env.KEY); process.exit(3) })"],
  [
    "answers with its key",
    "process.stdin.once('data', (d) => console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(d).id, error: { code: -1, message: process.env.KEY } })))",
  ],
  [
    "writes its key where messages belong",
    "console.log(process.env.KEY); process.stdin.once('data', () => process.exit(3))",
  ],
])("a child that %s leaves its key in no error", async (_, script) => {
  await using tenantry = createTenantry({
    servers: {
      child: {
        command: process.execPath,
        args: ["--eval", script],
        credential: env("KEY", fromContext("key")),
        era: "legacy",
      },
    },
  });
  const failure = await failureOf(
    tenantry
      .workspace("acme")
      .as("ada", { key: keyOf("ada") })
      .callTool("child__whoami"),
  );
  const shown = [
    failure.message,
    failure.stack,
    JSON.stringify(failure),
    inspect(failure, { depth: Infinity }),
  ];
  expect(shown.filter((text) => String(text).includes(keyMark))).toEqual([]);
});

it("a command that cannot be started tells neither its key nor its variables", async () => {
  await using tenantry = createTenantry({
    servers: {
      child: {
        command: "no-such-command-of-law-3",
        env: { OTHER: keyOf("other") },
        credential: env("KEY", fromContext("key")),
      },
    },
  });
  const failure = await failureOf(
    tenantry
      .workspace("acme")
      .as("ada", { key: keyOf("ada") })
      .callTool("child__whoami"),
  );
  expect(failure.code).toBe("SPAWN_FAILED");
  expectNoSecret(failure);
});

it("a server in this process is told a key as a secret, and leaves it in no error", async () => {
  const memory = inMemoryServer();
  const opened: unknown[] = [];
  await using tenantry = createTenantry({
    servers: {
      memory: {
        connect: (options) => (opened.push(options.env), memory.connect(options)),
        credential: env("KEY", fromContext("key")),
      },
    },
  });
  const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
  await ada.callTool("memory__echo");
  expectNoSecret(opened, tenantry.stats());
  await memory.crash();
  expect(memory.pipes.map(({ env }) => env)).toEqual([{ KEY: keyOf("ada") }]);
});

describe("a stream of events", () => {
  const key = keyOf("ada");
  const credentialFor = ({ origin }: URL): Credential => ({
    subject: "ada",
    generation: "1",
    origins: [origin as Origin],
    headers: () => ({ "x-api-key": { value: secret(key), replaces: false } }),
  });

  it("whose endpoint event names another origin gets nothing posted there, and no key", async () => {
    await using elsewhere = await startRecorder();
    await using server = await startWireServer(() => {}, {
      onPost: ({ response }) => response.writeHead(405).end(),
      onStream: ({ response }) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`event: endpoint\ndata: ${elsewhere.url.href}\n\n`);
      },
    });
    const credential = credentialFor(server.url);
    const refused = await failureOf(openConnection(server.url, { era: "legacy", credential }));
    expect(refused).toMatchObject({ code: "HANDSHAKE_FAILED" });
    expect(elsewhere.requests).toEqual([]);
    expectNoSecret(refused);
  });

  it("of a session carries the key to its own origin, and to none that it is redirected to", async () => {
    await using elsewhere = await startRecorder();
    const keys: unknown[] = [];
    await using server = await startWireServer(() => {}, {
      onStream: ({ request, response }) => {
        keys.push(request.headers["x-api-key"]);
        response.writeHead(307, { location: elsewhere.url.href }).end();
      },
    });
    await using opened = await openConnection(server.url, {
      era: "legacy",
      credential: credentialFor(server.url),
    });
    const refused = await failureOf(opened.connection.subscribe({ tools: true }, () => {}));
    expect(refused.code).toBe("ORIGIN_REFUSED");
    expect(keys).toEqual([key]);
    expect(elsewhere.requests).toEqual([]);
    expectNoSecret(refused);
  });
});

interface World extends AsyncDisposable {
  readonly server: FakeServer;
  readonly tenantry: Tenantry;
  readonly ada: WorkspaceClient;
  readonly definition: ServerDefinition;
  /** What the tool `gate` waits for. */
  readonly gate: PromiseWithResolvers<void>;
}

/** Ada at a server with a key of everybody's kind: her own, the definition's, the one for discovery. */
async function createWorld(era: LawEra): Promise<World> {
  const gate = Promise.withResolvers<void>();
  const server = await startKeyedServer(era, ["ada", "bob", "agent"], { tools: toolsOfWorld(gate.promise) });
  const definition = {
    ...withHeader(server),
    discovery: header(keyHeader, fromStatic(keyOf("agent"))),
    timeoutMs: 5_000,
  };
  const tenantry = createTenantry({ servers: { notes: definition } });
  const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
  const dispose = async () => {
    await tenantry.close();
    await server.close();
  };
  return { server, tenantry, ada, definition, gate, [Symbol.asyncDispose]: dispose };
}

function toolsOfWorld(gate: Promise<void>): readonly FakeTool[] {
  const tool = (name: string, call: FakeTool["call"]): FakeTool => ({
    definition: { name, inputSchema: { type: "object" } },
    call,
  });
  return [
    tool("whoami", (_, { credential }) => ({ content: [], structuredContent: { credential } })),
    tool("echo", () => ({ content: [{ type: "text", text: "echo" }] })),
    tool("gate", () => gate.then(() => ({ content: [] }))),
    tool("broken", () => Promise.reject(new Error("It is broken."))),
    tool("tell", (_, { credential }) => Promise.reject(new Error(`The key ${credential} is no good.`))),
  ];
}

/** A definition with a secret header of its own beside the user's key. */
function withHeader({ url }: { readonly url: URL }): ServerDefinition {
  return { ...keyedDefinition({ url }), headers: { "x-app-key": keyOf("app") } } as ServerDefinition;
}

function expectNoSecret(...values: readonly unknown[]): void {
  const told = values.map(spellings).filter((text) => text.includes(keyMark));
  expect(told).toEqual([]);
}

const failing = fromFunction(() => Promise.reject(new Error("The vault is closed.")));
const twice = (name: string) => header(keyHeader, fromStatic(keyOf(name)));

/** What a connected user's call, and a list, come to when the server behaves like this. */
function met(fault: Fault): Failure {
  return async ({ server, ada }) => {
    await ada.callTool("notes__echo");
    server.faults.add(fault);
    return [await failureOf(ada.callTool("notes__echo")), await ada.listTools(), await ada.servers()];
  };
}

function call(tenantry: Tenantry, key: string): Promise<unknown> {
  return tenantry.workspace("acme").as("ada", { key }).callTool("notes__echo");
}

async function rotatedAway(server: FakeServer, ada: WorkspaceClient): Promise<unknown> {
  await ada.callTool("notes__echo");
  server.setKeys({});
  return failureOf(ada.callTool("notes__echo"));
}

async function aborted(server: FakeServer, ada: WorkspaceClient): Promise<unknown> {
  server.faults.add({ kind: "hang" });
  const leaving = new AbortController();
  const call = ada.callTool("notes__echo", {}, { signal: leaving.signal });
  await until(() => server.requests.length > 0);
  leaving.abort();
  await expect(call).rejects.toBe(leaving.signal.reason);
  return call.catch((reason: unknown) => reason);
}

async function hung(server: FakeServer, ada: WorkspaceClient): Promise<unknown> {
  server.faults.add({ kind: "hang" });
  return failureOf(ada.callTool("notes__echo", {}, { timeoutMs: 10 }));
}

async function withCredential(
  { url }: FakeServer,
  credential: CredentialSource | readonly CredentialSource[],
): Promise<unknown> {
  return failureOf(
    (async () => {
      await using tenantry = createTenantry({ servers: { notes: { url, credential } } });
      return await call(tenantry, keyOf("ada"));
    })(),
  );
}

function define(notes: ServerDefinition): Tenantry {
  return createTenantry({ servers: { notes } });
}
