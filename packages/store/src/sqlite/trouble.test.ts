import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { inspect, promisify } from "node:util";
import { TenantryError, type Store } from "@tenantry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkIntegrity } from "../../kill/integrity.ts";
import { flow } from "../testing/samples.ts";
import { sqliteStore } from "./sqlite-store.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "tenantry-trouble-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const newPath = () => join(folder, `${crypto.randomUUID()}.db`);
const key = { url: "https://mcp.example.com/mcp" };
const value = (text: string) => ({ text, padding: "x".repeat(5_000) });

async function fill(store: Store, rows: number): Promise<void> {
  for (let row = 0; row < rows; row++)
    await store.verdicts.put({ url: `row-${row}` }, value("a"), { ifVersion: null });
}

/** How many locks there are on a file, of whichever process. */
async function locksOf(path: string): Promise<number> {
  const { ino } = await stat(path);
  const lines = (await readFile("/proc/locks", "utf8")).split("\n");
  return lines.filter((line) => line.includes(`:${ino} `)).length;
}

/** Reads and writes everything, and gives the first failure. */
async function failureOf(store: Store): Promise<TenantryError> {
  try {
    await store.verdicts.scan({ limit: 1_000 });
    const version = (await store.verdicts.get({ url: "row-7" }))?.version ?? null;
    await store.verdicts.put({ url: "row-7" }, value("b"), { ifVersion: version });
    await store.leases.acquire("a", { ttlMs: 1_000 });
    await store.audit.append({ workspace: "w" as never, at: 1, action: "a", detail: {} });
  } catch (error) {
    if (error instanceof TenantryError) return error;
    throw error;
  }
  throw new Error("Nothing failed.");
}

