// Law 6: whoever asks for the same thing while it is being started waits for that one start, and hears what it comes to.
// A waiter who leaves takes nothing from the others; when the last one has left, the start itself is given up.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createTenantry,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  header,
  sealWithKeys,
  type Tenantry,
  type WorkspaceClient,
} from "tenantry";
import { sqliteStore } from "tenantry/sqlite";
import {
  inMemoryServer,
  manualClock,
  stdioServerPath,
  type FakeServer,
  type ManualClock,
} from "@tenantry/testing";
import { describe, expect, it } from "vitest";
import { codeOf, factsOf, textOf } from "./fixture/answers.ts";
import { createGrantWorld, endAccessTokens } from "./fixture/grants.ts";
import { failureOf, until } from "./fixture/outcome.ts";
import { marker, runningWith } from "./fixture/processes.ts";
import {
  eras,
  greeting,
  handshakes,
  keyedDefinition,
  keyHeader,
  keyOf,
  startKeyedServer,
  type LawEra,
} from "./fixture/servers.ts";

describe.each(eras)("against a %s server", (era) => {
  it("fifty first calls in one tick make one handshake", async () => {
    await using world = await createWorld(era);
    const answers = await Promise.all(times(50, () => world.ada.callTool("notes__whoami")));
    expect(new Set(answers.map(textOf))).toEqual(new Set(["ada"]));
    expect(handshakes(world.server, era)).toBe(1);
    expect(count(world.server, "tools/call")).toBe(50);
    expect(world.tenantry.stats().connections).toBe(1);
  });

  it("calls, lists and status in one tick, from many clients of one user, make one handshake", async () => {
    await using world = await createWorld(era);
    const clients = times(5, () => world.tenantry.workspace("acme").as("ada", { key: keyOf("ada") }));
    await Promise.all(
      clients.flatMap((client) => [client.callTool("notes__whoami"), client.listTools(), client.servers()]),
    );
    expect(handshakes(world.server, era)).toBe(1);
    expect(world.tenantry.stats().connections).toBe(1);
  });

  it("calls that come while the handshake is on its way join it", async () => {
    await using world = await createWorld(era);
    const handshake = heldHandshake(world);
    const early = world.ada.callTool("notes__whoami");
    await handshake.begun();
    const late = times(10, () => world.ada.callTool("notes__whoami"));
    await handshake.letGo();
    const answers = await Promise.all([early, ...late]);
    expect(new Set(answers.map(textOf))).toEqual(new Set(["ada"]));
    expect(handshakes(world.server, era)).toBe(1);
  });

  it("two users' starts are two, and neither waits for the other", async () => {
    await using world = await createWorld(era);
    world.server.faults.add({ kind: "hang" }, { user: "ada" });
    const leaving = new AbortController();
    const stuck = world.ada.callTool("notes__whoami", {}, { signal: leaving.signal });
    await until(() => world.server.requests.length > 0);
    expect(textOf(await world.bob.callTool("notes__whoami"))).toBe("bob");
    leaving.abort();
    await expect(stuck).rejects.toBe(leaving.signal.reason);
  });

  it("the first waiter's abort ends that wait at once, and the others get their answers", async () => {
    await using world = await createWorld(era);
    const handshake = heldHandshake(world);
    const leaving = new AbortController();
    const first = world.ada.callTool("notes__whoami", {}, { signal: leaving.signal });
    await handshake.begun();
    const others = times(5, () => world.ada.callTool("notes__whoami"));
    // Each resolves its own credential first, and only then waits with the first one.
    await world.clock.advance(1);
    const reason = new Error("The first one leaves.");
    leaving.abort(reason);
    await expect(first).rejects.toBe(reason);
    await handshake.letGo();
    expect((await Promise.all(others)).map(textOf)).toEqual(times(5, () => "ada"));
    expect(handshakes(world.server, era)).toBe(1);
    expect(count(world.server, "tools/call")).toBe(5);
  });

  it("the last waiter's abort ends the handshake itself, and the server sees the request go", async () => {
    await using world = await createWorld(era);
    world.server.faults.add({ kind: "hang" }, { rpc: greeting(era) });
    const leaving = times(3, () => new AbortController());
    const calls = leaving.map(({ signal }) => world.ada.callTool("notes__whoami", {}, { signal }));
    const outcomes = Promise.allSettled(calls);
    await until(() => handshakes(world.server, era) === 1);
    // An unknown server is asked for both eras, each on a socket of its own.
    await until(() => world.server.openSockets === 2);
    for (const [index, one] of leaving.entries()) {
      // Until the last one leaves, the handshake stays.
      expect(world.server.openSockets).toBe(2);
      expect(world.tenantry.stats().byState.connecting).toBe(1);
      one.abort(`waiter ${index}`);
      await expect(calls[index]).rejects.toBe(`waiter ${index}`);
    }
    await outcomes;
    await until(() => world.server.openSockets === 0);
    expect(world.tenantry.stats()).toMatchObject({ connections: 0, leases: 0, waiting: 0 });
    const asked = world.server.requests.findLast(({ rpc }) => rpc === greeting(era));
    expect(asked?.status).toBeUndefined();
    world.server.faults.clear();
    expect(textOf(await world.ada.callTool("notes__whoami"))).toBe("ada");
  });

  it("whoever comes after the last one left starts afresh, and is not given the abandoned start", async () => {
    await using world = await createWorld(era);
    const held = world.server.faults.add({ kind: "hang" }, { rpc: greeting(era) });
    const leaving = new AbortController();
    const first = world.ada.callTool("notes__whoami", {}, { signal: leaving.signal });
    await until(() => handshakes(world.server, era) === 1);
    held[Symbol.dispose]();
    leaving.abort();
    const second = world.ada.callTool("notes__whoami");
    await expect(first).rejects.toBe(leaving.signal.reason);
    expect(textOf(await second)).toBe("ada");
    expect(handshakes(world.server, era)).toBe(2);
  });

  it("a start that fails fails for all who wait, with one cause, and the next call starts afresh", async () => {
    await using world = await createWorld(era);
    world.server.faults.add({ kind: "answer", status: 503 }, { rpc: greeting(era), times: 1 });
    const failures = await Promise.all(times(10, () => failureOf(world.ada.callTool("notes__whoami"))));
    expect(new Set(failures).size).toBe(1);
    expect(failures[0]).toMatchObject({ code: "SERVER_UNAVAILABLE", retryable: true });
    expect(handshakes(world.server, era)).toBe(1);
    expect(count(world.server, "tools/call")).toBe(0);
    expect(textOf(await world.ada.callTool("notes__whoami"))).toBe("ada");
  });

  it("one list is read for all who ask at once on one connection, and all are given the same", async () => {
    await using world = await createWorld(era, { pageSize: 2 });
    await world.ada.callTool({ server: "notes", tool: "whoami" });
    const lists = await Promise.all(times(20, () => world.ada.listTools()));
    const pages = Math.ceil((lists[0]?.tools.length ?? 0) / 2);
    expect(pages).toBe(3);
    expect(count(world.server, "tools/list")).toBe(pages);
    expect(new Set(lists.map(({ tools }) => tools)).size).toBe(1);
    await world.ada.listTools({ fresh: true });
    expect(count(world.server, "tools/list")).toBe(2 * pages);
  });

  it("one list is read for all first calls by name, and each user's list is read for that user", async () => {
    await using world = await createWorld(era);
    await Promise.all(
      times(10, () => [world.ada, world.bob].map((one) => one.callTool("notes__whoami"))).flat(),
    );
    expect(count(world.server, "tools/list")).toBe(2);
    const readers = world.server.requests.filter(({ rpc }) => rpc === "tools/list").map(({ user }) => user);
    expect(readers.toSorted()).toEqual(["ada", "bob"]);
  });

  it("a waiter's abort during a list ends that wait only, and the last one's ends the reading", async () => {
    await using world = await createWorld(era);
    await world.ada.callTool({ server: "notes", tool: "whoami" });
    world.server.faults.add({ kind: "hang" }, { rpc: "tools/list" });
    const leaving = times(2, () => new AbortController());
    const lists = leaving.map(({ signal }) => world.ada.listTools({ signal }));
    const outcomes = Promise.allSettled(lists);
    await until(() => count(world.server, "tools/list") === 1);
    leaving[0]!.abort("first");
    await expect(lists[0]).rejects.toBe("first");
    expect(world.tenantry.stats().leases).toBe(1);
    leaving[1]!.abort("last");
    await expect(lists[1]).rejects.toBe("last");
    await outcomes;
    expect(world.tenantry.stats().leases).toBe(0);
    world.server.faults.clear();
    expect((await world.ada.listTools()).unavailable).toEqual([]);
  });

  it("ten discoveries in one tick are one connection and one list, and leave nothing", async () => {
    await using world = await createWorld(era);
    const { tenantry, server } = world;
    const lists = await Promise.all(times(10, () => tenantry.workspace("acme").discovery().listTools()));
    expect(lists.flatMap(({ unavailable }) => unavailable)).toEqual([]);
    expect(handshakes(server, era)).toBe(1);
    expect(count(server, "tools/list")).toBe(1);
    expect(tenantry.stats().connections).toBe(0);
    if (era === "legacy") await until(() => server.sessions.size === 0);
  });

  it("a refused key is asked for again once for all whose call was refused, and each call is sent again once", async () => {
    await using server = await startKeyedServer(era, ["ada"]);
    const asked: (string | undefined)[] = [];
    const vault = fromFunction(({ rejected }) => {
      if (rejected !== undefined) asked.push(rejected.generation);
      return asked.length === 0 ? keyOf("ada") : "sk-ada-renewed";
    });
    await using tenantry = createTenantry({
      servers: { notes: { url: server.url, credential: header(keyHeader, vault) } },
    });
    const ada = tenantry.workspace("acme").as("ada");
    await ada.callTool("notes__whoami");
    server.setKeys({ "sk-ada-renewed": "ada" });
    const before = count(server, "tools/call");
    const answers = await Promise.all(times(10, () => ada.callTool("notes__whoami")));
    expect(new Set(answers.map(textOf))).toEqual(new Set(["ada"]));
    expect(count(server, "tools/call") - before).toBe(20);
    // A static value's generation is its subject: each caller's own context is asked, after one question for all.
    expect(new Set(asked).size).toBe(1);
  });
});

