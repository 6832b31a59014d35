import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { inspect } from "node:util";
import type { Store, StoreChange } from "@tenantry/core";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startPostgres } from "../../test/postgres-server.ts";
import { postgresStore, type PostgresStoreOptions } from "../postgres.ts";
import { flow } from "../testing/samples.ts";

const server = await startPostgres();
afterAll(() => server[Symbol.asyncDispose](), 30_000);

let database: string;
beforeEach(async () => {
  database = await server.createDatabase();
});

const key = { url: "https://mcp.example.com/mcp" };
const patient = { timeout: 15_000, interval: 20 };

/** The failure of a call, which must show neither the password nor what is in a row. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const failure: unknown = await call.then(
    () => new Error("It did not fail."),
    (error: unknown) => error,
  );
  const shown = inspect(failure, { depth: 20, showHidden: true });
  expect(shown).not.toContain(server.password);
  expect(shown).not.toContain("content-of-a-row");
  return failure;
}

const open = (options?: PostgresStoreOptions) => postgresStore(database, options);

describe("a server that stops", () => {
  it("fails a write in the middle without writing a part of it, and serves the same store once it is back", async () => {
    await using store = open();
    const version = await store.verdicts.put(key, "content-of-a-row", { ifVersion: null });
    // Somebody else holds the row, so that the write waits in its transaction.
    const release = await holdRow();
    const write = failureOf(store.verdicts.put(key, "content-of-a-row, changed", { ifVersion: version }));
    await waiting(1);
    await server.stop();
    await release();
    expect(await write).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(await failureOf(store.verdicts.get(key))).toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
    await server.start();
    await vi.waitFor(async () => {
      expect(await store.verdicts.get(key)).toEqual({ value: "content-of-a-row", version });
    }, patient);
    await store.verdicts.put(key, "content-of-a-row, changed", { ifVersion: version });
  }, 60_000);

  it("says that nobody knows whether a write was done whose commit was not answered", async () => {
    await using store = open();
    await store.verdicts.get(key);
    await using cutting = await cutAfterCommit(Number(new URL(database).port));
    const address = new URL(database);
    address.port = String(cutting.port);
    await using cut = postgresStore(address.href);
    const changes: StoreChange[] = [];
    using _watcher = cut.watch((change) => changes.push(change));
    await vi.waitFor(() => expect(changes).toHaveLength(1), patient);
    const write = cut.verdicts.put(key, "content-of-a-row", { ifVersion: null });
    expect(await failureOf(write)).toMatchObject({ code: "STORE_UNAVAILABLE", delivery: "unknown" });
    // Its own watchers would not hear of it otherwise: a store's own notices are told by the store itself.
    expect(changes).toEqual([{ kind: "resync" }, { kind: "resync" }]);
    // This one was.
    await vi.waitFor(
      async () => expect((await store.verdicts.get(key))?.value).toBe("content-of-a-row"),
      patient,
    );
  });

  it("tells watchers that they may have missed something, and then of changes again", async () => {
    await using store = open();
    await using other = open();
    const changes: StoreChange[] = [];
    using _watcher = store.watch((change) => changes.push(change));
    await vi.waitFor(() => expect(changes).toEqual([{ kind: "resync" }]), patient);
    await server.stop();
    await server.start();
    await vi.waitFor(() => expect(changes).toEqual([{ kind: "resync" }, { kind: "resync" }]), patient);
    await vi.waitFor(() => other.verdicts.put(key, 1, { ifVersion: null }), patient);
    await vi.waitFor(() => expect(changes[2]).toEqual({ kind: "changed", slice: "verdicts", key }), patient);
  }, 60_000);
});

describe("changes by other stores", () => {
  it("are told with their keys, once, and not after the watcher has been disposed of", async () => {
    await using store = open();
    await using other = open();
    const changes: StoreChange[] = [];
    const watcher = store.watch((change) => changes.push(change));
    await vi.waitFor(() => expect(changes).toHaveLength(1), patient);
    const state = "\0'\"\\ \u{1f600}";
    await other.flows.put(flow(state), 1, { ifVersion: null });
    await store.flows.put(flow("own"), 1, { ifVersion: null });
    await vi.waitFor(() => expect(changes).toHaveLength(3), patient);
    expect(changes).toContainEqual({ kind: "changed", slice: "flows", key: flow(state) });
    expect(changes).toContainEqual({ kind: "changed", slice: "flows", key: flow("own") });
    watcher[Symbol.dispose]();
    await vi.waitFor(async () => expect(await listeners()).toBe(0), patient);
    await other.flows.put(flow("later"), 1, { ifVersion: null });
    expect(changes).toHaveLength(3);
  });

  it("are told without their keys where those do not fit, and where somebody else uses the channel", async () => {
    await using store = open();
    await using other = open();
    const changes: StoreChange[] = [];
    using _watcher = store.watch((change) => changes.push(change));
    await vi.waitFor(() => expect(changes).toHaveLength(1), patient);
    await other.verdicts.put({ url: "\u0002".repeat(2_000) }, 1, { ifVersion: null });
    await vi.waitFor(() => expect(changes).toEqual([{ kind: "resync" }, { kind: "resync" }]), patient);
    for (const payload of ["", "x", "[1]", '["x","nothing","a"]', '["x","verdicts"]']) {
      await server.query(database, `select pg_notify('tenantry', '${payload}')`);
    }
    await vi.waitFor(
      () => expect(changes).toEqual(Array.from({ length: 7 }, () => ({ kind: "resync" }))),
      patient,
    );
  });
});

describe("a database with another isolation level by default", () => {
  it.each(["repeatable read", "serializable"])("is used as any other where that is %s", async (level) => {
    await server.query(database, `alter database ${name()} set default_transaction_isolation = '${level}'`);
    const stores = Array.from({ length: 4 }, () => open());
    const race = async (work: (store: Store) => Promise<unknown>) =>
      (await Promise.allSettled(stores.map(work))).map((one) =>
        one.status === "fulfilled" ? one.value !== undefined : (one.reason as { code: string }).code,
      );
    // Nobody fails at the first use, and who loses a race is told that it has lost.
    expect(await race((store) => store.leases.acquire(crypto.randomUUID(), { ttlMs: 60_000 }))).toEqual(
      Array(4).fill(true),
    );
    for (let round = 0; round < 10; round++) {
      const at = { url: `${key.url}/${round}` };
      const version = await (stores[0] as Store).verdicts.put(at, 0, { ifVersion: null });
      const writes = await race((store) => store.verdicts.put(at, 1, { ifVersion: version }));
      expect(writes.sort()).toEqual(["STORE_CONFLICT", "STORE_CONFLICT", "STORE_CONFLICT", true]);
      const leases = await race((store) => store.leases.acquire(`${round}`, { ttlMs: 60_000 }));
      expect(leases.sort()).toEqual([false, false, false, true]);
    }
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe("a database that cannot be used", () => {
  it("is unavailable at an address where nobody listens", async () => {
    const { port } = await silent();
    await using store = postgresStore(`postgres://tester:${server.password}@127.0.0.1:${port}/x`);
    expect(await failureOf(store.verdicts.get(key))).toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
  });

  it("is unavailable where somebody listens and never answers, after the time that was given", async () => {
    await using listener = await silent({ listen: true });
    const limits = { connectTimeoutMs: 200 };
    await using store = postgresStore(`postgres://tester:${server.password}@127.0.0.1:${listener.port}/x`, {
      limits,
    });
    expect(await failureOf(store.verdicts.get(key))).toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
  });

  it("leaves no socket behind where somebody listens and never answers, once it is closed", async () => {
    await using listener = await silent({ listen: true });
    const address = `postgres://tester:${server.password}@127.0.0.1:${listener.port}/x`;
    for (const isDisposed of [false, true]) {
      const store = postgresStore(address, { limits: { connectTimeoutMs: 60_000 } });
      const watcher = store.watch(() => {});
      await vi.waitFor(() => expect(listener.open()).toBe(1), patient);
      if (isDisposed) watcher[Symbol.dispose]();
      await store.close();
      await vi.waitFor(() => expect(listener.open()).toBe(0), patient);
    }
  });

  it("is unavailable to who has the wrong password or names no database that there is", async () => {
    const wrong = database.replace(server.password, "wrong-password");
    for (const address of [wrong, `${database}-missing`]) {
      await using store = postgresStore(address);
      expect(await failureOf(store.verdicts.get(key))).toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: false,
      });
    }
  });

  it("is unavailable where the function for the password fails, and tells nothing of why", async () => {
    const { port, pathname } = new URL(database);
    for (const failure of [new Error(`vault said ${server.password}`), new TypeError(server.password), 5]) {
      const password = () => Promise.reject(failure as Error);
      const connection = {
        host: "127.0.0.1",
        port: Number(port),
        user: "tester",
        database: pathname.slice(1),
      };
      await using store = postgresStore({ ...connection, password });
      expect(await failureOf(store.verdicts.get(key))).toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: true,
      });
    }
  });

  it("is unavailable while it takes no writes", async () => {
    await using store = open();
    await store.verdicts.put(key, "content-of-a-row", { ifVersion: null });
    await server.query(database, `alter database ${name()} set default_transaction_read_only = on`);
    await server.query(database, disconnect);
    await vi.waitFor(
      async () => expect((await store.verdicts.get(key))?.value).toBe("content-of-a-row"),
      patient,
    );
    const write = store.verdicts.put({ url: "b" }, "content-of-a-row", { ifVersion: null });
    expect(await failureOf(write)).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: false });
  });

  it("is unavailable where a statement waits for too long, and the connection is used again", async () => {
    await using store = open({ limits: { statementTimeoutMs: 300, maxConnections: 1 } });
    const version = await store.verdicts.put(key, "content-of-a-row", { ifVersion: null });
    const release = await holdRow();
    const write = store.verdicts.put(key, "content-of-a-row, changed", { ifVersion: version });
    expect(await failureOf(write)).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    await release();
    expect((await store.verdicts.get(key))?.version).toBe(version);
  });

  it("is invalid with another encoding, a newer schema, foreign tables or a row that holds no JSON", async () => {
    const latin = await server.createDatabase("SQL_ASCII");
    await using ascii = postgresStore(latin);
    expect(await failureOf(ascii.verdicts.get(key))).toMatchObject({ code: "STORE_INVALID" });

    const foreign = await server.createDatabase();
    await server.query(foreign, "create table tenantry_verdicts (id int)");
    await using misled = postgresStore(foreign);
    expect(await failureOf(misled.verdicts.get(key))).toMatchObject({ code: "STORE_INVALID" });
    await server.query(foreign, "drop table tenantry_verdicts");
    expect(await misled.verdicts.get(key)).toBeUndefined();

    await using store = open();
    await store.verdicts.put(key, 1, { ifVersion: null });
    await server.query(database, `update tenantry_verdicts set value = '{"content-of-a-row'`);
    expect(await failureOf(store.verdicts.get(key))).toMatchObject({ code: "STORE_INVALID" });
    await server.query(database, "insert into tenantry_migrations (name) values ('9999-next')");
    await using older = open();
    expect(await failureOf(older.verdicts.get(key))).toMatchObject({ code: "STORE_INVALID" });
  });
});

const name = () => new URL(database).pathname.slice(1);
const others = "datname = current_database() and pid <> pg_backend_pid()";
const disconnect = `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`;

async function count(condition: string): Promise<number> {
  const rows = await server.query(
    database,
    `select pid from pg_stat_activity where ${others} and ${condition}`,
  );
  return rows.length;
}

const listeners = () => count("query ilike 'listen%'");
const waiting = (expected: number) =>
  vi.waitFor(async () => expect(await count("wait_event_type = 'Lock'")).toBe(expected), patient);

/** Locks every row of the slice from a connection of its own, until the result is called. */
async function holdRow(): Promise<() => Promise<void>> {
  const { default: pg } = await import("pg");
  const client = new pg.Client(database);
  client.on("error", () => {});
  await client.connect();
  await client.query("begin");
  await client.query("select * from tenantry_verdicts for update");
  return () => client.end().catch(() => {});
}

/** A port where nobody listens, or somebody who takes connections and says nothing. */
async function silent({ listen = false } = {}) {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket.resume());
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  };
  if (!listen) await close();
  return {
    port,
    open: () => sockets.size,
    [Symbol.asyncDispose]: async () => void (listen && (await close())),
  };
}

/** Leads to the server, and cuts a connection as soon as a commit has gone through that writes a row. */
async function cutAfterCommit(port: number) {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => [client, upstream].forEach((one) => one.destroy()));
    }
    let wrote = false;
    upstream.pipe(client);
    client.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      wrote ||= text.includes("content-of-a-row");
      if (!wrote || !text.includes("commit")) return void upstream.write(chunk);
      client.unpipe(upstream);
      upstream.unpipe(client);
      upstream.write(chunk, () => upstream.once("data", () => client.destroy()));
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
