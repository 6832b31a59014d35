import { describe, expect, it } from "vitest";
import type { CredentialRequest, Principal, Scope } from "@tenantry/core";
import { settle } from "../test/fake-connector.ts";
import { codeOf, startPool } from "../test/start-pool.ts";

const byHand = { automatic: false };
const limits = { maxWaiting: 10, maxCallsPerUser: 5 };
const everyone: Scope = { share: "everyone" };
const as = (user: string) => ({ workspace: "acme", user }) as Principal;
const never = { resolve: () => new Promise<undefined>(() => {}) };

describe("callers of one user that have no connection yet", () => {
  it("are bounded where they wait for one opening, and nobody else is", async () => {
    const { run, acquire, fake, pool } = startPool(limits, byHand);
    const calls = Array.from({ length: 1_000 }, () =>
      codeOf(run(async () => Promise.reject(new Error("ran")))),
    );
    await settle();
    expect([fake.openings.length, pool.stats().waiting]).toEqual([1, 15]);
    const other = acquire({ user: "bob" });
    await settle();
    fake.openings[1]?.arrive();
    (await other).release();
    fake.openings[0]?.arrive();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === "POOL_EXHAUSTED")).toHaveLength(985);
    expect(pool.stats().waiting).toBe(0);
  });

  it("are bounded where a provider gives no answer, which is not waited for longer than acquireTimeoutMs", async () => {
    let asked = 0;
    const signals: AbortSignal[] = [];
    const provider = {
      resolve({ signal }: CredentialRequest) {
        asked++;
        if (signal) signals.push(signal);
        return new Promise<undefined>(() => {});
      },
    };
    const { run, clock, pool } = startPool({ ...limits, acquireTimeoutMs: 100 }, byHand);
    const calls = Array.from({ length: 1_000 }, () => codeOf(run(async () => {}, { provider })));
    await settle();
    expect([asked, pool.stats().waiting]).toEqual([15, 15]);
    clock.step(100);
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === "POOL_EXHAUSTED")).toHaveLength(985);
    expect(outcomes.filter((outcome) => outcome === "TIMEOUT")).toHaveLength(15);
    expect(signals.map(({ aborted }) => aborted)).toEqual(Array(15).fill(true));
    expect([pool.stats().waiting, clock.pending]).toEqual([0, 0]);
  });

  it("count for whoever asks, where several share what is opened", async () => {
    const { run, fake, pool } = startPool(limits, byHand);
    const call = (user: string) =>
      run(async () => "served", { scope: everyone, principal: as(user) }).catch(
        (failure: { code: string }) => failure.code,
      );
    const flood = Array.from({ length: 1_000 }, () => call("mallory"));
    const ada = call("ada");
    await settle();
    expect(pool.stats().waiting).toBe(16);
    fake.openings[0]?.arrive();
    expect(await ada).toBe("served");
    await Promise.all(flood);
  });

  it("count for whoever asks where they wait for room, too", async () => {
    const { run, acquire } = startPool({ ...limits, maxConnections: 1 });
    const held = await acquire({ user: "bob" });
    const call = (user: string) =>
      run(async () => "served", { scope: everyone, principal: as(user) }).catch(
        (failure: { code: string }) => failure.code,
      );
    const flood = Array.from({ length: 1_000 }, () => call("mallory"));
    const ada = call("ada");
    await settle();
    held.release();
    expect(await ada).toBe("served");
    expect((await Promise.all(flood)).filter((outcome) => outcome === "served")).toHaveLength(10);
  });

  it("do not count once they have one: whoever has an open connection is served beside a hanging provider", async () => {
    const { run, acquire, pool } = startPool(limits);
    (await acquire()).release();
    const flood = Array.from({ length: 14 }, () =>
      codeOf(run(async () => {}, { provider: never, server: "mail" })),
    );
    await settle();
    expect(await run(async () => "served")).toBe("served");
    expect(pool.stats().waiting).toBe(14);
    void pool.close();
    expect(await Promise.all(flood)).toEqual(Array(14).fill("CLOSED"));
  });
});
