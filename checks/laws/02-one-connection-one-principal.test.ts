// Law 2: a connection belongs to exactly one workspace, user, session, server and key, however they are spelled.
// Only a definition can say that it is shared, and then no user's credential is anywhere on it.
import fc from "fast-check";
import {
  chain,
  createTenantry,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  header,
  inProcess,
  type ServerDefinition,
  type WorkspaceClient,
} from "tenantry";
import {
  inMemoryServer,
  manualClock,
  startFakeServer,
  stdioServerPath,
  type FakeServer,
  type RecordedRequest,
} from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import { codeOf, factsOf, textOf } from "./fixture/answers.ts";
import { createGrantWorld, endAccessTokens } from "./fixture/grants.ts";
import { startWireServer } from "./fixture/wire-server.ts";
import {
  eras,
  handshakes,
  keyedDefinition,
  keyHeader,
  keyOf,
  keysSeen,
  startKeyedServer,
  type LawEra,
} from "./fixture/servers.ts";

/** Names that meet as soon as somebody joins, splits, trims, folds or escapes them. */
const names = fc.oneof(
  fc.constantFrom(
    ...[
      "a",
      "b",
      "A",
      " a",
      "a ",
      "a:b",
      ":",
      "/",
      "null",
      "undefined",
      "__proto__",
      "\\",
      "a\\",
      "a\nb",
      "%61",
    ],
    ...['"', 'a","b', '["a"]', '["user","a","b"]', '{"share":"everyone"}', "user", "workspace", "everyone"],
    ...["é", "e\u0301", "ß", "ss", "Å", "ﬁ", "👩‍💻", "\u202eab", "a\u0000b"],
  ),
  fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }).filter((text) => text.trim() !== ""),
);

interface Identity {
  readonly workspace: string;
  readonly user: string;
  readonly session?: string;
  readonly server: string;
  readonly key: number;
}

/** Some identities at random, and some that are spelled alike when their parts are joined by the same separator. */
const identities = fc
  .record({
    parts: fc.tuple(names, names, names),
    separator: fc.constantFrom("", ":", "/", ",", "|", '","', " ", "\u0000", "null"),
    more: fc.array(fc.record({ workspace: names, user: names, session: names }), { maxLength: 3 }),
    key: fc.nat(1),
  })
  .map(({ parts: [x, y, z], separator, more, key }): readonly Identity[] => {
    const [xy, yz] = [`${x}${separator}${y}`, `${y}${separator}${z}`];
    const alike: Omit<Identity, "key">[] = [
      { workspace: x, user: y, session: z, server: "s" },
      { workspace: xy, user: z, server: "s" },
      { workspace: x, user: yz, server: "s" },
      { workspace: x, user: y, server: z },
      { workspace: x, user: y, session: z, server: z },
      ...more.map((one) => ({ ...one, server: yz })),
    ];
    const safe = ({ server }: { readonly server: string }) => server.replaceAll(/\p{Cc}/gu, "␀");
    const all = alike.map((one) => ({ ...one, server: safe(one), key }));
    all.push({ ...all[0]!, key: 1 - key });
    return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  });

