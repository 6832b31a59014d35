// Law 1: whatever reaches a server does so for a workspace and a user that the host named for this very call.
// Nobody is assumed: not from the surroundings, not from another user, not from discovery; else nothing is sent.
import { AsyncLocalStorage } from "node:async_hooks";
import { readFile, readdir } from "node:fs/promises";
import { createRouter } from "@tenantry/router";
import {
  createTenantry,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  header,
  type Principal,
  type ServerDefinition,
  type UserAddress,
} from "tenantry";
import { inMemoryServer, stdioServerPath } from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import { codeOf, factsOf, textOf } from "./fixture/answers.ts";
import { startOfferingServer } from "./fixture/offering-server.ts";
import { failureOf, thrownBy } from "./fixture/outcome.ts";
import {
  eras,
  keyedDefinition,
  keyHeader,
  keyOf,
  keysSeen,
  posts,
  startKeyedServer,
} from "./fixture/servers.ts";

/** What is no id: missing, blank, of another type, too long, or no text. */
const noIds: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["null", null],
  ["empty", ""],
  ["blank", " \t\n"],
  ["a number", 7],
  ["a boolean", true],
  ["an array", ["ada"]],
  ["an object that reads as text", { toString: () => "ada" }],
  ["a String object", Object("ada")],
  ["a symbol", Symbol("ada")],
  ["half a surrogate pair", "ada\ud800"],
  ["over 256 characters", "a".repeat(257)],
];