it("a session that the server has forgotten is begun again once for all of its calls", async () => {
  await using world = await createWorld("legacy");
  await world.ada.callTool("notes__whoami");
  await world.server.forgetSessions();
  const answers = await Promise.all(times(10, () => world.ada.callTool("notes__whoami")));
  expect(new Set(answers.map(textOf))).toEqual(new Set(["ada"]));
  expect(handshakes(world.server, "legacy")).toBe(2);
});

it("fifty first calls in one tick start one process", async () => {
  await using tenantry = createTenantry({
    servers: {
      child: {
        command: process.execPath,
        args: [stdioServerPath],
        credential: env("USER_KEY", fromContext("key")),
      },
    },
  });
  const ada = tenantry.workspace("acme").as("ada", { key: keyOf("ada") });
  const answers = await Promise.all(times(50, () => ada.callTool("child__whoami")));
  expect(new Set(answers.map((answer) => factsOf(answer)["pid"])).size).toBe(1);
  expect(tenantry.stats().connections).toBe(1);
});

it("a process that dies as it starts fails for all who wait, and is started once for them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "law-6-"));
  const script =
    "fs.writeFileSync(String(process.pid), ''); process.stdin.once('data', () => process.exit(3))";
  await using tenantry = createTenantry({
    servers: { child: { command: process.execPath, args: ["--eval", script], cwd: folder, era: "legacy" } },
  });
  const ada = tenantry.workspace("acme").as("ada");
  const failures = await Promise.all(times(10, () => failureOf(ada.callTool("child__whoami"))));
  expect(new Set(failures).size).toBe(1);
  expect((await readdir(folder)).length).toBe(1);
  await failureOf(ada.callTool("child__whoami"));
  expect((await readdir(folder)).length).toBe(2);
  await rm(folder, { recursive: true });
  expect(tenantry.stats().connections).toBe(0);
});