describe.each(eras)("against a %s server", (era) => {
  it("every request carries exactly the key of the workspace, user, session and server that asked", async () => {
    // Two keys for all, so that in most cases nothing but the names can keep two identities apart.
    await using server = await startKeyedServer(era, ["0", "1"]);
    const property = fc.asyncProperty(identities, async (all) => {
      const before = server.requests.length;
      const ids = new Set(all.map((one) => one.server));
      const servers = Object.fromEntries([...ids].map((id) => [id, keyedDefinition(server)]));
      await using tenantry = createTenantry({ servers });
      const call = async ({ workspace, user, session, server, key }: Identity, index: number) => {
        const address = session === undefined ? user : { user, session };
        const client = tenantry.workspace(workspace).as(address, { key: keyOf(`${key}`) });
        const answer = await client.callTool({ server, tool: "echo" }, { text: `${index}` });
        expect(textOf(answer)).toBe(`${index}`);
      };
      // Each calls twice, all at once, and once more when everybody is connected.
      await Promise.all([...all, ...all].map((one, index) => call(one, index % all.length)));
      for (const [index, one] of [...all.entries()].toReversed()) await call(one, index);
      expect(tenantry.stats().connections).toBe(all.length);
      checkRequests(server.requests.slice(before), all, era);
    });
    await fc.assert(property, { numRuns: 10, interruptAfterTimeLimit: 1_500 });
    expect(server.crossings).toEqual([]);
  }, 20_000);

  it("two users in turns, many times, never meet on a connection", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const users = ["ada", "bob"] as const;
    const clients = users.map((user) => tenantry.workspace("acme").as(user, { key: keyOf(user) }));
    for (let round = 0; round < 20; round++) {
      const calls = Array.from({ length: 10 }, (_, index) => clients[index % 2]!.callTool("notes__whoami"));
      const answers = (await Promise.all(calls)).map(textOf);
      expect(answers).toEqual(Array.from(answers, (_, index) => users[index % 2]));
    }
    expect(server.crossings).toEqual([]);
    expect(tenantry.stats().connections).toBe(2);
    expect(handshakes(server, era)).toBe(2);
  });

  it("users who happen to have the same key still have connections of their own", async () => {
    await using server = await startKeyedServer(era, ["team"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const clients = [acme.as("ada", { key: keyOf("team") }), acme.as("bob", { key: keyOf("team") })];
    const sessions = await sessionsOf(clients);
    expect(tenantry.stats().entries.map(({ scope }) => scope)).toMatchObject([
      { user: "ada" },
      { user: "bob" },
    ]);
    if (era === "legacy") expect(new Set(sessions).size).toBe(2);
  });

  it("a user's two conversations, and two keys in one of them, are connections of their own", async () => {
    await using server = await startKeyedServer(era, ["ada", "ada-2"], { onCrossing: "fail" });
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const clients = [
      acme.as("ada", { key: keyOf("ada") }),
      acme.as({ user: "ada", session: "1" }, { key: keyOf("ada") }),
      acme.as({ user: "ada", session: "2" }, { key: keyOf("ada") }),
      acme.as({ user: "ada", session: "2" }, { key: keyOf("ada-2") }),
    ];
    const counts = async () =>
      (await Promise.all(clients.map((one) => one.callTool("notes__counter")))).map(
        (one) => factsOf(one)["count"],
      );
    expect(await counts()).toEqual([1, 1, 1, 1]);
    expect(await counts()).toEqual(era === "legacy" ? [2, 2, 2, 2] : [1, 1, 1, 1]);
    expect(tenantry.stats().connections).toBe(4);
  });

  it("a tool list is each user's own", async () => {
    const tool = (name: string) => ({
      definition: { name, inputSchema: { type: "object" as const } },
      call: () => ({ content: [{ type: "text" as const, text: name }] }),
    });
    const toolsFor = (user: string | undefined) => [tool("read"), ...(user === "ada" ? [tool("erase")] : [])];
    await using server = await startKeyedServer(era, ["ada", "bob"], { toolsFor });
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const [ada, bob] = ["ada", "bob"].map((user) =>
      tenantry.workspace("acme").as(user, { key: keyOf(user) }),
    );
    const listed = async (client = ada) => (await client!.listTools()).tools.map(({ name }) => name);
    expect(await Promise.all([listed(ada), listed(bob)])).toEqual([
      ["notes__read", "notes__erase"],
      ["notes__read"],
    ]);
    expect(textOf(await ada!.callTool("notes__erase"))).toBe("erase");
    const calls = () => server.requests.filter(({ rpc }) => rpc === "tools/call").length;
    const before = calls();
    // Bob's connection has not been told of the tool, whoever else has.
    expect(await codeOf(bob!.callTool("notes__erase"))).toBe("TOOL_UNKNOWN");
    expect(calls()).toBe(before);
  });

  it.each([
    { share: "workspace", connections: 2 },
    { share: "everyone", connections: 1 },
  ] as const)("share: $share makes one connection without any user's key", async ({ share, connections }) => {
    await using server = await startFakeServer({ era });
    const credential = header(keyHeader, fromContext("key"), { required: false });
    await using tenantry = createTenantry({ servers: { team: { url: server.url, share, credential } } });
    const clients = ["acme", "globex"].flatMap((workspace) =>
      ["ada", "bob"].map((user) => tenantry.workspace(workspace).as(user, { key: keyOf(user) })),
    );
    const sessions = await sessionsOf(clients, "team");
    expect(keysSeen(server)).toEqual(["none"]);
    expect(tenantry.stats().connections).toBe(connections);
    expect(JSON.stringify(tenantry.stats())).not.toMatch(/ada|bob/u);
    if (era === "legacy") expect(new Set(sessions).size).toBe(connections);
  });

  it.each(["workspace", "everyone"] as const)(
    "share: %s with a user's key is refused instead of being opened with somebody's",
    async (share) => {
      await using server = await startKeyedServer(era, ["ada"]);
      await using tenantry = createTenantry({ servers: { team: { ...keyedDefinition(server), share } } });
      const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
      expect(await codeOf(ada.callTool("team__whoami"))).toBe("CREDENTIAL_MISSING");
      expect(server.requests).toEqual([]);
    },
  );

  it.each(["workspace", "everyone"] as const)(
    "share: %s carries the key that is everybody's, although the users have keys of that name",
    async (share) => {
      await using server = await startKeyedServer(era, ["team", "ada", "bob"]);
      const credential = header(keyHeader, chain([fromContext("key"), fromStatic(keyOf("team"))]));
      await using tenantry = createTenantry({ servers: { team: { url: server.url, share, credential } } });
      const clients = ["ada", "bob"].map((user) => tenantry.workspace("acme").as(user, { key: keyOf(user) }));
      await sessionsOf(clients, "team");
      expect(keysSeen(server)).toEqual([keyOf("team")]);
    },
  );

  it("one URL, shared and not shared, is two connections, and the shared one stays keyless", async () => {
    await using server = await startFakeServer({ era });
    const own: ServerDefinition = keyedDefinition(server);
    await using tenantry = createTenantry({
      servers: {
        own,
        team: { url: server.url, share: "workspace" },
        all: { url: server.url, share: "everyone" },
      },
    });
    const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
    for (const id of ["own", "team", "all", "own"]) await ada.callTool({ server: id, tool: "whoami" });
    expect(tenantry.stats().entries.map(({ scope }) => scope.share)).toEqual([
      "user",
      "workspace",
      "everyone",
    ]);
    const calls = server.requests.filter(({ rpc }) => rpc === "tools/call");
    expect(keysOf(calls)).toEqual([keyOf("ada"), "none", "none", keyOf("ada")]);
  });

  it("a workspace's own server of the same name is another connection, with its own key", async () => {
    await using first = await startKeyedServer(era, ["acme"]);
    await using second = await startKeyedServer(era, ["globex"]);
    const keyed = ({ url }: FakeServer, key: string): ServerDefinition => ({
      url,
      share: "everyone",
      credential: header(keyHeader, fromStatic(key)),
    });
    await using tenantry = createTenantry({
      workspaces: {
        acme: { servers: { notes: keyed(first, keyOf("acme")) } },
        globex: { servers: { notes: keyed(second, keyOf("globex")) } },
      },
    });
    const answers = ["acme", "globex", "acme"].map((name) =>
      tenantry.workspace(name).as("ada").callTool("notes__whoami"),
    );
    expect((await Promise.all(answers)).map(textOf)).toEqual(["acme", "globex", "acme"]);
    expect([keysSeen(first), keysSeen(second)]).toEqual([[keyOf("acme")], [keyOf("globex")]]);
  });

  it("a key function's answers never change places, whichever comes first", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob", "carl"]);
    const turns = new Map<string, PromiseWithResolvers<void>>(
      ["ada", "bob", "carl"].map((user) => [user, Promise.withResolvers<void>()]),
    );
    const vault = fromFunction(async ({ scope }) => {
      const user = scope.share === "user" ? scope.user : "nobody";
      await turns.get(user)?.promise;
      return keyOf(user);
    });
    await using tenantry = createTenantry({
      servers: { notes: { url: server.url, credential: header(keyHeader, vault) } },
    });
    const calls = [...turns.keys()].map((user) =>
      tenantry.workspace("acme").as(user).callTool("notes__whoami"),
    );
    for (const { resolve } of [...turns.values()].toReversed()) resolve();
    expect((await Promise.all(calls)).map(textOf)).toEqual(["ada", "bob", "carl"]);
  });
});

