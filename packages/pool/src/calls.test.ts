import { describe, expect, it } from "vitest";
import { principalOf, type Scope, type WorkspaceId } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { codeOf, failureOf, startPool, type Wanted } from "../test/start-pool.ts";
import type { PoolLimits } from "./limits.ts";

/** A pool whose calls last until they are ended by their name. */
function startCalls(limits: Partial<PoolLimits>) {
  const started = startPool(limits);
  const { run } = started;
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const call = (name: string, wanted: Wanted = {}) =>
    run(async () => {
      begun.push(name);
      const { promise, resolve } = gate();
      ends.set(name, resolve);
      await promise;
    }, wanted);
  const end = async (name: string) => {
    ends.get(name)?.();
    await settle();
  };
  return { ...started, begun, call, end };
}

describe("calls in flight", () => {
  it("are bounded by connection and by user, and one server's leave room for the user's others", async () => {
    const { call, begun, end } = startCalls({ maxCallsPerConnection: 2, maxCallsPerUser: 3 });
    const calls = ["1", "2", "3"].map((name) => call(`files ${name}`));
    calls.push(
      call("mail", { server: "mail" }),
      call("wiki", { server: "wiki" }),
      call("bob", { user: "bob" }),
    );
    await settle();
    expect(begun).toEqual(["files 1", "files 2", "mail", "bob"]);
    await end("files 1");
    expect(begun).toHaveLength(5);
    for (const name of ["mail", "files 2", "files 3", "wiki", "bob"]) await end(name);
    await Promise.all(calls);
  });

  it("of a user with a thousand that wait delay another's first by one", async () => {
    const { call, begun, end } = startCalls({
      maxCallsPerServer: 2,
      maxCallsPerConnection: 1_000,
      maxCallsPerUser: 1_000,
    });
    const caller = new AbortController();
    const { signal } = caller;
    const many = Array.from({ length: 1_000 }, (_, index) => call(`ada ${index}`, { signal }));
    await settle();
    const all = Promise.allSettled([...many, call("bob", { user: "bob" })]);
    await settle();
    expect(begun).toEqual(["ada 0", "ada 1"]);
    // A server without an origin is known by its workspace, so all of these count towards one bound.
    await end("ada 0");
    await end("ada 1");
    expect(begun.indexOf("bob")).toBeLessThanOrEqual(3);
    caller.abort("enough");
    for (const name of begun) await end(name);
    await all;
  });

  it("of users who share a connection come in turns as well", async () => {
    const { call, begun, end } = startCalls({ maxCallsPerConnection: 1 });
    const scope: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };
    const by = (user: string) => ({ scope, principal: principalOf({ workspace: "acme", user }) });
    const calls = ["1", "2", "3"].map((name) => call(`ada ${name}`, by("ada")));
    await settle();
    calls.push(call("bob", by("bob")));
    await settle();
    for (const name of ["ada 1", "bob", "ada 2"]) await end(name);
    expect(begun).toEqual(["ada 1", "bob", "ada 2", "ada 3"]);
    await end("ada 3");
    await Promise.all(calls);
  });

  it("wait no longer than acquireTimeoutMs or their signal, and nothing was sent then", async () => {
    const { call, begun, clock, end } = startCalls({ maxCallsPerConnection: 1, acquireTimeoutMs: 100 });
    const caller = new AbortController();
    const first = call("first");
    await settle();
    const late = failureOf(call("late"));
    const left = failureOf(call("left", { signal: caller.signal }));
    await settle();
    caller.abort("enough");
    expect(await left).toBe("enough");
    clock.step(100);
    expect(await late).toMatchObject({
      code: "POOL_EXHAUSTED",
      delivery: "unsent",
      retryable: true,
      server: "files",
    });
    await end("first");
    await first;
    expect(begun).toEqual(["first"]);
  });

  it("beyond maxWaiting of one user fail at once", async () => {
    const { call, end } = startCalls({ maxCallsPerConnection: 1, maxWaiting: 1 });
    const calls = [call("first"), call("second")];
    await settle();
    expect(await codeOf(call("third"))).toBe("POOL_EXHAUSTED");
    await end("first");
    await end("second");
    await Promise.all(calls);
  });

  it("leave their place when they fail", async () => {
    const { run } = startCalls({ maxCallsPerConnection: 1 });
    const fails = () => Promise.reject(new Error("no"));
    for (let turn = 0; turn < 3; turn++) await expect(run(fails, { resend: "safe" })).rejects.toThrow("no");
  });

  it("that wait for their turn on a connection that ends go on with another one at once", async () => {
    const { call, begun, end, fake } = startCalls({ maxCallsPerConnection: 1 });
    const calls = [call("first"), call("second")];
    await settle();
    fake.connections[0]?.lose();
    await settle();
    expect(begun).toEqual(["first", "second"]);
    expect(fake.connections).toHaveLength(2);
    for (const name of begun) await end(name);
    await Promise.all(calls);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "begin on no connection that ends just before, %i turns after there is room, and take nobody's room with them",
    async (turns) => {
      const { run, pool } = startCalls({ maxCallsPerUser: 1 });
      const { promise, resolve } = gate();
      const first = run(() => promise);
      await settle();
      const begunOn: boolean[] = [];
      const second = run(async ({ ended }) => void begunOn.push(ended), { server: "mail" });
      await settle();
      resolve();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const revoking = pool.revoke({ server: "mail" });
      await Promise.all([first, second, revoking]);
      expect(begunOn).toEqual([false]);
      expect(await run(async () => "ran", { server: "wiki" })).toBe("ran");
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "wait on no connection that ended just before, %i turns after it was there, but on the next one",
    async (turns) => {
      const { run, fake } = startPool({ maxCallsPerUser: 1 }, { automatic: false });
      const first = gate();
      const hanging = run(() => first.promise, { server: "mail" });
      await settle();
      fake.openings[0]?.arrive();
      await settle();
      const waiting = run(async (connection) => connection);
      await settle();
      const gone = fake.openings[1]?.arrive();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      gone?.lose();
      await settle();
      expect(fake.openings).toHaveLength(3);
      const next = fake.openings[2]?.arrive();
      first.resolve();
      expect(await waiting).toBe(next);
      await hanging;
    },
  );
});