it.each(noIds)(
  "a workspace, a user or a session that is %s is refused, and nothing is sent",
  async (_, id) => {
    await using server = await startKeyedServer("legacy", ["ada"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const context = { key: keyOf("ada") };
    expect(await thrownBy(() => tenantry.workspace(id as string))).toMatchObject(invalid);
    expect(await thrownBy(() => acme.as(id as string, context))).toMatchObject(invalid);
    expect(await thrownBy(() => acme.as({ user: id } as UserAddress, context))).toMatchObject(invalid);
    if (id !== undefined) {
      const address = { user: "ada", session: id } as UserAddress;
      expect(await thrownBy(() => acme.as(address, context))).toMatchObject(invalid);
    }
    expect(server.requests).toEqual([]);
  },
);

describe.each(eras)("against a %s server", (era) => {
  it.each([
    ["missing", undefined],
    ["empty", ""],
    ["blank", "  \t "],
    ["a number", 42],
    ["an object", { toString: () => keyOf("ada") }],
    ["null", null],
  ])(
    "a user whose key is %s gets an error that names server and slot, and nothing is sent",
    async (_, key) => {
      await using server = await startKeyedServer(era, ["ada"]);
      await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
      const ada = tenantry.workspace("acme").as("ada", { key });
      const missing = { code: "CREDENTIAL_MISSING", server: "notes", slot: keyHeader, delivery: "unsent" };
      expect(await failureOf(ada.callTool("notes__whoami"))).toMatchObject(missing);
      expect(await failureOf(ada.callTool({ server: "notes", tool: "whoami" }))).toMatchObject(missing);
      expect((await ada.listTools()).unavailable).toMatchObject([{ server: "notes", error: missing }]);
      expect(await ada.servers()).toMatchObject([{ status: "needs_authorization", error: missing }]);
      expect(server.requests).toEqual([]);
      expect(tenantry.stats()).toMatchObject({ connections: 0, sockets: 0 });
    },
  );

  it("a user without a key gets nothing of the users who have one, before, during or after their calls", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const ada = acme.as("ada", { key: keyOf("ada") });
    const carl = acme.as("carl");
    const during = await Promise.all([
      ada.callTool("notes__whoami").then(textOf),
      codeOf(carl.callTool("notes__whoami")),
      acme
        .as("bob", { key: keyOf("bob") })
        .callTool("notes__whoami")
        .then(textOf),
      codeOf(carl.callTool({ server: "notes", tool: "whoami" })),
    ]);
    expect(during).toEqual(["ada", "CREDENTIAL_MISSING", "bob", "CREDENTIAL_MISSING"]);
    const before = server.requests.length;
    expect(await codeOf(carl.callTool("notes__whoami"))).toBe("CREDENTIAL_MISSING");
    // The same user without the key is not served by the connection that the key has opened.
    expect(await codeOf(acme.as("ada").callTool("notes__whoami"))).toBe("CREDENTIAL_MISSING");
    expect(server.requests.length).toBe(before);
  });

  it("what the surroundings say of the user is not asked", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const ambient = new AsyncLocalStorage<object>();
    await ambient.run({ workspace: "acme", user: "ada", key: keyOf("ada") }, async () => {
      expect(await thrownBy(() => acme.as(undefined as never))).toMatchObject(invalid);
      expect(await codeOf(acme.as("ada").callTool("notes__whoami"))).toBe("CREDENTIAL_MISSING");
      const bob = acme.as("bob", { key: keyOf("bob") });
      expect(textOf(await bob.callTool("notes__whoami"))).toBe("bob");
    });
    expect(keysSeen(server)).toEqual([keyOf("bob")]);
  });

  it("a client stays its own principal's, whatever becomes of the objects that it was made of", async () => {
    await using server = await startKeyedServer(era, ["ada", "bob"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const address = { user: "ada" };
    const context = { key: keyOf("ada") };
    const ada = tenantry.workspace("acme").as(address, context);
    address.user = "bob";
    context.key = keyOf("bob");
    expect(ada.principal).toEqual({ workspace: "acme", user: "ada" });
    expect(() => Object.assign(ada.principal, { user: "bob" })).toThrow(TypeError);
    expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
    expect(tenantry.stats().entries.map(({ scope }) => scope)).toEqual([
      { share: "user", workspace: "acme", user: "ada" },
    ]);
  });

  it("discovery runs under its own credential, and its connection becomes nobody's", async () => {
    await using server = await startKeyedServer(era, ["agent", "ada"]);
    await using tenantry = createTenantry({ servers: { notes: discoverable(server) } });
    const acme = tenantry.workspace("acme");
    const { tools, unavailable } = await acme.discovery().listTools();
    expect(tools.map(({ name }) => name)).toContain("notes__whoami");
    expect(unavailable).toEqual([]);
    expect(keysSeen(server)).toEqual([keyOf("agent")]);
    expect(tenantry.stats()).toMatchObject({ connections: 0, entries: [] });

    const before = posts(server).length;
    expect(await codeOf(acme.as("carl").callTool("notes__whoami"))).toBe("CREDENTIAL_MISSING");
    const ada = acme.as("ada", { key: keyOf("ada") });
    expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
    expect((await ada.listTools()).unavailable).toEqual([]);
    const asked = posts(server).slice(before);
    expect(keysSeen({ requests: asked })).toEqual([keyOf("ada")]);
    // Not even the session is handed on.
    const sessions = (key: string) =>
      new Set(
        posts(server).flatMap(({ headers, sessionId }) => (headers[keyHeader] === key ? [sessionId] : [])),
      );
    const [agents, adas] = [sessions(keyOf("agent")), sessions(keyOf("ada"))].map((ids) =>
      [...ids].filter((id) => id !== undefined),
    );
    expect(agents!.filter((id) => adas!.includes(id))).toEqual([]);
    expect([agents!.length, adas!.length]).toEqual(era === "legacy" ? [1, 1] : [0, 0]);
  });

  it("discovery while users are connected borrows none of their connections", async () => {
    await using server = await startKeyedServer(era, ["agent", "ada"]);
    await using tenantry = createTenantry({ servers: { notes: discoverable(server) } });
    const acme = tenantry.workspace("acme");
    const ada = acme.as("ada", { key: keyOf("ada") });
    await ada.callTool("notes__whoami");
    const before = posts(server).length;
    await acme.discovery().listTools();
    expect(keysSeen({ requests: posts(server).slice(before) })).toEqual([keyOf("agent")]);
    expect(tenantry.stats().entries).toMatchObject([{ scope: { user: "ada" } }]);
  });

  it("without a discovery credential nothing is discovered and nothing is sent", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const acme = tenantry.workspace("acme");
    const missing = { code: "CREDENTIAL_MISSING", server: "notes", slot: "discovery" };
    expect(await acme.discovery().listTools()).toMatchObject({
      tools: [],
      unavailable: [{ server: "notes", error: missing }],
    });
    expect(server.requests).toEqual([]);
    await acme.as("ada", { key: keyOf("ada") }).callTool("notes__whoami");
    const before = server.requests.length;
    expect((await acme.discovery().listTools()).tools).toEqual([]);
    expect(server.requests.length).toBe(before);
  });

  it("anonymous discovery carries no key, also where users are connected", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    await using tenantry = createTenantry({
      servers: { notes: { ...keyedDefinition(server), discovery: "anonymous" } },
    });
    const acme = tenantry.workspace("acme");
    await acme.as("ada", { key: keyOf("ada") }).callTool("notes__whoami");
    const before = posts(server).length;
    expect((await acme.discovery().listTools()).unavailable).toMatchObject([
      { error: { code: "UNAUTHORIZED" } },
    ]);
    const asked = posts(server).slice(before);
    expect(asked.length).toBeGreaterThan(0);
    expect(keysSeen({ requests: asked })).toEqual(["none"]);
  });
});

it("a discovery credential that needs a user finds none", async () => {
  await using server = await startKeyedServer("modern", ["ada"]);
  await using tenantry = createTenantry({
    servers: { notes: { ...keyedDefinition(server), discovery: header(keyHeader, fromContext("key")) } },
  });
  const { unavailable } = await tenantry.workspace("acme").discovery().listTools();
  expect(unavailable).toMatchObject([{ error: { code: "CREDENTIAL_MISSING" } }]);
  expect(server.requests).toEqual([]);
});

