// Law 4: importing and using Tenantry changes nothing that belongs to the whole process, and asks it for nothing.
// What an instance knows, holds and is told is its own, even beside another instance or another copy.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { createTenantry, fromContext, fromEnv, header } from "tenantry";
import { manualClock, startFakeServer, stdioServerPath, type FakeServer } from "@tenantry/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf, textOf } from "./fixture/answers.ts";
import { failureOf } from "./fixture/outcome.ts";
import type { HostConfig, HostReport } from "./fixture/nothing-global.ts";
import { eras, keyedDefinition, keyHeader, keyOf, keysSeen, startKeyedServer } from "./fixture/servers.ts";

const run = promisify(execFile);

describe("a host process of its own, with three instances of two copies", () => {
  const names = ["first", "second", "third"] as const;
  const users = ["ada", "bob", "carl"] as const;
  let servers: readonly FakeServer[] = [];
  let report: HostReport;

  beforeAll(async () => {
    const eraOf = { first: "legacy", second: "modern", third: "legacy" } as const;
    const starting = names.map((name) =>
      startKeyedServer(
        eraOf[name],
        users.map((user) => `${user}-of-${name}`),
      ),
    );
    servers = await Promise.all(starting);
    const instances = names.map((name, index) => ({
      url: String(servers[index]?.url),
      keys: Object.fromEntries(users.map((user) => [user, keyOf(`${user}-of-${name}`)])),
      clientInfo: { name: `host-${name}`, version: `${index}.0.0` },
      maxConnections: index + 1,
    }));
    const config: HostConfig = { instances, stdioServer: stdioServerPath };
    const script = new URL("fixture/nothing-global.ts", import.meta.url).pathname;
    // It has to come to its end by itself: nothing in it exits, and a handle that is left would keep it.
    const { stdout, stderr } = await run(process.execPath, [script, JSON.stringify(config)], {
      timeout: 15_000,
    });
    expect(stderr).toBe("");
    report = JSON.parse(stdout) as HostReport;
  }, 20_000);
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it("two copies have no function, class or table in common", () => {
    expect(report.commonToBothCopies).toEqual([]);
  });

  it("no process listener is added, and no global but the two of zod, by importing, using and closing", () => {
    const ofZod = ["globalThis.__zod_globalConfig", "globalThis.__zod_globalRegistry"];
    const { imported, used, closed } = report.changes;
    expect({ imported, used, closed }).toEqual({ imported: ofZod, used: ofZod, closed: ofZod });
  });

  it("no variable of the environment is asked for but the one that fromEnv names", () => {
    expect(report.environmentReads).toEqual(["LAW_4_NAMED"]);
  });

  it("nothing keeps the process running while all instances are idle, and nothing after close", () => {
    expect(report.resources).toEqual({ idle: [], closed: [] });
  });

  it("each instance has its own servers, keys and limits, although all names in them are the same", () => {
    const told = names.map((name) =>
      users.map((user) => JSON.stringify({ type: "text", text: `${user}-of-${name}` })),
    );
    expect(report.answers).toEqual(told);
    expect(report.connections).toEqual([1, 2, 3]);
    expect(servers.map(keysSeen)).toEqual(
      names.map((name) => users.map((user) => keyOf(`${user}-of-${name}`))),
    );
    expect(servers.flatMap(({ crossings }) => crossings)).toEqual([]);
  });

  it("each instance introduces itself as it was told to", () => {
    const introductions = servers.map(
      ({ requests }) =>
        new Set(requests.flatMap(({ body }) => JSON.stringify(body ?? "").match(/host-\w+/gu) ?? [])),
    );
    expect(introductions).toEqual(names.map((name) => new Set([`host-${name}`])));
  });

  it("closing one instance leaves the others working, also those of its own copy", () => {
    const works = report.answers.map(([answer]) => answer);
    const closed = (count: number) => works.map((answer, index) => (index < count ? "CLOSED" : answer));
    expect(report.afterClosing).toEqual([closed(1), closed(2), closed(3)]);
  });

  it("an error of one copy is an instance of the other copy's class", () => {
    expect(report.errorsAreOneClass).toBe(true);
  });
});

