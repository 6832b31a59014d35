// The security cases of routing and of lists: RTE-01 to -06, -10 and -13, ISO-08, ISO-10 and DOS-08, each through a whole
// instance and real servers.
import { startFakeServer } from "@tenantry/testing";
import {
  createTenantry,
  fromContext,
  header,
  inProcess,
  type ServerDefinition,
  type WorkspaceEvent,
} from "tenantry";
import { describe, expect, it, vi } from "vitest";
import { failureOf } from "./fixture/outcome.ts";
import { startOfferingServer, type Offer, type OfferingServer } from "./fixture/offering-server.ts";
import { startWireServer, type WireExchange } from "./fixture/wire-server.ts";

const legal = /^[A-Za-z0-9_-]{1,64}$/u;
const textOf = (result: { readonly content: readonly unknown[] }) =>
  (result.content[0] as { text: string }).text;

/** Servers that offer what they are told, and one user of a workspace with all of them. */
async function world(offers: Readonly<Record<string, Offer>>, names?: "prefixed" | "plain") {
  const servers = new Map<string, OfferingServer>();
  for (const [id, offer] of Object.entries(offers))
    servers.set(id, await startOfferingServer(id, () => offer));
  const definitions: [string, ServerDefinition][] = [...servers].map(([id, { url }]) => [
    id,
    { url, era: "legacy" },
  ]);
  const tenantry = createTenantry({ servers: Object.fromEntries(definitions), ...(names && { names }) });
  return {
    tenantry,
    ada: tenantry.workspace("acme").as("ada"),
    at: (id: string) => servers.get(id)!,
    async [Symbol.asyncDispose]() {
      await tenantry.close();
      for (const server of servers.values()) await server[Symbol.asyncDispose]();
    },
  };
}

it("RTE-01: a tool that two servers have is listed under two names, always the same, and a bare name is nobody's", async () => {
  await using all = await world({ notes: { tools: ["search"] }, wiki: { tools: ["search"] } });
  const { tools } = await all.ada.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["notes__search", "wiki__search"]);
  expect(textOf(await all.ada.callTool("wiki__search"))).toBe("wiki search");
  expect((await failureOf(all.ada.callTool("search"))).code).toBe("TOOL_UNKNOWN");
  expect(all.at("notes").count("tools/call")).toBe(0);
});

it("RTE-01: without prefixes it is listed under no name, and both servers are named", async () => {
  await using all = await world(
    { notes: { tools: ["search", "read"] }, wiki: { tools: ["search"], prompts: ["ask"] } },
    "plain",
  );
  expect(await all.ada.listTools()).toMatchObject({
    tools: [{ name: "read", origin: { server: "notes", tool: "read" } }],
    ambiguous: [{ name: "search", servers: ["notes", "wiki"] }],
  });
  expect(textOf(await all.ada.callTool("read"))).toBe("notes read");
  expect((await failureOf(all.ada.callTool("search"))).code).toBe("TOOL_UNKNOWN");
  expect(textOf(await all.ada.callTool({ server: "wiki", tool: "search" }))).toBe("wiki search");
  expect((await all.ada.getPrompt("ask")).messages).toMatchObject([{ content: { text: "wiki ask" } }]);
});

it.each(["prefixed", "plain"] as const)(
  "RTE-02: where two servers' ids and tools spell the same, each has its own name (%s)",
  async (names) => {
    await using all = await world(
      {
        a: { tools: ["b_c", "b__c", "_c"] },
        a_b: { tools: ["c"] },
        a__b: { tools: ["c"] },
        a_: { tools: ["c"] },
      },
      names,
    );
    const { tools, ambiguous = [] } = await all.ada.listTools();
    expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
    for (const { name, origin } of tools)
      expect(textOf(await all.ada.callTool(name))).toBe(`${origin.server} ${origin.tool}`);
    expect(tools.length + ambiguous.flatMap(({ servers }) => servers).length).toBe(6);
  },
);

