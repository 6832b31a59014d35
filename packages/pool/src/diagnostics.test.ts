import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, expect, it } from "vitest";
import {
  fakeConnector,
  settle,
  targetOf,
  userScope,
  type FakeConnection,
  type FakeSession,
} from "../test/fake-connector.ts";
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
