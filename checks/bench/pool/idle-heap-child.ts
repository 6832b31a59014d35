// Lets many users call once and go idle, then removes them, and tells its parent what that kept in memory.
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { manualClock, type ManualClock } from "@tenantry/testing";
import { heapUsed } from "../heap-used.ts";
import { startServing, type Listener } from "../serving.ts";
import type { eras } from "../variant.ts";
import { atOnce } from "./at-once.ts";
import type { IdleHeap } from "./idle-heap.ts";
import { PoolHost } from "./pool-host.ts";
import { growth } from "./trend.ts";

const [era = "legacy", count = "10000"] = process.argv.slice(2) as [(typeof eras)[number], string];
const idleTimeoutMs = 60_000;
const perWorkspace = 100;

process.send?.(await measure(Number(count)), () => process.exit());

async function measure(users: number): Promise<IdleHeap> {
  using serving = startServing();
  const listener = await serving.listen(0);
  const url = listener.url("both", { reply: "json", bytes: 200 });
  // Nobody is idle for long enough before all have called.
  const clock = manualClock();
  const limits = { maxConnections: 2 * users, maxParked: 2 * users, idleTimeoutMs };
  const host = new PoolHost({ url, era, clock, limits });
  // What is the host's own, so that only what the pool and the client make of it is counted.
  const guests = listUsers("guest", users / 10);
  const residents = listUsers("user", users);

  // Code is compiled and sockets are opened by others, of whom nothing may be left either.
  await callAll(host, guests);
  await goIdle(host, clock);
  await revokeAll(host, guests);
  await settled(listener);
  const startBytes = await heapUsed();
  const socketsBefore = host.sockets;

  await callAll(host, residents);
  const openBytes = await heapUsed();
  await goIdle(host, clock);
  const idleBytes = await heapUsed();
  if (host.parked !== undefined && host.parked !== users)
    throw new Error(`${host.parked} of ${users} are parked.`);

  const isRevoked = await revokeAll(host, residents);
  if (!isRevoked) await host.close();
  const sessions = await settled(listener);
  const leftBytes = await heapUsed();
  const socketsAfter = host.sockets;
  if (isRevoked) await host.close();
  const kibibytes = (bytes: number) => (bytes - startBytes) / 1_024 / users;
  return {
    startBytes,
    leftBytes,
    leftPercent: growth([startBytes, leftBytes]),
    leftPerUser: (leftBytes - startBytes) / users,
    openKiB: kibibytes(openBytes),
    parkedKiB: host.parked === undefined ? undefined : kibibytes(idleBytes),
    removedBy: isRevoked ? "revoke" : "close",
    sessions,
    socketsBefore,
    socketsAfter,
  };
}

interface User {
  readonly name: string;
  readonly workspace: string;
  readonly token: string;
}

function listUsers(name: string, count: number): readonly User[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `${name}-${at}`,
    workspace: `workspace-of-${name}-${Math.floor(at / perWorkspace)}`,
    token: randomBytes(20).toString("hex"),
  }));
}

async function callAll(host: PoolHost, users: readonly User[]): Promise<void> {
  await atOnce(64, users.length, async (at) => {
    const { name, token, workspace } = users[at] as User;
    await host.call(name, token, workspace);
  });
}

async function goIdle(host: PoolHost, clock: ManualClock): Promise<void> {
  // The last word of a handshake may still be under way when its first call has been answered.
  await setTimeout(500);
  await clock.advance(idleTimeoutMs);
  await until(() => Promise.resolve(host.pool.stats().connections === 0));
}

/** `false` where the pool cannot revoke. */
async function revokeAll(host: PoolHost, users: readonly User[]): Promise<boolean> {
  let isRevoked = true;
  for (const workspace of new Set(users.map((user) => user.workspace)))
    isRevoked = await host.revoke({ workspace });
  return isRevoked;
}

/** Waits until every session has ended, and gives how many have not. */
async function settled(listener: Listener): Promise<number> {
  const sessions = async () => (await listener.tally()).open.sessions;
  await until(async () => (await sessions()) === 0);
  return sessions();
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let time = 0; time < 300 && !(await isDone()); time++) await setTimeout(100);
}