describe("a file that is not as it was left", () => {
  const sound = newPath();
  beforeAll(async () => {
    await using store = sqliteStore(sound);
    await fill(store, 60);
  });

  it("is refused where its header, its schema or its first pages are overwritten", async () => {
    for (const offset of [0, 15, 17, 28, 60, 100, 105, 4_096]) {
      const path = newPath();
      const bytes = await readFile(sound);
      bytes.fill(0xa5, offset, offset + 64);
      await writeFile(path, bytes);
      await using store = sqliteStore(path);
      const failure = await failureOf(store);
      expect([offset, failure.code]).toEqual([offset, "STORE_INVALID"]);
      expect(failure.message).not.toContain("malformed");
    }
  });

  it("is refused where its end is missing, from any place", async () => {
    const { size } = await stat(sound);
    for (const left of [1, 50, 99, 100, 512, 4_095, 4_096, 20_000, size - 4_096, size - 1]) {
      const path = newPath();
      await copyFile(sound, path);
      await truncate(path, left);
      await using store = sqliteStore(path);
      expect([left, (await failureOf(store)).code]).toEqual([left, "STORE_INVALID"]);
    }
  });

  it("is used again by the same store once it has been restored", async () => {
    const path = newPath();
    await writeFile(path, "This is a text and no database. ".repeat(100));
    await using store = sqliteStore(path);
    expect((await failureOf(store)).code).toBe("STORE_INVALID");
    expect(await readFile(path, "utf8")).toContain("This is a text");
    await copyFile(sound, path);
    expect((await store.verdicts.get({ url: "row-1" }))?.value).toEqual(value("a"));
  });

  it("is refused where a row holds no JSON, and the others are given", async () => {
    const path = newPath();
    await copyFile(sound, path);
    const database = new DatabaseSync(path);
    database.exec(`update tenantry_verdicts set value = '{"token":"secret' where url = 'row-1'`);
    database.close();
    await using store = sqliteStore(path);
    const failure = await store.verdicts.get({ url: "row-1" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_INVALID" });
    expect(inspect(failure, { depth: 9 })).not.toContain("secret");
    expect((await store.verdicts.get({ url: "row-2" }))?.value).toEqual(value("a"));
    const { rows, broken, next } = await store.verdicts.scan({ limit: 2 });
    expect([rows.length, broken, typeof next]).toEqual([1, [{ url: "row-1" }], "string"]);
    expect((await store.verdicts.scan()).rows).toHaveLength(59);
  });

  it("has a row that holds no JSON written over, and deleted, with its version", async () => {
    const path = newPath();
    await copyFile(sound, path);
    const database = new DatabaseSync(path);
    database.exec(`update tenantry_verdicts set value = '{' where url in ('row-1', 'row-2')`);
    database.close();
    await using store = sqliteStore(path);
    const ifVersion = (await store.verdicts.version({ url: "row-1" })) ?? null;
    await store.verdicts.put({ url: "row-1" }, 1, { ifVersion });
    expect((await store.verdicts.get({ url: "row-1" }))?.value).toBe(1);
    await store.verdicts.delete(
      { url: "row-2" },
      { ifVersion: await store.verdicts.version({ url: "row-2" }) },
    );
    expect(await store.verdicts.version({ url: "row-2" })).toBeUndefined();
    expect(await store.verdicts.scan({ limit: 1_000 })).not.toHaveProperty("broken");
  });

  it("is refused and left alone where it has a newer schema or belongs to another program", async () => {
    const newer = newPath();
    await copyFile(sound, newer);
    const other = newPath();
    for (const [path, statement] of [
      [newer, "insert into tenantry_migrations (name) values ('9999-next')"],
      [other, "create table notes (text)"],
    ] as const) {
      const database = new DatabaseSync(path);
      database.exec(statement);
      database.close();
      const before = await readFile(path);
      await using store = sqliteStore(path);
      expect((await failureOf(store)).code).toBe("STORE_INVALID");
      await store.close();
      expect(before.equals(await readFile(path))).toBe(true);
    }
  });
});

describe("a file that cannot be used now", () => {
  it("is unavailable where its folder is missing, and used once there is one", async () => {
    const missing = join(folder, "missing");
    await using store = sqliteStore(join(missing, "store.db"));
    await expect(store.verdicts.get(key)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: false,
    });
    await mkdir(missing);
    expect(await store.verdicts.get(key)).toBeUndefined();
  });

  it("is unavailable where it is a folder", async () => {
    await using store = sqliteStore(folder);
    await expect(store.verdicts.get(key)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("is created for its owner alone", async () => {
    const path = newPath();
    await using store = sqliteStore(path);
    await store.verdicts.put(key, 1, { ifVersion: null });
    for (const suffix of ["", "-wal", "-shm"]) expect((await stat(path + suffix)).mode & 0o777).toBe(0o600);
  });

  // Whoever closes any descriptor of a file gives up every lock that the process has on it (fcntl_locking(2)).
  it.runIf(process.platform === "linux")(
    "stays locked for its store while another one of the same process opens and closes it",
    async () => {
      const path = newPath();
      await using store = sqliteStore(path);
      await fill(store, 1);
      const locks = await locksOf(path);
      expect(locks).toBeGreaterThan(0);
      {
        await using second = sqliteStore(path);
        await second.verdicts.get(key);
        expect(await locksOf(path)).toBeGreaterThanOrEqual(locks);
      }
      expect(await locksOf(path)).toBe(locks);
    },
  );

  it("is unavailable to a process that may only read it", async () => {
    const path = newPath();
    const readable = await mkdtemp(join(tmpdir(), "tenantry-readable-"));
    await chmod(readable, 0o755);
    await using store = sqliteStore(path);
    await fill(store, 1);
    await store.close();
    const copy = join(readable, "store.db");
    await copyFile(path, copy);
    await chmod(copy, 0o444);
    // Root may write anywhere, so that somebody else has to try.
    const program = `
      import { sqliteStore } from ${JSON.stringify(new URL("../sqlite.ts", import.meta.url).href)};
      const store = sqliteStore(${JSON.stringify(copy)});
      const failure = await store.verdicts.get({ url: "row-0" }).catch((error) => error);
      console.log(failure.code, failure.retryable);`;
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], nobody);
    expect(stdout.trim()).toBe("STORE_UNAVAILABLE false");
    await rm(readable, { recursive: true });
  });

  it("is unavailable while another process keeps it locked, without stopping this one, and then used", async () => {
    const path = newPath();
    await using store = sqliteStore(path, { limits: { busyTimeoutMs: 300 } });
    await fill(store, 1);
    const locking = spawn(
      process.execPath,
      [
        "-e",
        `new (require("node:sqlite").DatabaseSync)(${JSON.stringify(path)}).exec("begin immediate"); console.log("locked"); setInterval(() => {}, 1000)`,
      ],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    await once(locking.stdout, "data");
    let turns = 0;
    const turning = setInterval(() => turns++, 5);
    await expect(store.verdicts.put(key, 1, { ifVersion: null })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      retryable: true,
    });
    clearInterval(turning);
    expect(turns).toBeGreaterThan(10);
    expect((await store.verdicts.get({ url: "row-0" }))?.value).toEqual(value("a"));
    const waiting = store.verdicts.put(key, 2, { ifVersion: null });
    locking.kill("SIGKILL");
    await waiting;
    expect((await store.verdicts.get(key))?.value).toBe(2);
  });
});

describe("a disk that is full", () => {
  it("writes nothing of what does not fit, keeps what is there, and goes on once there is room", async () => {
    const path = newPath();
    await using store = sqliteStore(path);
    await fill(store, 3);
    await store.close();
    // The file's own bound on its pages fails as a full disk does, on every machine and for any user.
    const program = `
      import { DatabaseSync } from "node:sqlite";
      const exec = DatabaseSync.prototype.exec;
      let bound;
      DatabaseSync.prototype.exec = function (text) { exec.call(this, text); bound = (pages) => exec.call(this, "pragma max_page_count = " + pages); };
      const { sqliteStore } = await import(${JSON.stringify(new URL("../sqlite.ts", import.meta.url).href)});
      const store = sqliteStore(${JSON.stringify(path)});
      await store.verdicts.get({ url: "row-0" });
      bound(1);
      let written = 0, failure;
      while (!failure) await store.verdicts.put({ url: "more-" + written }, "x".repeat(50_000), { ifVersion: null }).then(() => written++, (error) => (failure = error));
      const { rows } = await store.verdicts.scan({ limit: 1000 });
      bound(1_000_000);
      await store.verdicts.put({ url: "at last" }, 1, { ifVersion: null });
      console.log(JSON.stringify({ code: failure.code, retryable: failure.retryable, delivery: failure.delivery, written, rows: rows.length }));
      await store.close();`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program]);
    const outcome = JSON.parse(stdout) as { written: number; rows: number };
    expect(outcome).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true, delivery: "unsent" });
    expect(outcome.rows).toBe(outcome.written + 3);
    checkIntegrity(path);
  });
});

