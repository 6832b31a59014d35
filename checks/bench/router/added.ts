// What a whole instance adds to a call: routing, policy, pins and the pool, beside the same call on a bare connection.
import type { Connection, Era } from "@tenantry/core";
import { bearer, createTenantry, fromContext } from "tenantry";
import { interleave, quantile, typical, type Rounds } from "../interleave.ts";
import { addedAt, timePair, type Pair } from "../paired.ts";
import { PoolHost } from "../pool/pool-host.ts";
import { contextOf } from "../pool/target.ts";
import { table } from "../table.ts";
import { call, eras, token } from "../variant.ts";
import type { RouterBench } from "./measure-router.ts";

/** One slot of one round, in microseconds. */
interface AddedSlot {
  readonly bare: number;
  readonly median: number;
  readonly p99: number;
}

/** By era. */
export type AddedResult = Rounds<AddedSlot>;

interface Case extends Pair {
  readonly name: Era;
}

/** Measures both eras, one call at a time, with a policy of ten rules and with every tool pinned. */
export async function measureAdded({ serving, rounds, quick }: RouterBench): Promise<AddedResult> {
  const listener = await serving.listen(0);
  const url = listener.url("both", { reply: "json", bytes: 200 });
  const hosts = await Promise.all(eras.map(async (era) => ({ era, ...(await hostOf(url, era)) })));
  const cases = hosts.map(({ era, bare, dressed }): Case => ({ name: era, concurrency: 1, bare, dressed }));
  for (const one of cases) await timePair(one, quick ? 200 : 8_000);
  const result = await interleave(cases, 2 * rounds, (one) => measureSlot(one, quick ? 128 : 2_048));
  for (const { close } of hosts) await close();
  await listener.close();
  console.log(addedTable(result));
  return result;
}

async function hostOf(url: URL, era: Era) {
  const tenantry = createTenantry({
    servers: { bench: { url, era, credential: bearer(fromContext("token")) } },
    ...guards,
  });
  const ada = tenantry.workspace("acme").as("ada", { token });
  const [tool] = (await ada.listTools()).tools;
  if (tool === undefined) throw new Error("There is no tool to call.");
  const host = new PoolHost({ url, era });
  const connection = await connectionOf(host);
  return {
    bare: () => connection.request("tools/call", call),
    dressed: () => ada.callTool(tool.name, call.arguments),
    close: async () => {
      await host.close();
      await tenantry.close();
    },
  };
}

async function connectionOf({ pool, targetOf }: PoolHost): Promise<Connection> {
  const lease = await pool.acquire(targetOf("ada"), { context: contextOf(token) });
  lease.release();
  return lease.connection;
}

async function measureSlot(one: Case, times: number): Promise<AddedSlot> {
  const slot = await timePair(one, times);
  return { bare: quantile(slot.bare, 0.5), median: addedAt(0.5, slot), p99: addedAt(0.99, slot) };
}

function addedTable(result: AddedResult): string {
  const rows = Object.entries(result).map(([era, slots]) => [
    era,
    typical(slots, ({ bare }) => bare).toFixed(1),
    typical(slots, ({ median }) => median).toFixed(1),
    typical(slots, ({ p99 }) => p99).toFixed(1),
  ]);
  return table(["a call through an instance", "bare p50 µs", "added p50 µs", "added p99 µs"], rows);
}

/** Ten rules that have to be looked at, and the tool as it was when it was first seen. */
const guards = {
  policy: {
    allow: [{ server: "bench" }],
    deny: Array.from({ length: 9 }, (_, at) => ({ tool: `delete_${at}_*`, user: "*" })),
  },
  approvals: "trust-on-first-use",
} as const;
