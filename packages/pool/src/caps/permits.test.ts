import { getEventListeners } from "node:events";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { TenantryError, type Scope, type ServerRef } from "@tenantry/core";
import { settle, userScope } from "../../test/fake-connector.ts";
import { stepClock, type StepClock } from "../../test/step-clock.ts";
import { createCallPermits, type CallLimits } from "./call-permits.ts";
import type { PermitLane, Permits } from "./permits.ts";

let clock: StepClock;
let permits: Permits;

function start(limits: Partial<CallLimits>): void {
  clock = stepClock();
  const wide = {
    maxCallsPerUser: 99,
    maxCallsPerConnection: 99,
    maxSharedCallsPerUser: 99,
    maxCallsPerServer: 99,
  };
  permits = createCallPermits({ ...wide, maxWaiting: 99, acquireTimeoutMs: 100, ...limits }, clock);
}

const serverOf = (id: string, origin?: string) =>
  ({ id, digest: "1", ...(origin && { origin }) }) as ServerRef;
const laneOf = (scope: Scope, id = "files", origin?: string) =>
  permits.lane({ scope, server: serverOf(id, origin) }, JSON.stringify([scope, id]));
const enterAll = (lane: PermitLane, count: number) => {
  for (let call = 0; call < count; call++) expect(permits.enter(lane)).toBe(true);
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "fulfilled",
    (error: unknown) =>
      error instanceof TenantryError ? `${error.code}${error.retryable ? ", retryable" : ""}` : error,
  );

beforeEach(() => start({}));

describe("the permits for calls", () => {
  it("stop a user's flood of a hung server and leave the user every other server", () => {
    start({ maxCallsPerConnection: 2, maxCallsPerUser: 4 });
    const [hung, fine] = [laneOf(userScope("ada"), "hung"), laneOf(userScope("ada"), "fine")];
    enterAll(hung, 2);
    for (let call = 0; call < 50; call++) void permits.wait(hung);
    expect(permits.enter(hung)).toBe(false);
    enterAll(fine, 2);
  });

  it("count a user's calls on all connections, and a scope without a user by connection", () => {
    start({ maxCallsPerUser: 2 });
    enterAll(laneOf(userScope("ada", "acme", "s1")), 1);
    enterAll(laneOf(userScope("ada", "acme", "s2"), "mail"), 1);
    expect(permits.enter(laneOf(userScope("ada"), "wiki"))).toBe(false);
    enterAll(laneOf(userScope("ada", "globex")), 1);
    enterAll(laneOf({ share: "everyone" }), 9);
  });

  it("count an origin's calls whoever makes them, and a server without one by workspace", () => {
    start({ maxCallsPerServer: 1 });
    enterAll(laneOf(userScope("ada"), "one", "https://example.com"), 1);
    expect(permits.enter(laneOf(userScope("ada", "globex"), "other", "https://example.com"))).toBe(false);
    enterAll(laneOf(userScope("ada"), "files"), 1);
    expect(permits.enter(laneOf(userScope("bob"), "files"))).toBe(false);
    enterAll(laneOf(userScope("ada", "globex"), "files"), 1);
  });

  it("come to users in turns", async () => {
    start({ maxCallsPerServer: 1 });
    const [ada, bob] = [laneOf(userScope("ada")), laneOf(userScope("bob"))];
    enterAll(ada, 1);
    const served: string[] = [];
    for (const name of ["a1", "a2", "a3"]) void permits.wait(ada).then(() => served.push(name));
    void permits.wait(bob).then(() => served.push("b1"));
    for (const lane of [ada, ada, bob, ada]) {
      permits.leave(lane);
      await settle();
    }
    expect(served).toEqual(["a1", "b1", "a2", "a3"]);
  });

  it("are given at once where there is room, and where nobody may wait", async () => {
    start({ maxWaiting: 0 });
    const lane = laneOf(userScope("ada"));
    await permits.wait(lane);
    expect(clock.pending).toBe(0);
    permits.leave(lane);
    permits.drop(lane);
    expect(permits.size).toBe(0);
  });
});

