import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { principalOf, type Scope, type WorkspaceId } from "@tenantry/core";
import {
  fakeConnector,
  gate,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
} from "../test/fake-connector.ts";
import { stepClock, type StepClock } from "../test/step-clock.ts";
import { createPool, type Pool, type PoolLimits } from "./index.ts";

let clock: StepClock;
let fake: ReturnType<typeof fakeConnector>;
let pool: Pool<FakeConnection>;
/** The calls that have begun, by name. */
let begun: string[];
let ends: Map<string, () => void>;

function start(limits: Partial<PoolLimits>): void {
  clock = stepClock();
  fake = fakeConnector();
  pool = createPool<FakeConnection, FakeSession>({ connector: fake.connector, limits, clock });
  begun = [];
  ends = new Map();
}

/** Makes a call that lasts until it is ended. */
function call(name: string, scope: Scope, server = "files", principal?: string, signal?: AbortSignal) {
  const asks =
    principal === undefined ? {} : { principal: principalOf({ workspace: "acme", user: principal }) };
  const work = async () => {
    begun.push(name);
    const { promise, resolve } = gate();
    ends.set(name, resolve);
    await promise;
  };
  const options = { context: {}, resend: "refused", signal, ...asks } as const;
  return pool.run(targetOf(fake.upstreamOf(server), scope, server), work, options);
}

async function end(name: string): Promise<void> {
  ends.get(name)?.();
  await settle();
}

beforeEach(() => start({}));

afterEach(async () => {
  for (const finish of ends.values()) finish();
  const closing = pool.close();
  await settle();
  for (const finish of ends.values()) finish();
  clock.step(60_000);
  await closing;
  expect(clock.pending).toBe(0);
  expect(pool.stats().entries).toEqual([]);
});

describe("calls in flight", () => {
  it("are bounded by connection and by user, and one server's leave room for the user's others", async () => {
    start({ maxCallsPerConnection: 2, maxCallsPerUser: 3 });
    const ada = userScope("ada");
    const calls = ["1", "2", "3"].map((name) => call(`files ${name}`, ada));
    calls.push(call("mail", ada, "mail"), call("wiki", ada, "wiki"), call("bob", userScope("bob")));
    await settle();
    expect(begun).toEqual(["files 1", "files 2", "mail", "bob"]);
    await end("files 1");
    expect(begun).toHaveLength(5);
    for (const name of ["mail", "files 2", "files 3", "wiki", "bob"]) await end(name);
    await Promise.all(calls);
  });

  it("of a user with a thousand that wait delay another's first by one", async () => {
    start({ maxCallsPerServer: 2, maxCallsPerConnection: 1_000, maxCallsPerUser: 1_000 });
    const abort = new AbortController();
    const many = Array.from({ length: 1_000 }, (_, index) =>
      call(`ada ${index}`, userScope("ada"), "files", undefined, abort.signal),
    );
    await settle();
    const all = Promise.allSettled([...many, call("bob", userScope("bob"))]);
    await settle();
    expect(begun).toEqual(["ada 0", "ada 1"]);
    // A server without an origin is known by its workspace, so all of these count towards one bound.
    await end("ada 0");
    await end("ada 1");
    expect(begun.indexOf("bob")).toBeLessThanOrEqual(3);
    abort.abort("enough");
    for (const name of begun) await end(name);
    await all;
  });

  it("of users who share a connection come in turns as well", async () => {
    start({ maxCallsPerConnection: 1 });
    const shared: Scope = { share: "workspace", workspace: "acme" as WorkspaceId };
    const calls = ["1", "2", "3"].map((name) => call(`ada ${name}`, shared, "files", "ada"));
    await settle();
    calls.push(call("bob", shared, "files", "bob"));
    await settle();
    for (const name of ["ada 1", "ada 2", "bob"]) await end(name);
    expect(begun).toEqual(["ada 1", "ada 2", "bob", "ada 3"]);
    await end("ada 3");
    await Promise.all(calls);
  });

  it("wait no longer than acquireTimeoutMs or their signal, and nothing was sent then", async () => {
    start({ maxCallsPerConnection: 1, acquireTimeoutMs: 100 });
    const abort = new AbortController();
    const first = call("first", userScope("ada"));
    await settle();
    const late = call("late", userScope("ada")).catch((error: unknown) => error);
    const left = call("left", userScope("ada"), "files", undefined, abort.signal).catch(
      (error: unknown) => error,
    );
    await settle();
    abort.abort("enough");
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
    start({ maxCallsPerConnection: 1, maxWaiting: 1 });
    const calls = [call("first", userScope("ada")), call("second", userScope("ada"))];
    await settle();
    await expect(call("third", userScope("ada"))).rejects.toMatchObject({ code: "POOL_EXHAUSTED" });
    await end("first");
    await end("second");
    await Promise.all(calls);
  });

  it("leave their place when they fail", async () => {
    start({ maxCallsPerConnection: 1 });
    const target = targetOf(fake.upstreamOf("files"), userScope("ada"));
    const fails = async () => {
      throw new Error("no");
    };
    for (let turn = 0; turn < 3; turn++)
      await expect(pool.run(target, fails, { context: {}, resend: "safe" })).rejects.toThrow("no");
  });
});