it("the environment is read where fromEnv names a variable, anew each time, and nothing else of it", async () => {
  await using server = await startKeyedServer("modern", ["ada", "bob"]);
  const credential = header(keyHeader, fromEnv("LAW_4_KEY"));
  await using tenantry = createTenantry({
    servers: { notes: { url: server.url, credential, share: "workspace" } },
  });
  const call = () => tenantry.workspace("acme").as("ada").callTool("notes__whoami");
  expect(await codeOf(call())).toBe("CREDENTIAL_MISSING");
  try {
    for (const user of ["ada", "bob"]) {
      process.env["LAW_4_KEY"] = keyOf(user);
      expect(textOf(await call())).toBe(user);
    }
  } finally {
    delete process.env["LAW_4_KEY"];
  }
  expect(await codeOf(call())).toBe("CREDENTIAL_MISSING");
});

describe.each(eras)("against a %s server", (era) => {
  it("an idle instance has no timer, and idle connections have one for all of them", async () => {
    const clock = manualClock();
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    await using server = await startKeyedServer(era, users);
    await using tenantry = createTenantry({
      servers: { notes: keyedDefinition(server) },
      limits: { idleTimeoutMs: 60_000 },
      clock,
    });
    const clients = users.map((user) => tenantry.workspace("acme").as(user, { key: keyOf(user) }));
    expect(clock.pending).toBe(0);
    await Promise.all(clients.map((client) => client.callTool("notes__whoami")));
    await Promise.all(clients.map((client) => client.listTools()));
    await failureOf(clients[0]!.callTool("notes__nothing"));
    expect(tenantry.stats().byState.idle).toBe(20);
    expect(clock.pending).toBe(1);
    await clock.advance(60_000);
    expect(tenantry.stats().connections).toBe(0);
    await server.close();
    await tenantry.close();
    expect(clock.pending).toBe(0);
  });

  it("nothing is opened, started or timed before the first call that needs it", async () => {
    const clock = manualClock();
    await using server = await startFakeServer({ era });
    await using tenantry = createTenantry({
      servers: {
        notes: { url: server.url, credential: header(keyHeader, fromContext("key")), discovery: "anonymous" },
        child: { command: process.execPath, args: [stdioServerPath] },
      },
      clock,
    });
    const acme = tenantry.workspace("acme");
    acme.as("ada", { key: keyOf("ada") });
    acme.discovery();
    await clock.advance(86_400_000);
    expect(tenantry.stats()).toMatchObject({ connections: 0, waiting: 0, sockets: 0 });
    expect([server.requests.length, server.openSockets, clock.pending]).toEqual([0, 0, 0]);
  });
});

it("the testing package, imported twice and used, adds no listener and leaves no handle either", () => {
  const script = `
    const listeners = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
    void [process.stdout, process.stderr];
    const before = JSON.stringify([listeners(), process.getActiveResourcesInfo()]);
    const entry = import.meta.resolve("@tenantry/testing");
    const copies = await Promise.all([import(entry), import(entry + "?copy=2")]);
    const users = ["ada", "bob"];
    const servers = await Promise.all(copies.map(({ startFakeServer }, index) =>
      startFakeServer({ authenticate: { header: "x-key", keys: { key: users[index] } } })));
    for (const { url } of servers) await (await fetch(url, { method: "POST", headers: { "x-key": "key", connection: "close" } })).text();
    const seen = servers.map(({ requests }) => requests.map(({ user }) => user));
    await Promise.all(servers.map((server) => server.close()));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    const after = JSON.stringify([listeners(), process.getActiveResourcesInfo()]);
    console.log(JSON.stringify({ seen, before, after }));
  `;
  const args = ["--input-type=module", "--eval", script];
  // The official server package looks at the process's own streams when it is imported, which opens them: they are
  // open before, and there is no stdin.
  const stdout = execFileSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { seen, before, after } = JSON.parse(stdout) as Record<"seen" | "before" | "after", unknown>;
  expect(seen).toEqual([["ada"], ["bob"]]);
  expect(after).toBe(before);
});