it("a credential function is told who asks, and of a shared server that nobody does", async () => {
  await using server = await startKeyedServer("modern", ["ada"]);
  const asked: unknown[] = [];
  const credential = header(
    keyHeader,
    fromFunction(({ scope, context }) => (asked.push({ scope, context }), keyOf("ada"))),
  );
  await using tenantry = createTenantry({
    servers: {
      own: { url: server.url, credential },
      team: { url: server.url, credential, share: "workspace" },
      all: { url: server.url, credential, share: "everyone" },
    },
  });
  const ada = tenantry.workspace("acme").as({ user: "ada", session: "s1" }, { key: keyOf("ada") });
  for (const id of ["own", "team", "all"]) await ada.callTool({ server: id, tool: "whoami" });
  expect(asked).toEqual([
    {
      scope: { share: "user", workspace: "acme", user: "ada", session: "s1" },
      context: { key: keyOf("ada") },
    },
    { scope: { share: "workspace", workspace: "acme" }, context: {} },
    { scope: { share: "everyone" }, context: {} },
  ]);
});

it("a child process is not started, and a pipe not opened, for a user without a key", async () => {
  const memory = inMemoryServer();
  const credential = env("USER_KEY", fromContext("key"));
  await using tenantry = createTenantry({
    servers: {
      child: { command: process.execPath, args: [stdioServerPath], credential },
      memory: { connect: memory.connect, credential },
    },
  });
  const acme = tenantry.workspace("acme");
  const ada = acme.as("ada", { key: keyOf("ada") });
  expect(factsOf(await ada.callTool("child__whoami"))["userKey"]).toBe(keyOf("ada"));
  await ada.callTool("memory__echo");
  const missing = { code: "CREDENTIAL_MISSING", slot: "USER_KEY" };
  for (const name of ["child__whoami", "memory__echo"]) {
    expect(await failureOf(acme.as("bob").callTool(name))).toMatchObject(missing);
  }
  expect(memory.pipes.map(({ env }) => env)).toEqual([{ USER_KEY: keyOf("ada") }]);
  expect(tenantry.stats().entries.map(({ scope }) => scope)).toMatchObject([
    { user: "ada" },
    { user: "ada" },
  ]);
});

it("a router refuses a principal of another workspace and one that is none", async () => {
  await using tenantry = createTenantry({});
  const pool = { run: neverAsked, acquire: neverAsked };
  const { id } = tenantry.workspace("acme");
  const router = createRouter({ pool }).workspace(id, []);
  const { principal } = tenantry.workspace("globex").as("ada");
  for (const given of [principal, undefined, null, {}, { workspace: "acme" }, { user: "ada" }]) {
    expect(await thrownBy(() => router.as(given as Principal, {}))).toMatchObject(invalid);
  }
});

it("no published source asks for an ambient identity", async () => {
  const packages = new URL("../../packages/", import.meta.url);
  const files = (await readdir(packages, { recursive: true, withFileTypes: true })).filter(
    ({ name, parentPath }) => /\/src$/u.test(parentPath) && /^(?!.*\.test).*\.ts$/u.test(name),
  );
  expect(files.length).toBeGreaterThan(100);
  const texts = await Promise.all(
    files.map(
      async ({ parentPath, name }) => [name, await readFile(`${parentPath}/${name}`, "utf8")] as const,
    ),
  );
  // By a snapshot, work for everybody leaves the request in which it happens to begin; nothing can be read of one by it.
  const leaving = /import \{ AsyncLocalStorage \} from "node:async_hooks";|AsyncLocalStorage\.snapshot\(\)/gu;
  const suspects = texts.filter(([, text]) =>
    /AsyncLocalStorage|async_hooks|AsyncContext/u.test(text.replaceAll(leaving, "")),
  );
  expect(suspects.map(([name]) => name)).toEqual([]);
});

it("a subscription names its principal as a call does", async () => {
  await using server = await startOfferingServer("notes", () => ({ resources: ["note:///1"] }));
  const seen: unknown[] = [];
  const credential = header(
    "x-key",
    fromFunction(({ scope }) => (seen.push(scope), "key")),
  );
  await using tenantry = createTenantry({
    servers: { notes: { url: server.url, era: "legacy", credential } },
  });
  const acme = tenantry.workspace("acme");
  const filter = { tools: true, watched: [{ server: "notes", uri: "note:///1" }] };
  await using _hers = await acme.as("ada").subscribe(filter, () => {});
  expect(new Set(seen.map((scope) => JSON.stringify(scope)))).toEqual(
    new Set([JSON.stringify({ share: "user", workspace: "acme", user: "ada" })]),
  );
  expect(tenantry.stats().entries.map(({ scope }) => scope)).toMatchObject([{ user: "ada" }]);
  expect(await thrownBy(() => acme.as(undefined as never).subscribe(filter, () => {}))).toMatchObject(
    invalid,
  );
  expect(tenantry.stats().entries).toHaveLength(1);
});
it.todo(
  "policy and approvals are asked for the principal of the call — arrives with router and gateway, issue 6",
);
it.todo("an adapter takes the principal from the call's own context — arrives with adapters, issue 7");

const invalid = { code: "PRINCIPAL_INVALID", retryable: false, delivery: "unsent" };

function discoverable({ url }: { readonly url: URL }): ServerDefinition {
  return { ...keyedDefinition({ url }), discovery: header(keyHeader, fromStatic(keyOf("agent"))) };
}

function neverAsked(): never {
  throw new Error("The pool was asked.");
}
