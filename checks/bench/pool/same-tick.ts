// What reaches the server when one user's first calls come all at the same moment, as from an agent that calls tools in
// parallel.
import { bearer, createTenantry, fromContext } from "tenantry";
import { table } from "../table.ts";
import { call, eras } from "../variant.ts";
import type { PoolBench } from "./measure-pool.ts";

/** How often each method reached the server, by era. */
export type SameTickResult = Readonly<Record<string, Readonly<Record<string, number>>>>;

const calls = 100;
/** Answers are late, so that no call can find what an earlier one has brought. */
const delayMs = 20;

/** Makes the first calls of one user in one tick, by the tool's name, in both eras. */
export async function measureSameTick({ serving }: PoolBench): Promise<SameTickResult> {
  const result: Record<string, Record<string, number>> = {};
  for (const era of eras) {
    const listener = await serving.listen(delayMs);
    const url = listener.url("both", { reply: "json", bytes: 200 });
    await using tenantry = createTenantry({
      servers: { bench: { url, era, credential: bearer(fromContext("token")) } },
    });
    const workspace = tenantry.workspace("acme");
    // Each call comes with a view of its own, as from requests of its own.
    const ask = () =>
      workspace.as("ada", { token: "token-of-ada" }).callTool(`bench__${call.name}`, call.arguments);
    await Promise.all(Array.from({ length: calls }, ask));
    const counts: Record<string, number> = { initialize: 0, "tools/list": 0 };
    for (const { method } of (await listener.tally()).posts) counts[method] = (counts[method] ?? 0) + 1;
    result[era] = counts;
    await tenantry.close();
    await listener.close();
  }
  console.log(sameTickTable(result));
  return result;
}

function sameTickTable(result: SameTickResult): string {
  const methods = [...new Set(Object.values(result).flatMap((counts) => Object.keys(counts)))];
  const rows = Object.entries(result).map(([era, counts]) => [
    era,
    ...methods.map((method) => String(counts[method] ?? 0)),
  ]);
  return table([`${calls} first calls of one user in one tick`, ...methods], rows);
}
