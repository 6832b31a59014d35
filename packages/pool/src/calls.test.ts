import { describe, expect, it } from "vitest";
import { principalOf, type Scope, type WorkspaceId } from "@tenantry/core";
import { gate, settle } from "../test/fake-connector.ts";
import { codeOf, failureOf, startPool, type Wanted } from "../test/start-pool.ts";
import type { PoolLimits } from "./limits.ts";

/** A pool whose calls last until they are ended by their name. */
function startCalls(limits: Partial<PoolLimits>) {
  const { run, clock } = startPool(limits);
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
  return { run, clock, begun, call, end };
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
    for (const name of ["ada 1", "ada 2", "bob"]) await end(name);
    expect(begun).toEqual(["ada 1", "ada 2", "bob", "ada 3"]);
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
});