it("names that are spelled alike once they are joined are pipes of their own, whatever they are joined by", async () => {
  const memory = inMemoryServer();
  const separators = [
    "",
    ":",
    "::",
    "/",
    "//",
    ",",
    ", ",
    "|",
    ".",
    "-",
    "_",
    " ",
    "\u0000",
    "\n",
    '","',
    "%3A",
    "null",
  ];
  const all = separators.flatMap((by) => {
    const [xy, yz] = [`x${by}y`, `y${by}z`];
    const server = yz.replaceAll(/\p{Cc}/gu, "␀");
    return [
      { workspace: xy, user: "z", server: "s" },
      { workspace: "x", user: yz, server: "s" },
      { workspace: "x", user: "u", session: yz, server: "s" },
      { workspace: "x", user: `u${by}y`, session: "z", server: "s" },
      { workspace: "x", user: "u", server },
      { workspace: `x${by}u`, user: "y", server },
    ];
  });
  const definition = { connect: memory.connect, credential: env("KEY", fromStatic(keyOf("all"))) };
  const servers = Object.fromEntries(all.map(({ server }) => [server, definition]));
  await using tenantry = createTenantry({ servers });
  for (const { workspace, server, ...address } of [...all, ...all]) {
    await tenantry.workspace(workspace).as(address).callTool({ server, tool: "echo" });
  }
  const distinct = new Set(
    all.map(({ workspace, user, session, server }) => JSON.stringify([workspace, user, session, server])),
  );
  expect(memory.pipes.length).toBe(distinct.size);
});

