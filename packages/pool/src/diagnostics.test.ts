import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { expect, it, onTestFinished } from "vitest";
import { TenantryError } from "@tenantry/core";
import { credentialOf, fakeProvider, settle, userScope } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

/** What is told at the end of what these channels trace, until the test is over. */
function endsOf(...names: readonly string[]) {
  const seen: [name: string, payload: { readonly outcome?: string }][] = [];
  for (const name of names) {
    const subscriber = { asyncEnd: (payload: object) => void seen.push([name, { ...payload }]) };
    tracingChannel(name).subscribe(subscriber as never);
    onTestFinished(() => void tracingChannel(name).unsubscribe(subscriber as never));
  }
  return seen;
}

/** What these channels tell, until the test is over. */
function noticesOf(...names: readonly string[]) {
  const heard: unknown[] = [];
  const note = (event: unknown, name: string | symbol) => void heard.push([name, event]);
  for (const name of names) {
    subscribe(name, note);
    onTestFinished(() => void unsubscribe(name, note));
  }
  return heard;
}

it("tells how each connection was come by, and of each one that is opened", async () => {
  const seen = endsOf("tenantry:pool:acquire", "tenantry:pool:connect");
  const started = startPool({ maxConnections: 1 });
  const acquire = (user: string) => started.acquire({ user, context: { secret: "of ada" } });
  const leases = await Promise.all([acquire("ada"), acquire("ada")]);
  leases.push(await acquire("ada"));
  const waiting = acquire("bob");
  await settle();
  for (const lease of leases) lease.release();
  (await waiting).release();
  await settle();
  const acquired = seen.filter(([name]) => name === "tenantry:pool:acquire");
  expect(acquired.map(([, { outcome }]) => outcome)).toEqual(["open", "join", "hit", "wait"]);
  expect(seen).toHaveLength(6);
  expect(JSON.stringify(seen)).not.toContain("of ada");
});

it("tells what becomes of connections, and when calls are held back", async () => {
  const seen = endsOf("tenantry:pool:acquire");
  const heard = noticesOf(...["park", "evict", "rotate", "break"].map((name) => `tenantry:pool:${name}`));
  const { run, clock, pool } = startPool(
    { idleTimeoutMs: 100, parkedTimeoutMs: 100, breakerThreshold: 1 },
    { parks: true, random: () => 0.5 },
  );
  const provider = fakeProvider(credentialOf("s", "1"));
  const call = (work = async () => {}) => run(work, { provider });
  const named = { scope: userScope("ada"), server: "files" };
  await call();
  clock.step(100);
  await call();
  provider.current = credentialOf("s", "2");
  await call();
  expect(seen.map(([, { outcome }]) => outcome)).toEqual(["open", "resume", "hit"]);
  clock.step(100);
  clock.step(100);
  const unavailable = new TenantryError("SERVER_UNAVAILABLE", "no", { delivery: "unknown", status: 503 });
  await call(() => Promise.reject(unavailable)).catch(() => {});
  await pool.revoke({ server: "files" });
  expect(heard).toEqual([
    ["tenantry:pool:park", named],
    ["tenantry:pool:rotate", named],
    ["tenantry:pool:park", named],
    ["tenantry:pool:evict", { ...named, reason: "idle" }],
    [
      "tenantry:pool:break",
      {
        server: "files",
        principal: expect.any(String) as string,
        kind: "transport",
        delayMs: 500,
        last: false,
      },
    ],
    ["tenantry:pool:evict", { ...named, reason: "revoked" }],
  ]);
});

it("tells why each connection was ended that its host has not closed the pool for", async () => {
  const heard = noticesOf("tenantry:pool:evict");
  const { run, clock, pool } = startPool({ maxConnections: 1, idleTimeoutMs: 1_000, maxLifetimeMs: 1_500 });
  const call = (user: string) => run(async () => {}, { user });
  await call("idle");
  clock.step(1_000);
  await call("room");
  await call("age");
  clock.step(999);
  await call("age");
  clock.step(501);
  await call("age");
  await pool.revoke({ workspace: "acme" });
  await call("closed");
  await pool.close();
  const told = heard.map((event) => (event as [string, { scope: object; reason: string }])[1]);
  expect(told.map(({ scope, reason }) => [(scope as { user: string }).user, reason])).toEqual([
    ["idle", "idle"],
    ["room", "room"],
    ["age", "age"],
    ["age", "revoked"],
  ]);
});