const oddNames = [
  ...["__proto__", "constructor", "toString", "", " ", "x".repeat(300), "a/b", "list tools"],
  ...["ad\u0000min", "zero\u200bwidth", "\u202eright-to-left", "\u0430dmin", "tool--0123456789ab", "😀"],
];

it.each(["prefixed", "plain"] as const)(
  "RTE-03: a tool or a prompt with a hostile name has a legal one of its own, by which it is called (%s)",
  async (names) => {
    await using all = await world({ notes: { tools: oddNames, prompts: oddNames } }, names);
    const [{ tools }, { prompts }] = await Promise.all([all.ada.listTools(), all.ada.listPrompts()]);
    for (const listed of [tools, prompts]) {
      expect(listed).toHaveLength(oddNames.length);
      expect(new Set(listed.map(({ name }) => name)).size).toBe(oddNames.length);
      for (const { name } of listed) expect(name).toMatch(legal);
    }
    for (const { name, origin } of tools)
      expect(textOf(await all.ada.callTool(name))).toBe(`notes ${origin.tool}`);
    for (const { name, origin } of prompts)
      expect((await all.ada.getPrompt(name)).messages).toMatchObject([
        { content: { text: `notes ${origin.prompt}` } },
      ]);
  },
);

it("RTE-04: a server that comes or goes renames nothing of the others", async () => {
  const offer = { tools: ["a", "b c"], prompts: ["p q"] };
  const namesWith = async (others: Readonly<Record<string, Offer>>) => {
    await using all = await world({ notes: offer, ...others });
    const [{ tools }, { prompts }] = await Promise.all([all.ada.listTools(), all.ada.listPrompts()]);
    return [...tools, ...prompts].filter(({ origin }) => origin.server === "notes").map(({ name }) => name);
  };
  const alone = await namesWith({});
  expect(alone).toHaveLength(3);
  expect(await namesWith({ notes_: offer, "notes.": offer, wiki: offer })).toEqual(alone);
});

it("RTE-05: a tool that is switched off is as unknown as one that there is not, however it is addressed", async () => {
  await using all = await world({ notes: { tools: ["read", "erase"] } });
  const acme = all.tenantry.workspace("acme");
  await acme.servers.tool("notes", "erase", { enabled: false });
  const ada = acme.as("ada");
  const notes = all.at("notes");
  const { tools } = await ada.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["notes__read"]);
  const lessons = async (user: string, name: string) => {
    const client = acme.as(user);
    await client.listTools();
    const learnt: object[] = [];
    for (const tool of [`notes__${name}`, { server: "notes", tool: name }]) {
      const before = notes.messages.length;
      const { code, message, delivery, retryable, server } = await failureOf(client.callTool(tool));
      const asked = notes.messages.slice(before).map(({ method }) => method);
      learnt.push({ code, message: message.replaceAll(name, "NAME"), delivery, retryable, server, asked });
    }
    return learnt;
  };
  expect(await lessons("bob", "erase")).toEqual(await lessons("eve", "none"));
  expect(all.at("notes").count("tools/call")).toBe(0);
  expect(textOf(await ada.callTool({ server: "notes", tool: "read" }))).toBe("notes read");
});

