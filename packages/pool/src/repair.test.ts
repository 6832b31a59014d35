import { describe, expect, it } from "vitest";
import { TenantryError, type ServerId } from "@tenantry/core";
import { failure, gate, settle, type FakeConnection } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

describe("a lost session", () => {
  it("is replaced once for ten calls that fail together, and each runs once more", async () => {
    const { run, fake } = startPool();
    const attempts: number[] = [];
    const work = async (connection: FakeConnection, attempt: number) => {
      attempts.push(attempt);
      await settle();
      if (connection === fake.connections[0]) throw failure({ delivery: "refused", recover: "reconnect" });
      return connection;
    };
    const seen = await Promise.all(Array.from({ length: 10 }, () => run(work)));
    expect(new Set(seen)).toEqual(new Set([fake.connections[1]]));
    expect(fake.connections).toHaveLength(2);
    expect(fake.connections[0]?.closes).toBe(1);
    expect(attempts.sort()).toEqual([...Array<number>(10).fill(1), ...Array<number>(10).fill(2)]);
  });

  it("does not end the replacement when a call on the old connection fails late", async () => {
    const { run, fake } = startPool();
    const late = gate();
    const fails = failure({ delivery: "refused", recover: "reconnect" });
    const failsFirst = (until: Promise<void>) => async (connection: FakeConnection, attempt: number) => {
      if (attempt > 1) return connection;
      await until;
      throw fails;
    };
    const slow = run(failsFirst(late.promise));
    await run(failsFirst(Promise.resolve()));
    fake.connections[0]?.lose();
    late.resolve();
    expect(await slow).toBe(fake.connections[1]);
    expect(fake.connections).toHaveLength(2);
    expect(fake.connections[1]?.closes).toBe(0);
  });

  it("is replaced for the next call, even where the one that met it is not repeated", async () => {
    const { run, fake } = startPool();
    const error = failure({ delivery: "unknown", recover: "reconnect" });
    await expect(run(() => Promise.reject(error))).rejects.toBe(error);
    expect(await run(async (connection) => connection)).toBe(fake.connections[1]);
  });
});

describe("a call that failed", () => {
  it.each([
    ["refused", "reconnect", "refused", 2],
    ["unsent", "reconnect", "refused", 2],
    ["unknown", "reconnect", "refused", 1],
    ["unknown", "reconnect", "safe", 2],
    ["answered", "reconnect", "safe", 1],
    ["refused", undefined, "safe", 1],
    ["unknown", undefined, "safe", 1],
  ] as const)(
    "delivery %s, recover %s, resend %s: runs at most %i times",
    async (delivery, recover, resend, times) => {
      const { run } = startPool();
      let runs = 0;
      const error = failure({ delivery, ...(recover && { recover }) });
      const work = () => (runs++, Promise.reject(error));
      await expect(run(work, { resend })).rejects.toBe(error);
      expect(runs).toBe(times);
    },
  );

  it.each([
    ["DELIVERY_UNKNOWN", "safe", 2],
    ["CONNECTION_LOST", "safe", 2],
    ["DELIVERY_UNKNOWN", "refused", 1],
    ["TIMEOUT", "safe", 1],
    ["SERVER_UNAVAILABLE", "safe", 1],
  ] as const)(
    "of unknown delivery with the code %s, resend %s: runs at most %i times, on the same connection",
    async (code, resend, times) => {
      const { run, fake } = startPool();
      const used: FakeConnection[] = [];
      const server = "files" as ServerId;
      const error = new TenantryError(code, "The test wants it so.", { delivery: "unknown", server });
      const work = (connection: FakeConnection) => (used.push(connection), Promise.reject(error));
      await expect(run(work, { resend })).rejects.toBe(error);
      expect(used).toEqual(Array(times).fill(fake.connections[0]));
      expect(fake.connections).toHaveLength(1);
    },
  );

  it("is not repeated once its caller has aborted", async () => {
    const { run, fake } = startPool();
    const caller = new AbortController();
    const work = () => (
      caller.abort("enough"),
      Promise.reject(failure({ delivery: "refused", recover: "reconnect" }))
    );
    await expect(run(work, { signal: caller.signal })).rejects.toBe("enough");
    expect(fake.openings).toHaveLength(1);
  });
});
