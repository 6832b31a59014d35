import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, it } from "vitest";
import {
  credentialOf,
  fakeConnector,
  fakeProvider,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
} from "../test/fake-connector.ts";
import { TenantryError } from "@tenantry/core";
import { stepClock } from "../test/step-clock.ts";
import { createPool } from "./index.ts";

const channels = ["tenantry:pool:acquire", "tenantry:pool:connect"] as const;
const seen: unknown[] = [];
const subscribers = channels.map((name) => ({
  asyncEnd: (payload: object) => seen.push([name, { ...payload }]),
}));

afterEach(() =>
  channels.forEach((name, index) => tracingChannel(name).unsubscribe(subscribers[index] as never)),
);

it("tells how each connection was come by, and of each one that is opened", async () => {
  channels.forEach((name, index) => tracingChannel(name).subscribe(subscribers[index] as never));
  const fake = fakeConnector();
  await using pool = createPool<FakeConnection, FakeSession>({
    connector: fake.connector,
    limits: { maxConnections: 1 },
  });
  const acquire = (user: string) =>
    pool.acquire(targetOf(fake.upstreamOf("files"), userScope(user)), { context: { secret: "of ada" } });
  const leases = await Promise.all([acquire("ada"), acquire("ada")]);
  leases.push(await acquire("ada"));
  const waiting = acquire("bob");
  await settle();
  for (const lease of leases) lease.release();
  (await waiting).release();
  await settle();
  const acquired = seen.filter((event) => (event as [string])[0] === "tenantry:pool:acquire") as [
    string,
    { outcome: string },
  ][];
  expect(acquired.map(([, { outcome }]) => outcome)).toEqual(["open", "join", "hit", "wait"]);
  expect(seen).toHaveLength(6);
  expect(JSON.stringify(seen)).not.toContain("of ada");
});

it("tells what becomes of connections, and when calls are held back", async () => {
  const heard: unknown[] = [];
  const names = ["park", "evict", "rotate", "break"].map((name) => `tenantry:pool:${name}`);
  const note = (event: unknown, name: string | symbol) => void heard.push([name, event]);
  for (const name of names) subscribe(name, note);
  tracingChannel(channels[0]).subscribe(subscribers[0] as never);
  seen.length = 0;
  const clock = stepClock();
  const fake = fakeConnector({ parks: true });
  const pool = createPool<FakeConnection, FakeSession>({
    connector: fake.connector,
    limits: { idleTimeoutMs: 100, parkedTimeoutMs: 100, breakerThreshold: 1 },
    clock,
    random: () => 0.5,
  });
  try {
    const provider = fakeProvider(credentialOf("s", "1"));
    const target = targetOf(fake.upstreamOf("files"), userScope("ada"), "files", provider);
    const call = (work = async () => {}) => pool.run(target, work, { context: {}, resend: "refused" });
    const named = { scope: userScope("ada"), server: "files" };
    await call();
    clock.step(100);
    await call();
    provider.current = credentialOf("s", "2");
    await call();
    expect(seen.map((event) => (event as [string, { outcome: string }])[1].outcome)).toEqual([
      "open",
      "resume",
      "hit",
    ]);
    clock.step(100);
    clock.step(100);
    const unavailable = new TenantryError("SERVER_UNAVAILABLE", "no", { delivery: "unknown", status: 503 });
    await call(async () => Promise.reject(unavailable)).catch(() => {});
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
  } finally {
    for (const name of names) unsubscribe(name, note);
    await pool.close();
  }
});