describe("RTE-06: a URI that two servers have", () => {
  const uri = "file:///notes.txt";

  it("is read from the one that is named, and from none where none is", async () => {
    await using all = await world({ a: { resources: [uri, "file:///a"] }, b: { resources: [uri] } });
    const { resources } = await all.ada.listResources();
    expect(resources.map((one) => [one.uri, one.origin.server])).toEqual([
      [uri, "a"],
      ["file:///a", "a"],
      [uri, "b"],
    ]);
    expect((await failureOf(all.ada.readResource(uri))).code).toBe("RESOURCE_UNKNOWN");
    expect((await all.ada.readResource({ server: "b", uri })).contents).toMatchObject([{ uri, text: "b" }]);
    expect((await all.ada.readResource("file:///a")).contents).toMatchObject([{ text: "a" }]);
    expect([all.at("a").count("resources/read"), all.at("b").count("resources/read")]).toEqual([1, 1]);
  });

  it("is never read from a server that the user is not shown", async () => {
    await using shown = await startOfferingServer("shown", () => ({}));
    const offer = { resources: [uri], templates: ["file:///{+path}"] };
    await using hidden = await startOfferingServer("hidden", () => offer);
    await using tenantry = createTenantry({
      workspaces: {
        acme: { servers: { shown: { url: shown.url, era: "legacy" } } },
        globex: { servers: { hidden: { url: hidden.url, era: "legacy" } } },
      },
    });
    const ada = tenantry.workspace("acme").as("ada");
    for (const resource of [uri, { server: "hidden", uri }])
      expect((await failureOf(ada.readResource(resource))).code).toBe("RESOURCE_UNKNOWN");
    expect(hidden.messages).toEqual([]);
    expect(shown.count("resources/read")).toBe(0);
  });

  it("is read from the one that has a template for it, where none lists it", async () => {
    await using all = await world({
      a: { templates: ["note:///{id}", "log:///{+path}"] },
      b: { templates: ["note:///{id}/parts/{part}", "log:///{+path}"] },
    });
    expect((await all.ada.readResource("note:///5")).contents).toMatchObject([{ text: "a" }]);
    expect((await all.ada.readResource("note:///5/parts/6")).contents).toMatchObject([{ text: "b" }]);
    for (const none of ["log:///x", "note:///5/6", "other:///5"])
      expect((await failureOf(all.ada.readResource(none))).code).toBe("RESOURCE_UNKNOWN");
    const { values } = await all.ada.complete(
      { resourceTemplate: "note:///{id}" },
      { name: "id", value: "5" },
    );
    expect(values[0]).toBe("a");
  });
});

it("RTE-10: servers that are down or slow keep nobody from the others, and are named; so where all are", async () => {
  await using good = await startOfferingServer("good", () => ({ tools: ["a"] }));
  await using hung = await startWireServer(() => {});
  const down = { url: "http://127.0.0.1:9/mcp", era: "legacy" } as const;
  await using tenantry = createTenantry({
    servers: { down, hung: { url: hung.url, era: "legacy" }, good: { url: good.url, era: "legacy" } },
    workspaces: { acme: {} },
  });
  const listing = await tenantry.workspace("acme").as("ada").listTools({ timeoutMs: 500 });
  expect(listing.tools.map(({ name }) => name)).toEqual(["good__a"]);
  expect(listing.unavailable).toMatchObject([
    { server: "down", error: { code: "CONNECT_FAILED" } },
    { server: "hung", error: { code: "TIMEOUT" } },
  ]);
  await using alone = createTenantry({ servers: { down } });
  expect(await alone.workspace("acme").as("ada").listTools()).toMatchObject({
    tools: [],
    unavailable: [{ server: "down" }],
  });
});

it("RTE-13: servers of either era and of both are listed and called alike, one that was down at first too", async () => {
  await using legacy = await startFakeServer({ era: "legacy" });
  await using modern = await startFakeServer({ era: "modern" });
  await using dual = await startFakeServer({ era: "dual" });
  // It says that it speaks a revision that nobody has heard of, and answers handshakes of the legacy era only.
  await using lying = await startWireServer(
    ({ message, json, result }) => {
      if (message.method !== "tools/list")
        return json({ jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "" } });
      result({ tools: [{ name: "echo", inputSchema: { type: "object" } }] });
    },
    {
      onPost: ({ message, json, result, response }) => {
        if (message.id === undefined) return void response.writeHead(202).end();
        if (message.method === "server/discover")
          return result({ supportedVersions: ["2099-01-01"], capabilities: {} });
        if (message.method === "initialize")
          return result({
            protocolVersion: "2025-11-25",
            capabilities: { tools: {} },
            serverInfo: { name: "l", version: "1" },
          });
        if (message.method === "tools/list")
          return result({ tools: [{ name: "echo", inputSchema: { type: "object" } }] });
        json({ jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "no such method" } });
      },
    },
  );
  const servers = { legacy, modern, dual, lying };
  for (const server of [legacy, modern, dual])
    server.faults.add({ kind: "answer", status: 503 }, { times: 1 });
  await using tenantry = createTenantry({
    servers: Object.fromEntries(Object.entries(servers).map(([id, { url }]) => [id, { url }])),
  });
  const ada = tenantry.workspace("acme").as("ada");
  await ada.listTools();
  await vi.waitFor(
    async () => expect((await ada.listTools({ fresh: true })).unavailable).toEqual([]),
    20_000,
  );
  const { tools } = await ada.listTools();
  expect(new Set(tools.map(({ origin }) => origin.server))).toEqual(
    new Set(["legacy", "modern", "dual", "lying"]),
  );
  for (const id of ["legacy", "modern", "dual"])
    expect(textOf(await ada.callTool(`${id}__echo`, { text: "hi" }))).toBe("hi");
});

