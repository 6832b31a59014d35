// What an idle connection keeps in memory. Each variant is measured in a process of its own: what one keeps is no
// other's.
import { runChild } from "./child.ts";
import type { Bench } from "./entrants.ts";
import { table } from "./table.ts";

/** Kibibytes of heap for each connection, by variant. */
export type HeapResult = Readonly<Record<string, number>>;

/** The name that connections have which were reduced to their records. */
export const parkedName = "@tenantry/client, parked";

/** Measures every entrant that has connections, and ours once they are parked. */
export async function measureHeap({ serving, entrants, quick }: Bench): Promise<HeapResult> {
  const listener = await serving.listen(0);
  const { href } = listener.url("both", { reply: "json", bytes: 200 });
  const count = quick ? 100 : 1_000;
  const connecting = entrants.filter(({ kind }) => !["floor", "fetch", "tenantry"].includes(kind));
  const result: Record<string, number> = {};
  for (const name of [...connecting.map((entrant) => entrant.name), parkedName]) {
    const args = [name, href, String(count)];
    result[name] = (await runChild<number>("heap-child.ts", args, { timeoutMs: 120_000 })) / 1_024;
  }
  await listener.close();
  console.log(heapTable(result, count));
  return result;
}

function heapTable(result: HeapResult, count: number): string {
  const rows = Object.entries(result).map(([name, kib]) => [name, kib.toFixed(2)]);
  return table([`idle, ${count} connections`, "KiB of heap each"], rows);
}
