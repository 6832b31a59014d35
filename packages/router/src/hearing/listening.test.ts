import { setImmediate as settle } from "node:timers/promises";
import {
  TenantryError,
  type CloseReason,
  type Connection,
  type ConnectionPool,
  type ServerEvent,
  type Subscription,
} from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../test/manual-clock.ts";
import { memoryConnection } from "../../test/memory-pool.ts";
import type { Route } from "../routing.ts";
import { Burst } from "./burst.ts";
import { Listening } from "./listening.ts";

const lost = (retryable: boolean) => new TenantryError("CONNECTION_LOST", "It is gone.", { retryable });

/** A server that is heard until it is told to be lost, or cannot be heard for as long as told. */
function heard() {
  const clock = new ManualClock();
  const subscribers: { tell: (event: ServerEvent) => void; lose: (reason: CloseReason) => void }[] = [];
  const state: { failure: TenantryError | undefined; leases: number } = { failure: undefined, leases: 0 };
  const subscribe: Connection["subscribe"] = async (filter, tell) => {
    if (state.failure !== undefined) throw state.failure;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    subscribers.push({ tell, lose: resolve });
    const close = async () => resolve({ kind: "closed" });
    return { honored: filter, closed: promise, close, [Symbol.asyncDispose]: close } satisfies Subscription;
  };
  const connection = {
    ...memoryConnection({}, () => Promise.reject(new Error("Nothing is asked."))),
    subscribe,
  };
  const acquire = async () => {
    state.leases++;
    const release = () => void state.leases--;
    return { connection, release, [Symbol.dispose]: release };
  };
  const pool = {
    run: () => Promise.reject(new Error("Nothing is run.")),
    acquire,
  } as ConnectionPool<Connection>;
  const told: unknown[] = [];
  const listening = (admit?: Route["admit"]) =>
    new Listening({
      ...{ pool, clock, filter: { tools: true } },
      route: { target: {}, context: {}, ...(admit && { admit }) } as Route,
      check: () => undefined,
      onEvent: (event) => told.push(event.kind),
      onBack: () => told.push("back"),
    });
  return { clock, state, subscribers, told, listening };
}

describe("listening to a server", () => {
  it("keeps its connection until it is closed", async () => {
    const { state, subscribers, told, listening } = heard();
    const one = listening();
    await one.opened;
    subscribers[0]?.tell({ kind: "tools_changed" });
    expect([told, state.leases]).toEqual([["tools_changed"], 1]);
    await one.close();
    expect(await one.closed).toEqual({ kind: "closed" });
    expect(state.leases).toBe(0);
  });

  it("says at once that it cannot be, and keeps nothing", async () => {
    const { state, clock, listening } = heard();
    state.failure = lost(true);
    const one = listening();
    await expect(one.opened).rejects.toBe(state.failure);
    expect(await one.closed).toEqual({ kind: "lost", cause: state.failure });
    expect([state.leases, clock.pending]).toEqual([0, 0]);
  });

  it("goes on where it is lost, at growing intervals, and says that something may have been missed", async () => {
    const { state, clock, subscribers, told, listening } = heard();
    const one = listening();
    await one.opened;
    state.failure = lost(true);
    subscribers[0]?.lose({ kind: "lost", cause: lost(true) });
    for (const delayMs of [1_000, 2_000]) {
      await settle();
      clock.advance(delayMs - 1);
      await settle();
      expect([clock.pending, state.leases]).toEqual([1, 0]);
      clock.advance(1);
    }
    await settle();
    state.failure = undefined;
    clock.advance(4_000);
    await settle();
    expect(told).toEqual(["back"]);
    subscribers[1]?.tell({ kind: "tools_changed" });
    expect(told).toEqual(["back", "tools_changed"]);
    await one.close();
    expect([state.leases, clock.pending]).toEqual([0, 0]);
  });

  it("borrows nothing where the way to the server is not approved, or is so no more", async () => {
    const { state, clock, subscribers, listening } = heard();
    const refusal = new TenantryError("APPROVAL_REQUIRED", "It is not approved.");
    const admit = async () => {
      if (subscribers.length > 0) throw refusal;
    };
    const one = listening(admit);
    await one.opened;
    subscribers[0]?.lose({ kind: "lost", cause: lost(true) });
    await settle();
    clock.advance(1_000);
    await settle();
    expect(await one.closed).toEqual({ kind: "lost", cause: refusal });
    const other = listening(admit);
    await expect(other.opened).rejects.toBe(refusal);
    expect([subscribers.length, state.leases]).toEqual([1, 0]);
  });

  it("ends where there is no sense in it any more", async () => {
    const { state, clock, subscribers, listening } = heard();
    const one = listening();
    await one.opened;
    const cause = lost(false);
    subscribers[0]?.lose({ kind: "lost", cause });
    expect(await one.closed).toEqual({ kind: "lost", cause });
    expect([state.leases, clock.pending]).toEqual([0, 0]);
  });

  it("can be closed while it waits", async () => {
    const { state, clock, subscribers, listening } = heard();
    const one = listening();
    await one.opened;
    state.failure = lost(true);
    subscribers[0]?.lose({ kind: "lost" });
    await settle();
    expect(clock.pending).toBe(1);
    await one.close();
    expect(clock.pending).toBe(0);
  });
});

describe("a burst", () => {
  const bursts = () => {
    const clock = new ManualClock();
    const told: number[] = [];
    const began = clock.now();
    const burst = new Burst(clock, () => told.push(clock.now() - began));
    return { clock, told, burst };
  };

  it("is told of once, when it is over", () => {
    const { clock, told, burst } = bursts();
    for (let at = 0; at < 10; at++) {
      burst.add();
      clock.advance(100);
    }
    expect(told).toEqual([]);
    clock.advance(100);
    expect([told, clock.pending]).toEqual([[1_100], 0]);
  });

  it("is over after two seconds, and what goes on is another one", () => {
    const { clock, told, burst } = bursts();
    for (let at = 0; at < 50; at++) {
      burst.add();
      clock.advance(100);
    }
    clock.advance(100);
    expect(told).toEqual([2_000, 4_000, 5_100]);
  });

  it("is not told of where nobody listens any more", () => {
    const { clock, told, burst } = bursts();
    burst.add();
    burst.close();
    clock.advance(1_000);
    expect([told, clock.pending]).toEqual([[], 0]);
  });
});