it("a server in this process is opened once for all, and once more after it has crashed", async () => {
  const memory = inMemoryServer();
  await using tenantry = createTenantry({
    servers: { memory: { connect: memory.connect, share: "everyone" } },
  });
  const everybody = ["acme", "globex"].flatMap((workspace) =>
    times(10, (index) => tenantry.workspace(workspace).as(`user-${index}`)),
  );
  const callAll = () => Promise.all(everybody.map((one) => one.callTool("memory__echo", { text: "hi" })));
  await callAll();
  expect(memory.pipes.length).toBe(1);
  await memory.crash();
  await until(() => tenantry.stats().connections === 0);
  await callAll();
  expect(memory.pipes.length).toBe(2);
});

it("the last waiter's abort ends a process that is starting", async () => {
  const argument = marker();
  const script = "process.stdin.resume()";
  await using tenantry = createTenantry({
    servers: {
      child: { command: process.execPath, args: ["--eval", script, "--", argument], era: "legacy" },
    },
  });
  const ada = tenantry.workspace("acme").as("ada");
  const leaving = times(2, () => new AbortController());
  const calls = leaving.map(({ signal }) => ada.callTool("child__whoami", {}, { signal }));
  const outcomes = Promise.allSettled(calls);
  await until(() => runningWith(argument).length === 1);
  leaving[0]!.abort("first");
  await expect(calls[0]).rejects.toBe("first");
  expect(runningWith(argument).length).toBe(1);
  leaving[1]!.abort("last");
  await expect(calls[1]).rejects.toBe("last");
  await outcomes;
  await until(() => runningWith(argument).length === 0);
  expect(tenantry.stats().connections).toBe(0);
});