describe("ISO-08: what a server says in a call", () => {
  /** A legacy server that asks its caller, logs and tells of progress on the call's own stream, and says what it was told. */
  const asking = (exchange: WireExchange): boolean => {
    const { message, response } = exchange;
    const token = (message.params as { _meta?: { progressToken?: unknown } })._meta?.progressToken;
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (one: object) => response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...one })}\n\n`);
    const whose = message.params?.arguments?.["whose"];
    say({ method: "notifications/message", params: { level: "info", data: whose } });
    say({ method: "notifications/progress", params: { progressToken: token, progress: 1, message: whose } });
    say({
      ...{ id: `q-${String(whose)}`, method: "elicitation/create" },
      params: { message: whose, requestedSchema: { type: "object", properties: {} } },
    });
    answers.set(`q-${String(whose)}`, (said) => {
      say({ id: message.id, result: { content: [{ type: "text", text: JSON.stringify(said) }] } });
      response.end();
    });
    return true;
  };
  const answers = new Map<string, (said: unknown) => void>();

  it("reaches the handlers of that call, else those of its view, and nobody else's", async () => {
    await using server = await startWireServer(() => {}, {
      onPost: (exchange) => {
        const { message, response, result } = exchange;
        const { id, method } = message;
        if (method === "initialize")
          return result({
            protocolVersion: "2025-11-25",
            capabilities: { tools: {}, logging: {} },
            serverInfo: { name: "w", version: "1" },
          });
        if (method === "tools/call") return void asking(exchange);
        response.writeHead(202).end();
        if (method === undefined) answers.get(String(id))?.((message as { result?: unknown }).result);
      },
    });
    await using tenantry = createTenantry({ servers: { notes: { url: server.url, era: "legacy" } } });
    const heard: string[] = [];
    const told = (who: string) => ({
      onElicitation: ({ message }: { readonly message: string }) => {
        heard.push(`${who} is asked ${message}`);
        return { action: "accept" as const, content: {} };
      },
      onLog: ({ data }: { readonly data: unknown }) => void heard.push(`${who} hears ${String(data)}`),
    });
    const acme = tenantry.workspace("acme");
    const [ada, bob] = [acme.as("ada", {}, told("ada")), acme.as("bob", {}, told("bob"))];
    const call = (client: typeof ada, whose: string, options = {}) =>
      client.callTool(
        { server: "notes", tool: "t" },
        { whose },
        {
          onProgress: ({ message }) => heard.push(`${whose} sees ${message}`),
          ...options,
        },
      );
    await Promise.all([call(ada, "ada-1"), call(bob, "bob-1"), call(ada, "ada-2")]);
    const { onElicitation, onLog } = told("ada herself");
    await call(ada, "ada-3", { handlers: { onElicitation }, onLog });
    expect(heard.toSorted()).toEqual(
      [
        ...["ada-1", "ada-2"].flatMap((one) => [
          `ada hears ${one}`,
          `ada is asked ${one}`,
          `${one} sees ${one}`,
        ]),
        ...["bob hears bob-1", "bob is asked bob-1", "bob-1 sees bob-1"],
        ...["ada herself hears ada-3", "ada herself is asked ada-3", "ada-3 sees ada-3"],
      ].toSorted(),
    );
    const offered = server.messages.filter(({ method }) => method === "initialize");
    expect(offered.map(({ params }) => (params as { capabilities?: unknown }).capabilities)).toEqual([
      { elicitation: expect.anything() as unknown },
      { elicitation: expect.anything() as unknown },
    ]);
  });

  it("is nobody's where the client has no handler: the server is told so and refused", async () => {
    const said: unknown[] = [];
    await using server = await startWireServer(() => {}, {
      onPost: (exchange) => {
        const { message, response, result } = exchange;
        const { id, method } = message;
        if (method === "initialize")
          return result({
            protocolVersion: "2025-11-25",
            capabilities: { tools: {} },
            serverInfo: { name: "w", version: "1" },
          });
        if (method === "tools/call") return void asking(exchange);
        response.writeHead(202).end();
        if (method !== undefined) return;
        said.push((message as { error?: { code?: unknown } }).error?.code);
        answers.get(String(id))?.("refused");
      },
    });
    await using tenantry = createTenantry({ servers: { notes: { url: server.url, era: "legacy" } } });
    await tenantry.workspace("acme").as("eve").callTool({ server: "notes", tool: "t" }, { whose: "eve" });
    expect(said).toEqual([-32601]);
    const [initialize] = server.messages.filter(({ method }) => method === "initialize");
    expect((initialize?.params as { capabilities?: unknown }).capabilities).toEqual({});
  });
});

describe("ISO-08: a change of a list", () => {
  it("is told to whoever subscribed, by the server that it came from", async () => {
    const offers: Record<string, string[]> = { a: ["one"], b: ["one"] };
    await using a = await startOfferingServer("a", () => ({ tools: offers["a"]! }));
    await using b = await startOfferingServer("b", () => ({ tools: offers["b"]! }));
    await using tenantry = createTenantry({
      servers: { a: { url: a.url, era: "legacy" }, b: { url: b.url, era: "legacy" } },
    });
    const acme = tenantry.workspace("acme");
    const heard: [string, WorkspaceEvent][] = [];
    await using hers = await acme.as("ada").subscribe({ tools: true }, (event) => heard.push(["ada", event]));
    await using _his = await acme
      .as("bob")
      .subscribe({ prompts: true }, (event) => heard.push(["bob", event]));
    expect(hers.unavailable).toEqual([]);
    expect((await acme.as("ada").listTools()).tools).toHaveLength(2);
    offers["b"]!.push("two");
    b.notify("notifications/tools/list_changed");
    await vi.waitFor(() => expect(heard).toEqual([["ada", { kind: "tools_changed", server: "b" }]]));
    expect((await acme.as("ada").listTools()).tools.map(({ name }) => name)).toEqual([
      "a__one",
      "b__one",
      "b__two",
    ]);
    expect([a.count("tools/list"), b.count("tools/list")]).toEqual([1, 2]);
  });

  it("is heard on one stream for all of one user's subscribers, which ends with the last of them", async () => {
    await using all = await world({ notes: { resources: ["note:///1"] } });
    const heard: unknown[] = [];
    const first = await all.ada.subscribe({ tools: true }, () => {});
    const second = await all.ada.subscribe({ tools: true, watched: ["note:///1"] }, (event) =>
      heard.push(event),
    );
    expect(all.at("notes").streams).toHaveLength(1);
    all.at("notes").notify("notifications/resources/updated", { uri: "note:///1" });
    await vi.waitFor(() =>
      expect(heard).toEqual([{ kind: "resource_updated", uri: "note:///1", server: "notes" }]),
    );
    await first.close();
    expect(all.at("notes").streams).toHaveLength(1);
    await second.close();
    expect(await second.closed).toEqual({ kind: "closed" });
    await vi.waitFor(() => expect(all.at("notes").streams).toHaveLength(0));
    expect(all.at("notes").count("resources/unsubscribe")).toBe(1);
  });
});

it.each(["legacy", "modern"] as const)(
  "a list that changes at the other end of a pipe is read anew, although nobody subscribed (%s)",
  async (era) => {
    const tools = ["one"];
    let change = () => {};
    let lists = 0;
    const connect = inProcess(async (transport) => {
      const say = (message: object) => void transport.send({ jsonrpc: "2.0", ...message });
      transport.onmessage = (given) => {
        const { id, method } = given as { readonly id?: unknown; readonly method?: string };
        const meta = { _meta: { "io.modelcontextprotocol/subscriptionId": id } };
        const hello = {
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: "p", version: "1" },
        };
        if (method === "initialize") {
          change = () => say({ method: "notifications/tools/list_changed" });
          say({ id, result: { protocolVersion: "2025-11-25", ...hello } });
        } else if (method === "server/discover") {
          say({ id, result: { resultType: "complete", supportedVersions: ["2026-07-28"], ...hello } });
        } else if (method === "subscriptions/listen") {
          change = () => say({ method: "notifications/tools/list_changed", params: meta });
          const params = { ...meta, notifications: { toolsListChanged: true } };
          say({ method: "notifications/subscriptions/acknowledged", params });
        } else if (method === "tools/list") {
          lists++;
          const listed = tools.map((name) => ({ name, inputSchema: { type: "object" } }));
          say({ id, result: { resultType: "complete", tools: listed } });
        }
      };
      await transport.start();
    });
    await using tenantry = createTenantry({ servers: { notes: { connect, era } } });
    const ada = tenantry.workspace("acme").as("ada");
    await ada.listTools();
    await ada.listTools();
    expect(lists).toBe(1);
    tools.push("two");
    change();
    await vi.waitFor(async () => expect((await ada.listTools()).tools).toHaveLength(2));
    expect(lists).toBe(2);
  },
);

it("DOS-08: a thousand changes of each list in a second are one change, and one refresh, of each", async () => {
  await using all = await world({ notes: { tools: ["a"], prompts: ["p"], resources: ["note:///1"] } });
  const { ada } = all;
  const lists = { tools: "tools/list", prompts: "prompts/list", resources: "resources/list" } as const;
  await Promise.all([ada.listTools(), ada.listPrompts(), ada.listResources()]);
  const heard: string[] = [];
  await using _subscription = await ada.subscribe(
    { tools: true, prompts: true, resources: true },
    ({ kind }) => {
      heard.push(kind);
      if (kind === "tools_changed") void ada.listTools();
      if (kind === "prompts_changed") void ada.listPrompts();
      if (kind === "resources_changed") void ada.listResources();
    },
  );
  const server = all.at("notes");
  for (let at = 0; at < 100; at++) {
    for (let again = 0; again < 10; again++)
      for (const kind of ["tools", "prompts", "resources"])
        server.notify(`notifications/${kind}/list_changed`);
    await new Promise((resolve) => setTimeout(resolve, 9));
  }
  await vi.waitFor(
    () => expect(heard.toSorted()).toEqual(["prompts_changed", "resources_changed", "tools_changed"]),
    3_000,
  );
  await vi.waitFor(() => {
    for (const method of Object.values(lists)) expect(server.count(method)).toBe(2);
  });
});

it("ISO-10: a list of one user is never given to another, whichever asks first", async () => {
  await using notes = await startOfferingServer("notes", ({ request }) => ({
    tools: [`of ${String(request.headers["x-key"])}`],
    resources: [`note:///${String(request.headers["x-key"])}`],
  }));
  await using tenantry = createTenantry({
    servers: { notes: { url: notes.url, era: "legacy", credential: header("x-key", fromContext("key")) } },
  });
  const as = (user: string) => tenantry.workspace("acme").as(user, { key: user });
  for (const user of ["ada", "bob", "ada", "bob"]) {
    expect((await as(user).listTools()).tools.map(({ origin }) => origin.tool)).toEqual([`of ${user}`]);
    expect((await as(user).listResources()).resources.map(({ uri }) => uri)).toEqual([`note:///${user}`]);
  }
  expect((await failureOf(as("ada").readResource("note:///bob"))).code).toBe("RESOURCE_UNKNOWN");
  expect(notes.count("tools/list")).toBe(2);
});