describe("a caller that waits for a permit", () => {
  it("hears POOL_EXHAUSTED when its time is over, with the limit that kept it out", async () => {
    start({ maxCallsPerServer: 1 });
    const [ada, bob] = [laneOf(userScope("ada")), laneOf(userScope("bob"))];
    enterAll(ada, 1);
    const late = permits.wait(bob);
    clock.step(1);
    const next = permits.wait(bob);
    clock.step(99);
    await expect(late).rejects.toThrow(/POOL_EXHAUSTED.*limits\.maxCallsPerServer \(1\).*100 ms/u);
    expect(await codeOf(late)).toBe("POOL_EXHAUSTED, retryable");
    permits.leave(ada);
    await next;
    expect(clock.pending).toBe(0);
  });

  it("hears the reason of its own abort, and the others move up", async () => {
    start({ maxCallsPerServer: 1 });
    const lane = laneOf(userScope("ada"));
    enterAll(lane, 1);
    const caller = new AbortController();
    const first = codeOf(permits.wait(lane, { signal: caller.signal }));
    const second = permits.wait(lane, { signal: caller.signal });
    caller.abort("enough");
    expect(await first).toBe("enough");
    expect(await codeOf(second)).toBe("enough");
    expect([clock.pending, getEventListeners(caller.signal, "abort").length]).toEqual([0, 0]);
    const third = permits.wait(lane);
    permits.leave(lane);
    await third;
    expect(await codeOf(permits.wait(lane, { signal: caller.signal }))).toBe("enough");
  });

  it("leaves nothing behind once it has its permit", async () => {
    start({ maxCallsPerServer: 1 });
    const lane = laneOf(userScope("ada"));
    enterAll(lane, 1);
    const caller = new AbortController();
    const waiting = permits.wait(lane, { signal: caller.signal });
    permits.leave(lane);
    await waiting;
    expect([clock.pending, getEventListeners(caller.signal, "abort").length]).toEqual([0, 0]);
    caller.abort();
    expect(permits.enter(lane)).toBe(false);
    permits.leave(lane);
    enterAll(lane, 1);
  });

  it("is counted by its connection where it has no user", async () => {
    start({ maxCallsPerConnection: 1, maxWaiting: 1 });
    const lanes = ["files", "mail"].map((id) => laneOf({ share: "everyone" }, id));
    lanes.forEach((lane) => enterAll(lane, 1));
    const waiting = lanes.map((lane) => permits.wait(lane));
    expect(await codeOf(permits.wait(lanes[0]!))).toBe("POOL_EXHAUSTED, retryable");
    lanes.forEach((lane) => permits.leave(lane));
    await Promise.all(waiting);
  });

  it("is refused where as many of its user wait as may, whatever the connection; others are not", async () => {
    start({ maxCallsPerConnection: 1, maxWaiting: 2 });
    const lanes = [
      laneOf(userScope("ada"), "files"),
      laneOf(userScope("ada"), "mail"),
      laneOf(userScope("bob")),
    ];
    lanes.forEach((lane) => enterAll(lane, 1));
    const waiting = [permits.wait(lanes[0]!), permits.wait(lanes[1]!), permits.wait(lanes[2]!)];
    expect(await codeOf(permits.wait(lanes[1]!))).toBe("POOL_EXHAUSTED, retryable");
    permits.leave(lanes[0]!);
    await waiting[0];
    const next = permits.wait(lanes[1]!);
    permits.leave(lanes[1]!);
    await waiting[1];
    permits.leave(lanes[1]!);
    await next;
  });
});

it("keeps every limit and strands nobody in whatever order calls come and go", async () => {
  const scopes = [
    userScope("ada"),
    userScope("bob"),
    userScope("ada", "globex"),
    { share: "everyone" } as Scope,
  ];
  const command = fc.record({
    kind: fc.constantFrom("call", "call", "end", "abort", "pass"),
    scope: fc.nat(scopes.length - 1),
    server: fc.constantFrom("files", "mail", "wiki"),
    index: fc.nat(30),
  });
  const limits = fc.record({
    maxCallsPerUser: fc.integer({ min: 1, max: 4 }),
    maxCallsPerConnection: fc.integer({ min: 1, max: 3 }),
    maxCallsPerServer: fc.integer({ min: 1, max: 5 }),
    maxWaiting: fc.integer({ min: 0, max: 5 }),
  });
  interface Call {
    readonly lane: PermitLane;
    /** Its connection, its server and its user, as far as it has one. */
    readonly keys: readonly string[];
    readonly abort: AbortController;
    state: "waiting" | "running" | "over";
  }
  await fc.assert(
    fc.asyncProperty(limits, fc.array(command, { minLength: 5, maxLength: 80 }), async (limits, commands) => {
      start(limits);
      const calls: Call[] = [];
      const inState = (state: Call["state"]) => calls.filter((call) => call.state === state);
      const maxOf = [limits.maxCallsPerConnection, limits.maxCallsPerServer, limits.maxCallsPerUser];
      const isFull = (key: string | undefined, kind: number) =>
        key !== undefined &&
        inState("running").filter(({ keys }) => keys[kind] === key).length >= maxOf[kind]!;
      const end = (call: Call) => {
        call.state = "over";
        permits.leave(call.lane);
        permits.drop(call.lane);
      };
      const begin = (scope: Scope, server: string) => {
        const origin = server === "wiki" ? undefined : "https://example.com";
        const user = scope.share === "user" ? `${scope.workspace} ${scope.user}` : undefined;
        const home = scope.share === "user" ? scope.workspace : "";
        const connection = `${user} ${server}`;
        const lane = laneOf(scope, server, origin);
        const keys = [connection, origin ?? home, ...(user ? [user] : [])];
        const call: Call = { lane, keys, abort: new AbortController(), state: "waiting" };
        const wasFull = call.keys.some(isFull);
        const party = inState("waiting").filter(({ lane: { party } }) => party === lane.party).length;
        calls.push(call);
        if (permits.enter(lane)) {
          expect(wasFull).toBe(false);
          call.state = "running";
          return;
        }
        expect(wasFull).toBe(true);
        permits.wait(lane, { signal: call.abort.signal }).then(
          () => (call.state = "running"),
          (error: unknown) => {
            call.state = "over";
            permits.drop(lane);
            const isRefused = error instanceof TenantryError && /wait for others/u.test(error.message);
            expect(isRefused).toBe(party >= limits.maxWaiting);
          },
        );
      };
      for (const { kind, scope, server, index } of commands) {
        const [running, waiting] = [inState("running"), inState("waiting")];
        if (kind === "call") begin(scopes[scope]!, server);
        else if (kind === "end" && running.length > 0) end(running[index % running.length]!);
        else if (kind === "abort") waiting[index % Math.max(1, waiting.length)]?.abort.abort("left");
        else if (kind === "pass") clock.step(index);
        await settle();
        for (const { keys } of inState("running"))
          keys.forEach((key, kind) =>
            expect(inState("running").filter((other) => other.keys[kind] === key).length).toBeLessThanOrEqual(
              maxOf[kind]!,
            ),
          );
        for (const { keys } of inState("waiting")) expect(keys.some(isFull)).toBe(true);
      }
      clock.step(100);
      await settle();
      inState("running").forEach(end);
      expect([permits.size, clock.pending, inState("waiting")]).toEqual([0, 0, []]);
    }),
    { numRuns: 200 },
  );
});