it("each user has a child process of their own, with their own key in its environment", async () => {
  await using tenantry = createTenantry({
    servers: {
      child: {
        command: process.execPath,
        args: [stdioServerPath],
        credential: env("USER_KEY", fromContext("key")),
      },
    },
  });
  const askers = ["ada", "bob", "ada", "bob"];
  const answers = await Promise.all(
    askers.map((user) =>
      tenantry
        .workspace("acme")
        .as(user, { key: keyOf(user) })
        .callTool("child__whoami"),
    ),
  );
  const facts = answers.map(factsOf);
  expect(facts.map(({ userKey }) => userKey)).toEqual(askers.map(keyOf));
  const pids = facts.map(({ pid }) => pid);
  expect(pids.slice(2)).toEqual(pids.slice(0, 2));
  expect(new Set(pids).size).toBe(2);
});

it("a server in this process has a pipe for each user, and for each workspace where it is shared", async () => {
  const own = inMemoryServer({
    authenticate: { variable: "KEY", keys: { [keyOf("ada")]: "ada", [keyOf("bob")]: "bob" } },
  });
  const shared = inMemoryServer();
  await using tenantry = createTenantry({
    servers: {
      own: { connect: own.connect, credential: env("KEY", fromContext("key")) },
      shared: {
        connect: shared.connect,
        share: "workspace",
        credential: env("KEY", fromContext("key"), { required: false }),
      },
    },
  });
  for (const workspace of ["acme", "globex"]) {
    for (const user of ["ada", "bob", "ada"]) {
      const client = tenantry.workspace(workspace).as(user, { key: keyOf(user) });
      expect(textOf(await client.callTool("own__whoami"))).toBe(user);
      await client.callTool("shared__whoami");
    }
  }
  expect(own.pipes.map(({ user }) => user)).toEqual(["ada", "bob", "ada", "bob"]);
  expect(shared.pipes.map(({ env }) => env)).toEqual([{}, {}]);
});