it("lets thousands of calls of one moment wait, and finishes work under a lease while the queue is full", async () => {
  await using store = sqliteStore(newPath());
  const lease = await store.leases.acquire("a", { ttlMs: 60_000 });
  const version = await store.verdicts.put(key, 1, { ifVersion: null });
  const crowd = Promise.allSettled(Array.from({ length: 10_200 }, () => store.verdicts.get(key)));
  await store.verdicts.put(key, 2, { ifVersion: version, urgent: true });
  expect((await store.verdicts.get(key, { urgent: true }))?.value).toBe(2);
  if (lease) await store.leases.release(lease);
  const refused = (await crowd).flatMap((call) =>
    call.status === "rejected" ? [call.reason as unknown] : [],
  );
  expect(refused).toHaveLength(10_200 - 10_000 - 64);
  expect(refused[0]).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true, delivery: "unsent" });
});

it("brings flows of before they were people's up to date, and keeps the rest", async () => {
  const path = newPath();
  const before = sqliteStore(path);
  await before.verdicts.put({ url: "kept" }, 1, { ifVersion: null });
  await before.close();
  const database = new DatabaseSync(path);
  database.exec(`delete from tenantry_migrations where name = '0002-flows-of-people';
    drop table tenantry_flows;
    create table tenantry_flows (state text not null primary key, value text, version text, expires_at integer);
    insert into tenantry_flows values ('s', '1', 'v', null)`);
  database.close();
  await using store = sqliteStore(path);
  await store.flows.put(flow("s"), 2, { ifVersion: null });
  expect((await store.flows.scan()).rows).toMatchObject([{ key: flow("s"), value: 2 }]);
  expect((await store.verdicts.get({ url: "kept" }))?.value).toBe(1);
});

it("sweeps what has expired as others are written", async () => {
  const path = newPath();
  await using store = sqliteStore(path);
  for (let row = 0; row < 200; row++)
    await store.flows.put(flow(`${row}`), 1, { ifVersion: null, expiresAt: 1 });
  await store.close();
  const database = new DatabaseSync(path);
  const left = database.prepare("select count(*) as count from tenantry_flows").get();
  database.close();
  expect(left?.count).toBeLessThan(64);
});

it("takes the path of a file and nothing else", () => {
  for (const path of [
    "",
    ":memory:",
    "file:x?mode=memory",
    "a\0b",
    1,
    undefined,
    new URL("https://example.com/"),
  ]) {
    expect(() => sqliteStore(path as string)).toThrow("[CONFIG_INVALID]");
  }
  expect(() => sqliteStore("x.db", { limits: { busyTimeoutMs: -1 } })).toThrow("[CONFIG_INVALID]");
});