it("close while many wait is one end for all of them", async () => {
  await using world = await createWorld("legacy");
  world.server.faults.add({ kind: "hang" });
  const calls = times(10, () => codeOf(world.ada.callTool("notes__whoami")));
  await until(() => world.server.requests.length > 0);
  const closing = times(3, () => world.tenantry.close());
  expect(new Set(closing).size).toBe(1);
  await closing[0];
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["CLOSED"]));
});

it.each([10, 1_000])(
  "%i calls that find a grant at its end make one refresh, and all succeed",
  async (count) => {
    await using world = await createGrantWorld();
    expect(await world.connect("ada")).toBe(200);
    const ada = world.acme.as("ada");
    await ada.callTool("mail__whoami");
    endAccessTokens(world);
    const answers = await Promise.all(Array.from({ length: count }, () => ada.callTool("mail__whoami")));
    expect(new Set(answers.map((answer) => factsOf(answer)["user"]))).toEqual(new Set(["ada"]));
    expect(world.refreshes()).toBe(1);
  },
);

it("instances that share a store refresh one grant once, by a lease in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "one-refresh-"));
  const storeOf = () => sqliteStore(join(folder, "tenantry.db"));
  const sealer = sealWithKeys({ current: "k1", keys: { k1: randomBytes(32) } });
  {
    await using world = await createGrantWorld({ storeOf, sealer });
    expect(await world.connect("ada")).toBe(200);
    const instances = [world.tenantry, ...Array.from({ length: 3 }, () => world.another())];
    const callAll = () =>
      Promise.all(instances.flatMap((one) => Array.from({ length: 5 }, () => callAs(one, "ada"))));
    expect(new Set(await callAll())).toEqual(new Set(["ada"]));
    endAccessTokens(world);
    expect(new Set(await callAll())).toEqual(new Set(["ada"]));
    expect(world.refreshes()).toBe(1);
    expect(world.issuer.issued.filter(({ kind, uses }) => kind === "refresh_token" && uses > 1)).toEqual([]);
  }
  await rm(folder, { recursive: true });
});

async function callAs(tenantry: Tenantry, user: string): Promise<unknown> {
  return factsOf(await tenantry.workspace("acme").as(user).callTool("mail__whoami"))["user"];
}

interface World extends AsyncDisposable {
  readonly era: LawEra;
  readonly server: FakeServer;
  /** The server's time. */
  readonly clock: ManualClock;
  readonly tenantry: ReturnType<typeof createTenantry>;
  readonly ada: WorkspaceClient;
  readonly bob: WorkspaceClient;
}

async function createWorld(era: LawEra, options: { readonly pageSize?: number } = {}): Promise<World> {
  const clock = manualClock();
  const server = await startKeyedServer(era, ["ada", "bob", "agent"], { ...options, clock });
  const definition = { ...keyedDefinition(server), discovery: header(keyHeader, fromStatic(keyOf("agent"))) };
  const tenantry = createTenantry({ servers: { notes: definition } });
  const [ada, bob] = ["ada", "bob"].map((user) => tenantry.workspace("acme").as(user, { key: keyOf(user) }));
  const dispose = async () => {
    await tenantry.close();
    await server.close();
  };
  return { era, server, clock, tenantry, ada: ada!, bob: bob!, [Symbol.asyncDispose]: dispose };
}

/** Has the next handshake wait at the server until it is let go. */
function heldHandshake({ server, era, clock }: World) {
  server.faults.add({ kind: "delay", ms: 100 }, { rpc: greeting(era), times: 1 });
  return {
    begun: () => until(() => handshakes(server, era) === 1),
    letGo: () => clock.advance(100),
  };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function count({ requests }: FakeServer, rpc: string): number {
  return requests.filter((request) => request.rpc === rpc).length;
}