it("a parked session is resumed by its own principal only, even where several users have one key", async () => {
  const clock = manualClock();
  const keys = { [keyOf("all")]: "all" };
  await using server = await startFakeServer({
    era: "legacy",
    authenticate: { header: keyHeader, keys },
  });
  await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) }, clock });
  const principals = [
    { workspace: "acme", user: "ada" },
    { workspace: "acme", user: "bob" },
    { workspace: "globex", user: "ada" },
    { workspace: "acme", user: "ada", session: "second" },
  ];
  const sessionOf = async ({ workspace, ...address }: (typeof principals)[number]) => {
    const client = tenantry.workspace(workspace).as(address, { key: keyOf("all") });
    await client.callTool({ server: "notes", tool: "echo" });
    return server.requests.findLast(({ tool }) => tool === "echo")?.sessionId;
  };
  const first: unknown[] = [];
  for (const principal of principals) {
    first.push(await sessionOf(principal));
    await clock.advance(300_000);
  }
  expect(tenantry.stats().byState.parked).toBe(principals.length);
  expect(new Set(first).size).toBe(principals.length);
  const second: unknown[] = [];
  for (const principal of principals.toReversed()) second.unshift(await sessionOf(principal));
  expect(second).toEqual(first);
});
it("a new generation of a grant stays on its connection, and another grant gets its own", async () => {
  await using world = await createGrantWorld({ era: "legacy" });
  const { tenantry, acme, mail } = world;
  await world.connect("ada");
  const ada = acme.as("ada");
  const session = async () => {
    await ada.callTool("mail__whoami");
    return mail.requests.findLast(({ tool }) => tool === "whoami")?.sessionId;
  };
  const first = await session();
  endAccessTokens(world);
  expect(await session()).toBe(first);
  expect(world.refreshes()).toBe(1);

  // The person grants anew: that is another authority, which no connection of the old one may carry.
  await acme.disconnect("ada", "mail");
  expect(tenantry.stats().connections).toBe(0);
  await world.connect("ada");
  expect(await session()).not.toBe(first);
  expect(tenantry.stats().connections).toBe(1);
});

