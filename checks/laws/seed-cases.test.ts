import { createTenantry, fromContext, fromStatic, header, type ServerDefinition } from "tenantry";
import { manualClock, startRecorder } from "@tenantry/testing";
import { describe, expect, it, vi } from "vitest";
import { codeOf, textOf } from "./fixture/answers.ts";
import { failureOf } from "./fixture/outcome.ts";
import {
  eras,
  greeting,
  handshakes,
  keyedDefinition,
  keyHeader,
  keyOf,
  keysSeen,
  posts,
  startKeyedServer,
} from "./fixture/servers.ts";

// The scenarios in which the published per-user MCP plugin for elizaOS was measured, with the same outcome asked of
// Tenantry. "Published" says what was seen there; the rows carry the numbers of that table.

describe.each(eras)("measured on the published plugin, against a %s server", (era) => {
  const start = (...users: string[]) => startKeyedServer(era, users);

  // Published: passes.
  it("row 1: two users, each with a key of their own", async () => {
    await using server = await start("ada", "bob");
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const users = ["ada", "bob"].map((user) => tenantry.workspace("acme").as(user, { key: keyOf(user) }));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(users.map((user) => user.callTool("notes__whoami")));
      expect(answers.map(textOf)).toEqual(["ada", "bob"]);
    }
    expect(keysSeen(server)).toEqual([keyOf("ada"), keyOf("bob")]);
    expect(server.crossings).toEqual([]);
  });

  // Published: fails; the call is served with the agent's key.
  it("row 2: a call without a context is refused, and the agent's key does not stand in", async () => {
    await using server = await start("agent");
    await using tenantry = createTenantry({ servers: { notes: discoverable(server) } });
    const acme = tenantry.workspace("acme");
    expect((await acme.discovery().listTools()).unavailable).toEqual([]);
    const before = posts(server).length;
    expect(await codeOf(acme.as("carl").callTool("notes__whoami"))).toBe("CREDENTIAL_MISSING");
    expect(() => acme.as(undefined as never)).toThrow("PRINCIPAL_INVALID");
    expect(posts(server).slice(before)).toEqual([]);
  });

  // Published: fails; whoever is new after row 2 is served as the agent.
  it("row 3: a user who is new after a call without a context gets a connection of their own", async () => {
    await using server = await start("agent", "carl");
    await using tenantry = createTenantry({ servers: { notes: discoverable(server) } });
    const acme = tenantry.workspace("acme");
    await acme.discovery().listTools();
    await failureOf(acme.as("nobody").callTool("notes__whoami"));
    const before = posts(server).length;
    const carl = acme.as("carl", { key: keyOf("carl") });
    expect(textOf(await carl.callTool("notes__whoami"))).toBe("carl");
    expect(keysSeen({ requests: posts(server).slice(before) })).toEqual([keyOf("carl")]);
  });

  // Published: fails; every user's prompt lists `srv:A`, `srv:B`, which are the ids of the others.
  it("row 4: what a user is listed shows nobody else", async () => {
    await using server = await start("user-ada", "user-bob");
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const [ada, bob] = ["user-ada", "user-bob"].map((user) =>
      tenantry.workspace("acme").as(user, { key: keyOf(user) }),
    );
    await ada!.callTool("notes__whoami");
    const shown = JSON.stringify([await ada!.listTools(), await bob!.listTools(), await bob!.servers()]);
    expect(shown).toContain("notes__whoami");
    expect(shown).not.toMatch(/user-ada|user-bob|acme/u);
  });

  // Published: fails; the second call is told "not initialized".
  it("row 5: a second first call 50 ms after the first waits for the same handshake", async () => {
    const clock = manualClock();
    await using server = await startKeyedServer(era, ["ada"], { clock });
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) }, clock });
    const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
    server.faults.add({ kind: "delay", ms: 100 }, { rpc: greeting(era), times: 1 });

    const first = ada.callTool("notes__whoami");
    await vi.waitFor(() => expect(server.requests.some(({ rpc }) => rpc === greeting(era))).toBe(true));
    await clock.advance(50);
    expect(tenantry.stats().byState.connecting).toBe(1);
    const second = ada.callTool("notes__whoami");
    await clock.advance(50);
    expect([textOf(await first), textOf(await second)]).toEqual(["ada", "ada"]);
    expect(handshakes(server, era)).toBe(1);
  });

  // Published: passes.
  it("row 5b: five first calls in one tick make one handshake", async () => {
    await using server = await start("ada");
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
    const answers = await Promise.all(Array.from({ length: 5 }, () => ada.callTool("notes__whoami")));
    expect(answers.map(textOf)).toEqual(Array.from({ length: 5 }, () => "ada"));
    expect(handshakes(server, era)).toBe(1);
  });

  // Published: fails; the background retry makes one connection for everybody, and B executes with A's key.
  it("row 6: a start-up failure once, then A, then B", async () => {
    await using server = await start("agent", "ada", "bob");
    await using tenantry = createTenantry({ servers: { notes: discoverable(server) } });
    const acme = tenantry.workspace("acme");
    server.faults.add({ kind: "answer", status: 503 }, { times: 2 });
    const { unavailable } = await acme.discovery().listTools();
    expect(unavailable).toMatchObject([{ server: "notes", error: { code: "SERVER_UNAVAILABLE" } }]);

    for (const user of ["ada", "bob", "ada"]) {
      const before = server.requests.length;
      const answer = await acme.as(user, { key: keyOf(user) }).callTool("notes__whoami");
      expect(textOf(answer)).toBe(user);
      expect(keysSeen({ requests: server.requests.slice(before) })).toEqual([keyOf(user)]);
    }
    expect((await acme.discovery().listTools()).tools).not.toEqual([]);
  });

  // Published: fails; the retry is told "Not connected", and two seconds later a tool `SRV_A_WHOAMI` is in a list for all.
  it("row 7: a retry at once after a failed connect connects afresh", async () => {
    await using server = await start("user-ada");
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const ada = tenantry.workspace("acme").as("user-ada", { key: keyOf("user-ada") });
    server.faults.add({ kind: "answer", status: 503 }, { times: 2 });
    expect(await failureOf(ada.callTool("notes__whoami"))).toMatchObject({
      code: "SERVER_UNAVAILABLE",
      retryable: true,
    });
    expect(textOf(await ada.callTool("notes__whoami"))).toBe("user-ada");
    const { tools } = await ada.listTools();
    expect(tools.map(({ name }) => name)).toContain("notes__whoami");
    expect(tools.map(({ name }) => name).join()).not.toMatch(/ada/iu);
  });

  // Published: fails; after the rotation the old key is still sent.
  it("row 9: a rotated key is used from the next call on", async () => {
    await using server = await start("ada");
    const vault = { key: keyOf("ada") };
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const call = () => tenantry.workspace("acme").as("ada", vault).callTool("notes__whoami");
    expect(textOf(await call())).toBe("ada");
    server.setKeys({ "sk-ada-rotated-41": "ada" });
    vault.key = "sk-ada-rotated-41";
    const before = server.requests.length;
    expect(textOf(await call())).toBe("ada");
    expect(textOf(await call())).toBe("ada");
    expect(keysSeen({ requests: server.requests.slice(before) })).toEqual(["sk-ada-rotated-41"]);
    expect(handshakes(server, era)).toBe(era === "legacy" ? 2 : 1);
  });

  // Published: fails; the server gets "static, key-A".
  it.each([
    { replaces: false, sent: keyOf("static") },
    { replaces: true, sent: keyOf("ada") },
  ])("row 10: x-api-key and X-API-Key are one header, replaces: $replaces", async ({ replaces, sent }) => {
    await using server = await start("static", "ada");
    const credential = header("X-API-Key", fromContext("key"), { replaces });
    await using tenantry = createTenantry({
      servers: { notes: { url: server.url, headers: { "x-api-key": keyOf("static") }, credential } },
    });
    await tenantry
      .workspace("acme")
      .as("ada", { key: keyOf("ada") })
      .callTool("notes__whoami");
    expect(keysSeen(server)).toEqual([sent]);
  });

  // Published: fails; both tenants are served by the first one's connection. Its successor reconnects at every switch.
  it("row 11: one user id in two workspaces has two connections, and neither is thrashed", async () => {
    await using server = await start("tenant-1", "tenant-2");
    await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
    const workspaces = ["tenant-1", "tenant-2"] as const;
    for (let round = 0; round < 3; round++) {
      for (const workspace of workspaces) {
        const same = tenantry.workspace(workspace).as("same-id", { key: keyOf(workspace) });
        expect(textOf(await same.callTool("notes__whoami"))).toBe(workspace);
      }
    }
    expect(tenantry.stats().connections).toBe(2);
    expect(handshakes(server, era)).toBe(era === "legacy" ? 2 : 1);
    expect(server.crossings).toEqual([]);
  });

  // Published: fails; the other origin gets the user's key and the agent's. `fetch` strips only Authorization and Cookie.
  it.each([301, 302, 303, 307, 308] as const)(
    "row 12: a redirect %i to another origin takes no key there",
    async (status) => {
      await using server = await start("ada");
      await using elsewhere = await startRecorder();
      await using tenantry = createTenantry({ servers: { notes: keyedDefinition(server) } });
      const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });

      const atTheDoor = server.faults.add({ kind: "redirect", to: elsewhere.url, status });
      expect(await codeOf(ada.callTool("notes__whoami"))).toBe("ORIGIN_REFUSED");
      atTheDoor[Symbol.dispose]();
      expect(textOf(await ada.callTool("notes__whoami"))).toBe("ada");
      const atTheCall = server.faults.add({ kind: "redirect", to: elsewhere.url, status });
      expect(await codeOf(ada.callTool("notes__whoami"))).toBe("ORIGIN_REFUSED");
      atTheCall[Symbol.dispose]();
      expect(elsewhere.requests).toEqual([]);
    },
  );

  // Published: fails; a hundred users leave a hundred connections, for ever.
  it("row 13: a hundred users under a limit of twenty are all served, and twenty connections are kept", async () => {
    const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    await using server = await start(...users);
    await using tenantry = createTenantry({
      servers: { notes: keyedDefinition(server) },
      limits: { maxConnections: 20, maxParked: 0 },
    });
    const most = { connections: 0 };
    const answers = await Promise.all(
      users.map(async (user) => {
        const answer = await tenantry
          .workspace("acme")
          .as(user, { key: keyOf(user) })
          .callTool("notes__whoami");
        most.connections = Math.max(most.connections, tenantry.stats().connections);
        return textOf(answer);
      }),
    );
    expect(answers).toEqual(users);
    expect(most.connections).toBe(20);
    expect(server.crossings).toEqual([]);
    await vi.waitFor(() => expect(server.sessions.size).toBe(era === "legacy" ? 20 : 0));
  });
});

/** A server with an agent's key for what happens before there is a user, as the published plugin has one. */
function discoverable({ url }: { readonly url: URL }): ServerDefinition {
  return { ...keyedDefinition({ url }), discovery: header(keyHeader, fromStatic(keyOf("agent"))) };
}
