// What an idle user keeps in memory, and what is left of one who is gone. Each era is measured in a process of its own.
import { runChild } from "../child.ts";
import { table } from "../table.ts";
import { eras } from "../variant.ts";
import type { PoolBench } from "./measure-pool.ts";

/** What so many users keep. */
export interface IdleHeap {
  /** Of the whole process, before the first of them and after the last of them, in bytes. */
  readonly startBytes: number;
  readonly leftBytes: number;
  /** How much more that is, in percent, and in bytes for each user. */
  readonly leftPercent: number;
  readonly leftPerUser: number;
  /** For each user with an open connection. */
  readonly openKiB: number;
  /** For each user whose connection is parked; `undefined` where the pool parks none. */
  readonly parkedKiB: number | undefined;
  /** How they went: each workspace was revoked, or the pool was closed because it revokes nothing. */
  readonly removedBy: "revoke" | "close";
  /** Sessions that the server has still open. */
  readonly sessions: number;
  /** Open sockets then and now: they are no user's, and each takes some KiB. */
  readonly socketsBefore: number;
  readonly socketsAfter: number;
}

/** By era. */
export type IdleHeapResult = Readonly<Record<string, IdleHeap>>;

/** Measures both eras. */
export async function measureIdleHeap({ quick }: PoolBench): Promise<IdleHeapResult> {
  const users = quick ? 1_000 : 10_000;
  const result: Record<string, IdleHeap> = {};
  for (const era of eras)
    result[era] = await runChild("pool/idle-heap-child.ts", [era, String(users)], { timeoutMs: 300_000 });
  console.log(idleHeapTable(result, users));
  return result;
}

function idleHeapTable(result: IdleHeapResult, users: number): string {
  const rows = Object.entries(result).map(([era, heap]) => [
    era,
    heap.openKiB.toFixed(2),
    heap.parkedKiB?.toFixed(2) ?? "never",
    mebibytes(heap.startBytes),
    mebibytes(heap.leftBytes),
    heap.leftPercent.toFixed(1),
    heap.leftPerUser.toFixed(0),
    heap.removedBy,
    String(heap.sessions),
    `${heap.socketsBefore}, ${heap.socketsAfter}`,
  ]);
  const heads = [
    "open KiB",
    "parked KiB",
    "MiB before",
    "MiB after",
    "% more",
    "bytes a user",
    "gone by",
    "sessions left",
    "sockets then, now",
  ];
  return table([`heap of each of ${users} users`, ...heads], rows);
}

const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(2);