it.each(["workspace", "everyone"] as const)(
  "what a server still says of one user's call reaches nobody else on a connection for %s",
  async (share) => {
    const hello = { protocolVersion: "2025-11-25", serverInfo: { name: "s", version: "1" } };
    const replies: unknown[] = [];
    const connect = inProcess(async (transport) => {
      const say = (message: object) => void transport.send({ jsonrpc: "2.0", ...message });
      const params = {
        mode: "form",
        message: "Ada, your PIN?",
        requestedSchema: { type: "object", properties: {} },
      };
      transport.onmessage = (message) => {
        const {
          id,
          method,
          params: asked,
          error,
        } = message as {
          id: unknown;
          method?: string;
          params: { name?: string };
          error: unknown;
        };
        if (method === undefined) replies.push(error);
        if (method === "initialize")
          say({ id, result: { ...hello, capabilities: { tools: {}, logging: {} } } });
        if (method !== "tools/call") return;
        // Ada has her answer when the server comes back to her call, and then bob's is the only one in flight.
        if (asked.name === "of bob") {
          say({ method: "notifications/message", params: { level: "info", data: "Ada's salary" } });
          say({ id: "q", method: "elicitation/create", params });
        }
        setImmediate(() => say({ id, result: { content: [] } }));
      };
      await transport.start();
    });
    await using tenantry = createTenantry({ servers: { notes: { connect, share, era: "legacy" } } });
    const heard: unknown[] = [];
    const call = (user: string) =>
      tenantry
        .workspace("acme")
        .as(user)
        .callTool(
          { server: "notes", tool: `of ${user}` },
          {},
          {
            onLog: ({ data }) => heard.push([user, data]),
            handlers: {
              onElicitation: ({ message }) => {
                heard.push([user, message]);
                return { action: "accept" };
              },
            },
          },
        );
    await call("ada");
    await call("bob");
    expect(heard).toEqual([]);
    expect(replies).toEqual([expect.objectContaining({ code: -32_601 })]);
  },
);
it("a list marked as public is shared, and no other list is", async () => {
  const lists: string[] = [];
  const listOf = (path: string, key: string) => ({
    tools: [{ name: `of-${key}`, inputSchema: { type: "object" } }],
    ttlMs: 60_000,
    cacheScope: path,
    resultType: "complete",
  });
  const serve = (cacheScope: string) =>
    startWireServer(({ message, request, result }) => {
      lists.push(`${cacheScope} ${message.method} ${String(request.headers["x-key"])}`);
      result(listOf(cacheScope, String(request.headers["x-key"])));
    });
  await using open = await serve("public");
  await using closed = await serve("private");
  const credential = header("x-key", fromContext("key"));
  await using tenantry = createTenantry({
    servers: {
      open: { url: open.url, era: "modern", credential },
      closed: { url: closed.url, era: "modern", credential },
    },
  });
  const listed = async (user: string) => {
    const { tools } = await tenantry.workspace("acme").as(user, { key: user }).listTools();
    return tools.map(({ name }) => name);
  };
  expect(await listed("ada")).toEqual(["open__of-ada", "closed__of-ada"]);
  expect(await listed("bob")).toEqual(["open__of-ada", "closed__of-bob"]);
  expect(lists).toEqual(
    expect.arrayContaining(["public tools/list ada", "private tools/list ada", "private tools/list bob"]),
  );
  expect(lists).toHaveLength(3);
  // Whoever may not use the server is shown nothing of it.
  const { tools, unavailable } = await tenantry.workspace("acme").as("eve").listTools();
  expect(tools).toEqual([]);
  expect(unavailable.map(({ error }) => error.code)).toEqual(["CREDENTIAL_MISSING", "CREDENTIAL_MISSING"]);
});

/** Each call came with its asker's own key; in the legacy era each asker has one session, and nobody else has it. */
function checkRequests(requests: readonly RecordedRequest[], all: readonly Identity[], era: LawEra): void {
  const calls = requests.filter(({ rpc }) => rpc === "tools/call");
  const askers = calls.map(({ body }) => {
    const { params } = body as { params: { arguments: { text: string } } };
    return Number(params.arguments.text);
  });
  expect(calls.length).toBe(all.length * 3);
  expect(keysOf(calls)).toEqual(askers.map((index) => keyOf(`${all[index]?.key}`)));
  const pairs = new Set(calls.map(({ sessionId }, at) => `${askers[at]} ${sessionId}`));
  const sessions = new Set(calls.map(({ sessionId }) => sessionId));
  expect([pairs.size, sessions.size]).toEqual([all.length, era === "legacy" ? all.length : 1]);
}

function keysOf(requests: readonly RecordedRequest[]): readonly string[] {
  return requests.map(({ headers }) => headers[keyHeader] ?? "none");
}

/** The session in which the server answered each client. */
async function sessionsOf(
  clients: readonly WorkspaceClient[],
  server = "notes",
): Promise<readonly unknown[]> {
  const answers = await Promise.all(clients.map((client) => client.callTool({ server, tool: "whoami" })));
  return answers.map((answer) => factsOf(answer)["sessionId"]);
}
